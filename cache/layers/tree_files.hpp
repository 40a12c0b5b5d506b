#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "image/oci/layer_entry.hpp"

#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

/// One file of a layer's tree, by the descriptor of its directory and its name; links are never
/// followed. What a tree looks like on disk (docs/layers.md): overlayfs's lower layers, with owners
/// as they are, whiteouts as character devices 0/0, opaque directories marked by an xattr.
namespace mybuild::tree {

inline constexpr const char* opaque_xattr = "trusted.overlay.opaque";
inline constexpr std::string_view overlay_prefix = "trusted.overlay.";

/// All xattrs as they are on disk, sorted by name. A file system without any: none.
Result<std::vector<Xattr>> read_xattrs(int dir, const std::string& name);
Status set_xattr(int dir, const std::string& name, const Xattr& xattr);
/// The same; returns 0 or the errno, for callers that can live without some.
int try_set_xattr(int dir, const std::string& name, const Xattr& xattr);
Status remove_xattr(int dir, const std::string& name, const std::string& xattr);

/// Those of them that belong to the layer.
[[nodiscard]] std::vector<Xattr> layer_xattrs(std::vector<Xattr> xattrs);

Result<std::string> read_link(int dir, const std::string& name);
Status make_whiteout(int dir, const std::string& name);
Status set_mtime(int dir, const std::string& name, const struct timespec& mtime);

[[nodiscard]] bool is_whiteout(const struct stat& info);

/// What stat(2) says of a file as an entry; links, xattrs and digests are not in it. Sockets have
/// no entry: they are not to be given.
[[nodiscard]] LayerEntry entry_of(const struct stat& info, std::string path);

/// A regular file for reading; does not change its access time where that can be avoided.
Result<Fd> open_file(int dir, const std::string& name);
Result<Fd> open_dir(int dir, const std::string& name);
/// SHA-256 of a regular file's bytes.
Result<Digest> digest_of_file(int dir, const std::string& name);

/// Opens directories of a tree by their paths, never through a symbolic link, and remembers the
/// last one: entries in canonical order ask for the same one many times.
class Directories {
  public:
    /// `root` is borrowed.
    explicit Directories(int root) : m_root(root) {}
    /// Valid until the next call. No directory there: ErrorCode::io or not_found.
    Result<int> open(std::string_view path);
    /// Forgets what is open: call it before a directory is removed or replaced.
    void forget() { m_last.reset(); }

  private:
    int m_root;
    std::string m_path;
    Fd m_last;
};

} // namespace mybuild::tree
