#include "cache/work_dir.hpp"

#include "base/fs.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>

namespace mybuild {
namespace {

constexpr std::size_t name_length = 8;

/// A leftover, locked so that no other process sweeps it too.
struct Leftover {
    std::string name;
    Fd dir;
};

bool try_lock(const Fd& dir) {
    return ::flock(dir.get(), LOCK_EX | LOCK_NB) == 0;
}

bool is_named(const Fd& dir, int parent, const std::string& name) {
    struct stat by_fd {};
    const auto by_name = fs::stat_at(parent, name);
    return ::fstat(dir.get(), &by_fd) == 0 && by_name && by_name->st_ino == by_fd.st_ino &&
           by_name->st_dev == by_fd.st_dev;
}

/// Directories below `work` whose process is gone.
std::vector<Leftover> leftovers(int work) {
    std::vector<Leftover> found;
    const auto names = fs::list_dir(work);
    if (!names) return found;
    for (const auto& name : *names) {
        auto dir = fs::open_at(work, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (dir && try_lock(*dir)) found.push_back({name, std::move(*dir)});
    }
    return found;
}

/// What cannot be removed (files of another user namespace) stays for a process that can. Something
/// is removed even if it is to stop at once, lest short builds leave everything to each other.
void remove_all(const Fd& work, const std::vector<Leftover>& found, const std::stop_token& stop) {
    bool first = true;
    for (const auto& leftover : found) {
        const auto names = fs::list_dir(leftover.dir.get());
        for (const auto& name : names.value_or(std::vector<std::string>())) {
            if (!std::exchange(first, false) && stop.stop_requested()) return;
            (void)fs::remove_tree_at(leftover.dir.get(), name);
        }
        ::unlinkat(work.get(), leftover.name.c_str(), AT_REMOVEDIR);
    }
}

} // namespace

WorkDir::~WorkDir() {
    if (!m_dir) return;
    (void)fs::remove_tree_at(m_root, m_path);
}

Result<Store::ScratchDir> WorkDir::get() {
    const std::lock_guard lock(m_mutex);
    if (!m_dir) TRY(make());
    return Store::ScratchDir{m_dir.get(), m_path};
}

Status WorkDir::make() {
    TRY_ASSIGN(auto work, fs::open_at(m_root, "work", O_RDONLY | O_DIRECTORY));
    auto found = leftovers(work.get());
    for (;;) {
        const auto name = fs::random_name(name_length);
        if (::mkdirat(work.get(), name.c_str(), 0700) != 0) {
            if (errno == EEXIST) continue;
            return fail(errno_error("cannot create a directory in the store's work/", errno));
        }
        // Until it is locked, another process may take it for a leftover: then it is gone.
        auto dir = fs::open_at(work.get(), name, O_RDONLY | O_DIRECTORY);
        if (!dir && dir.error().code == ErrorCode::not_found) continue;
        if (!dir) return fail(std::move(dir).error());
        if (!try_lock(*dir) || !is_named(*dir, work.get(), name)) continue;
        m_dir = std::move(*dir);
        m_path = "work/" + name;
        break;
    }
    if (!found.empty()) {
        m_sweeper =
            std::jthread([work = std::move(work), found = std::move(found)](
                             const std::stop_token& stop) { remove_all(work, found, stop); });
    }
    return {};
}

} // namespace mybuild
