#include "base/fs.hpp"
#include "base/mount.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace mybuild::mount {

namespace {

/// A process that exists to hold a user namespace until somebody else does.
class NamespaceHolder {
  public:
    NamespaceHolder() = default;
    NamespaceHolder(const NamespaceHolder&) = delete;
    NamespaceHolder& operator=(const NamespaceHolder&) = delete;
    ~NamespaceHolder() {
        if (!m_pidfd) return;
        ::syscall(SYS_pidfd_send_signal, m_pidfd.get(), SIGKILL, nullptr, 0);
        siginfo_t info{};
        while (::waitid(P_PIDFD, static_cast<id_t>(m_pidfd.get()), &info, WEXITED | __WALL) != 0 &&
               errno == EINTR) {
        }
    }

    Status start() {
        int pidfd = -1;
        struct clone_args args {};
        args.flags = CLONE_NEWUSER | CLONE_PIDFD;
        args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
        // No signal at its end, which no handler of this process is to see.
        const auto pid = ::syscall(SYS_clone3, &args, sizeof args);
        if (pid < 0) return fail(errno_error("cannot make a user namespace", errno));
        if (pid == 0) wait_for_death();
        m_pidfd.reset(pidfd);
        m_pid = static_cast<pid_t>(pid);
        return {};
    }
    [[nodiscard]] pid_t pid() const { return m_pid; }

  private:
    [[noreturn]] static void wait_for_death() {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        for (;;)
            ::syscall(SYS_ppoll, nullptr, 0, nullptr, nullptr, 0);
    }

    Fd m_pidfd;
    pid_t m_pid = -1;
};

Status write_map(pid_t pid, const char* which, std::uint32_t id) {
    TRY_ASSIGN(const auto file,
               fs::open_at(AT_FDCWD, fmt::format("/proc/{}/{}", pid, which), O_WRONLY));
    return fs::write_all(file.get(), fmt::format("{} 0 1\n", id));
}

} // namespace

Status show_as_root(int mount, std::uint32_t uid, std::uint32_t gid) {
    NamespaceHolder holder;
    TRY(holder.start());
    TRY(write_map(holder.pid(), "uid_map", uid));
    TRY(write_map(holder.pid(), "gid_map", gid));
    TRY_ASSIGN(const auto space,
               fs::open_at(AT_FDCWD, fmt::format("/proc/{}/ns/user", holder.pid()), O_RDONLY));
    struct mount_attr change {};
    change.attr_set = MOUNT_ATTR_IDMAP;
    change.userns_fd = static_cast<std::uint64_t>(space.get());
    if (::mount_setattr(mount, "", AT_EMPTY_PATH, &change, sizeof change) != 0)
        return fail(errno_error("cannot map the owners of a mount", errno));
    return {};
}

} // namespace mybuild::mount
