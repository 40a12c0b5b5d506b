#include "runtime/linux/clone.hpp"

#include <cerrno>
#include <csignal>
#include <sanitizer/asan_interface.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <utility>

namespace mybuild::runtime {

namespace {

constexpr std::size_t stack_size = 64U << 10U; // the child needs some 8 KiB
constexpr std::size_t guard_size = 64U << 10U; // at least a page everywhere

/// The child's stack, with a guard below.
class Stack {
  public:
    Stack() {
        void* const base = ::mmap(nullptr, guard_size + stack_size, PROT_NONE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
        if (base == MAP_FAILED) return;
        m_base = static_cast<std::byte*>(base);
        if (::mprotect(m_base + guard_size, stack_size, PROT_READ | PROT_WRITE) != 0) release();
    }
    ~Stack() { release(); }
    Stack(const Stack&) = delete;
    Stack& operator=(const Stack&) = delete;
    [[nodiscard]] void* top() const {
        return m_base == nullptr ? nullptr : m_base + guard_size + stack_size;
    }

  private:
    void release() {
        if (m_base == nullptr) return;
        // The child left by execve: AddressSanitizer still takes its frames for occupied, and would
        // report whatever is mapped here next.
        ASAN_UNPOISON_MEMORY_REGION(m_base + guard_size, stack_size);
        ::munmap(std::exchange(m_base, nullptr), guard_size + stack_size);
    }
    std::byte* m_base = nullptr;
};

/// Blocks every signal, those of the C library included, so that no handler runs in the child.
class BlockedSignals {
  public:
    BlockedSignals() {
        const std::uint64_t all = ~std::uint64_t{0};
        ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &m_before, sizeof all);
    }
    ~BlockedSignals() {
        ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &m_before, nullptr, sizeof m_before);
    }
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;

  private:
    std::uint64_t m_before = 0;
};

Error clone_error(int error_number) {
    auto error = errno_error("cannot make the namespaces of a RUN", error_number);
    if (error_number == EPERM)
        error.hint =
            "inside a container its seccomp profile forbids this: start it with --privileged, "
            "or run mybuild outside";
    if (error_number == ENOSPC) {
        error.code = ErrorCode::unsupported; // not of a disk: see clone(2)
        error.hint = "a limit in /proc/sys/user/max_*_namespaces is reached";
    }
    return error;
}

} // namespace

Process::~Process() {
    if (!m_pidfd) return;
    kill();
    static_cast<void>(wait());
}

void Process::kill() const {
    ::syscall(SYS_pidfd_send_signal, m_pidfd.get(), SIGKILL, nullptr, 0);
}

Result<ExitStatus> Process::wait() {
    siginfo_t info{};
    // __WALL: the child was cloned without a signal for its end, so that no SIGCHLD handler and no
    // wait of anyone else in this process meets it.
    while (::waitid(P_PIDFD, static_cast<id_t>(m_pidfd.get()), &info, WEXITED | __WALL) != 0) {
        if (errno != EINTR) return fail(errno_error("cannot wait for the command", errno));
    }
    m_pidfd.reset();
    if (info.si_code == CLD_EXITED) return ExitStatus{info.si_status, false, 0};
    return ExitStatus{128 + info.si_status, true, info.si_status};
}

Result<Process> spawn(ChildPlan& plan) {
    const Stack stack;
    if (stack.top() == nullptr) return fail(errno_error("cannot make a stack", errno));
    const int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_NEWNS | CLONE_NEWPID |
                      CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP |
                      (plan.new_network ? CLONE_NEWNET : 0);
    int pidfd = -1;
    const BlockedSignals blocked;
    const int pid = ::clone(child_main, stack.top(), flags, &plan, &pidfd);
    if (pid < 0) return fail(clone_error(errno));
    return Process(Fd(pidfd));
}

} // namespace mybuild::runtime
