#include "runtime/linux/child.hpp"

#include "runtime/linux/caps.hpp"
#include "runtime/linux/network.hpp"
#include "runtime/linux/seccomp.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace mybuild::runtime {

namespace {

/// No handler of the parent may run here. All signals are blocked since before the clone.
int reset_signals() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
        // EINVAL: SIGKILL, SIGSTOP and the C library's own
        if (::sigaction(signal, &action, nullptr) != 0 && errno != EINVAL) return errno;
    }
    return 0;
}

int start_session(const ChildPlan& plan) {
    if (::setsid() < 0) return errno;
    // Without the filter keyctl(2) works, and the session keyring would be the builder's.
    if (plan.seccomp.empty()) ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
    return 0;
}

int set_streams(const ChildPlan& plan) {
    const int null = ::open("/dev/null", O_RDONLY);
    if (null < 0 || ::dup2(null, STDIN_FILENO) < 0) return errno;
    if (null > STDERR_FILENO) ::close(null);
    if (::dup2(plan.out, STDOUT_FILENO) < 0 || ::dup2(plan.err, STDERR_FILENO) < 0) return errno;
    // Lets a user who is not root open /dev/stdout.
    if (::fchown(STDOUT_FILENO, plan.uid, static_cast<gid_t>(-1)) != 0 ||
        ::fchown(STDERR_FILENO, plan.uid, static_cast<gid_t>(-1)) != 0)
        return errno;
    return 0;
}

/// chdir(2), making what is missing, owned by the step's user.
int enter_cwd(ChildPlan& plan) {
    char* const path = plan.cwd.data();
    if (::chdir(path) == 0) return 0;
    if (errno != ENOENT) return errno;
    for (char* slash = std::strchr(path + 1, '/');; slash = std::strchr(slash + 1, '/')) {
        if (slash != nullptr) *slash = '\0';
        const bool made = ::mkdir(path, 0755) == 0;
        const bool owned = made && ::chown(path, plan.uid, plan.gid) == 0;
        const int error = errno;
        if (slash != nullptr) *slash = '/';
        if (!owned && (made || error != EEXIST)) return error;
        if (slash == nullptr) break;
    }
    return ::chdir(path) == 0 ? 0 : errno;
}

/// While the capability to raise them is still there. Limits are the child's own, although its
/// memory is not.
int set_limits(std::span<const ResourceLimit> limits) {
    for (const auto& limit : limits) {
        const struct rlimit value { limit.soft, limit.hard };
        if (::setrlimit(static_cast<__rlimit_resource>(limit.resource), &value) != 0) return errno;
    }
    return 0;
}

/// Descriptors that the builder inherited from its own caller must not reach the step.
int close_others() {
    return ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0 ? 0 : errno;
}

/// The step dies with the builder. After the ids are set, because setting them clears it; a builder
/// that is dead already is seen through its pidfd.
int follow_parent(const ChildPlan& plan) {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return errno;
    struct pollfd parent {
        plan.parent, POLLIN, 0
    };
    if (::poll(&parent, 1, 0) != 0) return ECANCELED;
    return 0;
}

void unblock_signals() {
    const std::uint64_t none = 0;
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof none);
}

int mount_all(ChildPlan& plan) {
    ::umask(0);
    plan.report.mount = child_mount(*plan.mounts);
    ::umask(022);
    return plan.report.mount.error;
}

int run_stage(ChildPlan& plan, Stage stage) {
    switch (stage) {
    case Stage::signals:
        return reset_signals();
    case Stage::session:
        return start_session(plan);
    case Stage::network:
        return plan.new_network ? child_raise_loopback() : 0;
    case Stage::hostname:
        return ::sethostname(plan.hostname.data(), plan.hostname.size()) == 0 ? 0 : errno;
    case Stage::mounts:
        return mount_all(plan);
    case Stage::streams:
        return set_streams(plan);
    case Stage::cwd:
        return enter_cwd(plan);
    case Stage::limits:
        return set_limits(plan.limits);
    case Stage::bounding_set:
        return child_limit_bounding_set(plan.capabilities, plan.last_cap);
    case Stage::seccomp:
        if (plan.seccomp.empty()) return 0;
        return child_install_seccomp(plan.seccomp.data(), plan.seccomp.size());
    case Stage::capabilities:
        return child_set_capabilities(plan.capabilities);
    case Stage::ids:
        return child_set_ids(plan.uid, plan.gid, plan.groups.data(), plan.groups.size());
    case Stage::descriptors:
        return close_others();
    case Stage::parent_death:
        return follow_parent(plan);
    case Stage::exec:
        break;
    }
    unblock_signals();
    plan.report.exec =
        child_exec(plan.command->candidates(), plan.command->argv(), plan.command->envp());
    return plan.report.exec.error;
}

const char* describe(Stage stage) {
    switch (stage) {
    case Stage::signals:
        return "cannot reset signals";
    case Stage::session:
        return "cannot start a session";
    case Stage::network:
        return "cannot bring up the loopback device";
    case Stage::hostname:
        return "cannot set the host name";
    case Stage::mounts:
        return "cannot mount";
    case Stage::streams:
        return "cannot connect the standard streams";
    case Stage::cwd:
        return "cannot enter the working directory";
    case Stage::limits:
        return "cannot set the resource limits";
    case Stage::bounding_set:
        return "cannot limit the capability bounding set";
    case Stage::seccomp:
        return "cannot install the seccomp filter";
    case Stage::capabilities:
        return "cannot set the capabilities";
    case Stage::ids:
        return "cannot set user and group ids";
    case Stage::descriptors:
        return "cannot close descriptors (Linux 5.12 or later is needed)";
    case Stage::parent_death:
        return "cannot follow the builder's end";
    case Stage::exec:
        break;
    }
    return "cannot execute the command";
}

} // namespace

int child_main(void* argument) {
    auto& plan = *static_cast<ChildPlan*>(argument);
    for (auto stage = Stage::signals;; stage = static_cast<Stage>(static_cast<int>(stage) + 1)) {
        plan.report.stage = stage;
        plan.report.error = run_stage(plan, stage);
        if (plan.report.error != 0) return 1;
    }
}

Error child_error(const ChildPlan& plan, const std::string& command) {
    const auto& report = plan.report;
    if (report.stage == Stage::exec) return exec_error(command, report.exec);
    if (report.stage == Stage::mounts) return mount_error(*plan.mounts, report.mount);
    auto error = errno_error(describe(report.stage), report.error);
    if (report.stage == Stage::cwd) error.message += ": " + plan.cwd;
    return error;
}

} // namespace mybuild::runtime
