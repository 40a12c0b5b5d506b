#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "runtime/linux/child.hpp"

namespace mybuild::runtime {

/// PID 1 of a sandbox. Destroying the handle kills it, and the kernel with it every process of its
/// PID namespace, and reaps it.
class Process {
  public:
    explicit Process(Fd pidfd) : m_pidfd(std::move(pidfd)) {}
    Process(Process&&) noexcept = default;
    Process& operator=(Process&&) = delete;
    ~Process();

    [[nodiscard]] int pidfd() const { return m_pidfd.get(); }
    /// SIGKILL. Safe from another thread while wait() goes on; nothing happens after the end.
    void kill() const;
    /// Waits for the end and reaps.
    Result<ExitStatus> wait();

  private:
    Fd m_pidfd;
};

/// Clones a child into new namespaces that runs child_main(plan), and returns when it has executed
/// its program or ended: `plan.report` says which. The child shares memory with this process
/// (CLONE_VM) and this thread waits for it (CLONE_VFORK), so that no page table is copied, however
/// large the builder has grown; it runs on a stack of its own with all signals blocked.
Result<Process> spawn(ChildPlan& plan);

} // namespace mybuild::runtime
