#pragma once

#include "base/fd.hpp"
#include "cache/store.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace mybuild {

/// Removes trees without keeping a build waiting: what is dropped is renamed into the process's
/// directory below work/ at once, and removed by a thread of low ambition. What is not removed by
/// the end of the process is left below work/ under a name of its own, where the next process to
/// work in the store finds it without an owner and removes it in its background.
class TreeTrash {
  public:
    explicit TreeTrash(Store& store) : m_store(store) {}
    TreeTrash(const TreeTrash&) = delete;
    TreeTrash& operator=(const TreeTrash&) = delete;
    ~TreeTrash();

    /// `path`: a directory or file, relative to the store's root. Not there: nothing happens.
    void remove(const std::string& path);
    /// The same at the end of the process: for trees that a running step may have as a lower layer.
    void remove_at_end(const std::string& path);
    /// Waits until everything given to remove() is gone. For tests.
    void wait();

  private:
    bool take(const std::string& path);
    Status open_bin();
    void run(const std::stop_token& stop);
    void empty(const std::string& name, const std::stop_token& stop);
    bool empty_directory(const std::string& name, std::deque<std::string>& directories,
                         const std::stop_token& stop) const;

    Store& m_store;
    std::mutex m_mutex;
    std::condition_variable_any m_changed;
    std::deque<std::string> m_names; ///< in the bin, to be removed
    std::vector<std::string> m_at_end;
    std::string m_bin_path; ///< relative to the store's root
    Fd m_bin;
    bool m_busy = false;
    std::jthread m_thread;
};

} // namespace mybuild
