#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

/// File-system calls relative to directory descriptors. Names are NUL-terminated C strings or
/// std::string; errors name the path as given.
namespace mybuild::fs {

/// openat(2), always with O_CLOEXEC. `dir` may be AT_FDCWD.
Result<Fd> open_at(int dir, const std::string& path, int flags, unsigned mode = 0666);

/// openat2(2) with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS: `path` is resolved as if `root` were
/// `/`, symbolic links and `..` included. The only way into a tree that is not trusted.
Result<Fd> open_in_root(int root, const std::string& path, int flags, unsigned mode = 0666);

/// All bytes from the descriptor's current offset to its end; more than `limit` is
/// ErrorCode::invalid.
Result<std::string> read_all(int fd, std::size_t limit = SIZE_MAX);
Result<std::string> read_file_at(int dir, const std::string& path, std::size_t limit = SIZE_MAX);

/// Writes every byte, going on after short writes and EINTR.
Status write_all(int fd, std::string_view data);

/// Replaces `dir/path` by `data` so that no reader and no crash ever sees a part of it: temporary
/// file beside it, fsync, rename.
Status write_file_atomic(int dir, const std::string& path, std::string_view data,
                         unsigned mode = 0644);

Status make_dirs_at(int dir, const std::string& path, unsigned mode = 0755);

/// Names in the directory, without `.` and `..`, sorted bytewise.
Result<std::vector<std::string>> list_dir(int dir);

/// Removes `dir/name` and all below it, never following a symbolic link; not there is success.
/// Makes directories that forbid it writable first, where the caller owns them.
Status remove_tree_at(int dir, const std::string& name);

/// Whether a path is that of a directory, links followed.
bool is_directory(const std::string& path);
Result<struct stat> stat_at(int dir, const std::string& path); ///< does not follow the last link

/// A directory of its own name below `parent`, removed with its content on destruction.
class TempDir {
  public:
    /// `parent` is a path; the name is `prefix` and random letters.
    static Result<TempDir> create(const std::string& parent, std::string_view prefix);
    TempDir(TempDir&& other) noexcept = default;
    TempDir& operator=(TempDir&& other) noexcept;
    ~TempDir();
    [[nodiscard]] int fd() const { return m_dir.get(); }
    [[nodiscard]] const std::string& path() const { return m_path; }

  private:
    TempDir(std::string path, Fd parent, Fd dir, std::string name);
    std::string m_path;
    Fd m_parent;
    Fd m_dir;
    std::string m_name;
};

/// Random lower-case letters and digits for temporary names.
std::string random_name(std::size_t length);

} // namespace mybuild::fs
