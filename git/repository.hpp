#pragma once

#include "git/library.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace mybuild::git {

/// A commit; `id` is that of the commit itself where a tag was asked for.
struct Commit {
    std::string id;
    std::string tree;
    std::int64_t time = 0; ///< seconds since 1970: when it was committed
};

/// One name in a tree object.
struct TreeEntry {
    enum class Type : std::uint8_t { file, executable, symlink, directory, submodule };
    Type type = Type::file;
    std::string name;
    std::string id;
};

/// A bare repository on this machine. What is in it came from elsewhere and is not trusted: names
/// are checked, nothing is ever checked out, no hook, filter or attribute has any effect. Used by
/// one thread at a time. Ids are 40 hex digits.
class Repository {
  public:
    /// Opens the repository at an absolute path, without writing to it. Errors:
    /// ErrorCode::not_found where there is none, or one that was never finished.
    static Result<Repository> open(const std::string& path);
    /// Makes an empty one at an absolute path where nothing is. One caller at a time: libgit2 locks
    /// files in it, and leaves the locks when it is killed.
    static Status make(const std::string& path);
    Repository(Repository&&) noexcept = default;
    Repository& operator=(Repository&&) noexcept = default;

    [[nodiscard]] bool has(const std::string& id) const;
    /// Errors: ErrorCode::not_found; ErrorCode::invalid for what is neither commit nor tag of one.
    [[nodiscard]] Result<Commit> commit(const std::string& id) const;
    /// In git's order. Errors: ErrorCode::corrupt for names that no checkout may have (`..`,
    /// `.git`, empty ones) and for unknown modes.
    [[nodiscard]] Result<std::vector<TreeEntry>> tree(const std::string& id) const;
    /// Bytes of a file, or the target of a symbolic link.
    [[nodiscard]] Result<std::string> blob(const std::string& id) const;
    [[nodiscard]] Result<std::uint64_t> blob_size(const std::string& id) const;

    /// Writes what is needed for a working copy of one commit, and nothing of its history, into the
    /// directory `path`: a `.git` directory of its own with HEAD at the commit, and `ref` (a full
    /// name; may be empty) for what was asked for. `remote` is what it calls origin.
    Status write_git_dir(const std::string& id, const std::string& ref, const std::string& remote,
                         const std::string& path) const;

    [[nodiscard]] const Library& library() const { return *m_library; }
    [[nodiscard]] git_repository* handle() const { return m_repository.get(); }

  private:
    using Handle = std::unique_ptr<git_repository, decltype(&::git_repository_free)>;
    Repository(const Library& library, Handle repository, std::string path)
        : m_library(&library), m_repository(std::move(repository)), m_path(std::move(path)) {}
    [[nodiscard]] Error damaged() const;

    const Library* m_library;
    Handle m_repository;
    std::string m_path;
};

} // namespace mybuild::git
