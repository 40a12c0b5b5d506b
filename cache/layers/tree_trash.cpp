#include "cache/layers/tree_trash.hpp"

#include "base/fs.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <utility>

namespace mybuild {

TreeTrash::~TreeTrash() {
    for (const auto& path : m_at_end)
        take(path);
    if (m_thread.joinable()) {
        m_thread.request_stop();
        m_thread.join();
    }
    if (!m_bin) return;
    if (::unlinkat(m_store.root_fd(), m_bin_path.c_str(), AT_REMOVEDIR) == 0) return;
    // Out of the directory that is removed when the store is closed: that would be waited for.
    const auto name = fmt::format("work/{}", fs::random_name(8));
    ::renameat(m_store.root_fd(), m_bin_path.c_str(), m_store.root_fd(), name.c_str());
}

Status TreeTrash::open_bin() {
    if (m_bin) return {};
    TRY_ASSIGN(const auto scratch, m_store.scratch_dir());
    TRY(fs::make_dirs_at(scratch.fd, "trash", 0700));
    TRY_ASSIGN(m_bin, fs::open_at(scratch.fd, "trash", O_RDONLY | O_DIRECTORY));
    m_bin_path = scratch.path + "/trash";
    return {};
}

/// Moves it into the bin. What cannot be moved stays where it is, unnamed by any record.
bool TreeTrash::take(const std::string& path) {
    const std::lock_guard lock(m_mutex);
    if (!open_bin()) return false;
    auto name = fs::random_name(12);
    if (::renameat(m_store.root_fd(), path.c_str(), m_bin.get(), name.c_str()) != 0) return false;
    m_names.push_back(std::move(name));
    return true;
}

void TreeTrash::remove(const std::string& path) {
    if (!take(path)) return;
    const std::lock_guard lock(m_mutex);
    if (!m_thread.joinable())
        m_thread = std::jthread([this](const std::stop_token& stop) { run(stop); });
    m_changed.notify_all();
}

void TreeTrash::remove_at_end(const std::string& path) {
    const std::lock_guard lock(m_mutex);
    m_at_end.push_back(path);
}

void TreeTrash::wait() {
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, [&] { return m_names.empty() && !m_busy; });
}

void TreeTrash::run(const std::stop_token& stop) {
    std::unique_lock lock(m_mutex);
    for (;;) {
        m_changed.wait(lock, stop, [&] { return !m_names.empty(); });
        if (stop.stop_requested()) return;
        const auto name = std::move(m_names.front());
        m_names.pop_front();
        m_busy = true;
        lock.unlock();
        empty(name, stop);
        lock.lock();
        m_busy = false;
        m_changed.notify_all();
    }
}

/// Removes a tree of any depth with two open descriptors: a directory's sub-directories are moved
/// up into the bin before it is removed. Can stop between any two files.
void TreeTrash::empty(const std::string& name, const std::stop_token& stop) {
    std::deque<std::string> directories = {name};
    while (!directories.empty()) {
        const auto directory = std::move(directories.front());
        directories.pop_front();
        if (::unlinkat(m_bin.get(), directory.c_str(), 0) == 0) continue; // it was a file
        if (!empty_directory(directory, directories, stop)) return;
        ::unlinkat(m_bin.get(), directory.c_str(), AT_REMOVEDIR);
    }
}

bool TreeTrash::empty_directory(const std::string& name, std::deque<std::string>& directories,
                                const std::stop_token& stop) const {
    const auto dir = fs::open_at(m_bin.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!dir) return true;
    const auto children = fs::list_dir(dir->get());
    if (!children) return true;
    for (const auto& child : *children) {
        if (stop.stop_requested()) return false;
        if (::unlinkat(dir->get(), child.c_str(), 0) == 0) continue;
        if (::unlinkat(dir->get(), child.c_str(), AT_REMOVEDIR) == 0) continue;
        auto moved = fs::random_name(12);
        if (::renameat(dir->get(), child.c_str(), m_bin.get(), moved.c_str()) == 0)
            directories.push_back(std::move(moved));
    }
    return true;
}

} // namespace mybuild
