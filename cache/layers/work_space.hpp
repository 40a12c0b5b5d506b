#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "cache/layers/tree_trash.hpp"

#include <string>

namespace mybuild {

/// A directory of its own below the process's work directory; what is left in it goes to the trash.
class WorkSpace {
  public:
    static Result<WorkSpace> create(Store& store, TreeTrash& trash);
    WorkSpace(WorkSpace&& other) noexcept;
    WorkSpace& operator=(WorkSpace&&) = delete;
    ~WorkSpace();

    [[nodiscard]] int fd() const { return m_dir.get(); }
    /// A new directory in it, 0755 whatever the umask, owned by root: what the root of a tree is.
    Result<Fd> make_root(const std::string& name);
    /// Moves `name` from here to `path`, relative to the store's root.
    Status move_out(const std::string& name, const std::string& path);

  private:
    WorkSpace(Store& store, TreeTrash& trash, std::string path, Fd dir)
        : m_store(&store), m_trash(&trash), m_path(std::move(path)), m_dir(std::move(dir)) {}

    Store* m_store;
    TreeTrash* m_trash; // nullptr: moved from
    std::string m_path; // relative to the store's root
    Fd m_dir;
};

} // namespace mybuild
