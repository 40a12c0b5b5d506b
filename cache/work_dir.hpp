#pragma once

#include "base/fd.hpp"
#include "cache/store.hpp"

#include <mutex>
#include <string>
#include <thread>

namespace mybuild {

/// This process's directory below the store's `work/`, made when it is first asked for. A flock on
/// the directory itself says that its process lives; a directory that can be locked is left over
/// and is removed, in the background. Locks are no pids: stores are shared between PID namespaces.
/// Thread-safe.
class WorkDir {
  public:
    /// `root`: descriptor of the store's directory, borrowed.
    explicit WorkDir(int root) : m_root(root) {}
    WorkDir(const WorkDir&) = delete;
    WorkDir& operator=(const WorkDir&) = delete;
    /// Removes the directory with everything in it.
    ~WorkDir();

    Result<Store::ScratchDir> get();

  private:
    Status make();

    int m_root;
    std::mutex m_mutex;
    Fd m_dir;
    std::string m_path; ///< `work/NAME`
    std::jthread m_sweeper;
};

} // namespace mybuild
