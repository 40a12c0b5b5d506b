#include "cache/layers/work_space.hpp"

#include "base/fs.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <utility>

namespace mybuild {

Result<WorkSpace> WorkSpace::create(Store& store, TreeTrash& trash) {
    TRY_ASSIGN(const auto scratch, store.scratch_dir());
    const auto name = fs::random_name(8);
    if (::mkdirat(scratch.fd, name.c_str(), 0700) != 0)
        return fail(errno_error("cannot create a directory in the store's work/", errno));
    TRY_ASSIGN(auto dir, fs::open_at(scratch.fd, name, O_RDONLY | O_DIRECTORY));
    return WorkSpace(store, trash, fmt::format("{}/{}", scratch.path, name), std::move(dir));
}

WorkSpace::WorkSpace(WorkSpace&& other) noexcept
    : m_store(other.m_store), m_trash(std::exchange(other.m_trash, nullptr)),
      m_path(std::move(other.m_path)), m_dir(std::move(other.m_dir)) {}

WorkSpace::~WorkSpace() {
    if (m_trash == nullptr) return;
    // Often nothing is left: then there is no need for anybody's thread.
    if (::unlinkat(m_store->root_fd(), m_path.c_str(), AT_REMOVEDIR) != 0) m_trash->remove(m_path);
}

Result<Fd> WorkSpace::make_root(const std::string& name) {
    if (::mkdirat(m_dir.get(), name.c_str(), 0755) != 0)
        return fail(errno_error("cannot create a directory in the store's work/", errno));
    TRY_ASSIGN(auto dir, fs::open_at(m_dir.get(), name, O_RDONLY | O_DIRECTORY));
    if (::fchmod(dir.get(), 0755) != 0) return fail(errno_error("cannot set a mode", errno));
    return dir;
}

Status WorkSpace::move_out(const std::string& name, const std::string& path) {
    if (::renameat(m_dir.get(), name.c_str(), m_store->root_fd(), path.c_str()) != 0)
        return fail(errno_error(fmt::format("cannot rename to {} in the store", path), errno));
    return {};
}

} // namespace mybuild
