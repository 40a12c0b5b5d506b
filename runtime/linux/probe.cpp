#include "runtime/linux/probe.hpp"

#include "runtime/linux/caps.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

namespace mybuild::runtime {

namespace {

Error no_privilege() {
    return Error{
        ErrorCode::denied,
        "RUN needs the privilege to make namespaces and mounts (CAP_SYS_ADMIN), which this "
        "process does not have",
        {},
        ::geteuid() == 0
            ? "this looks like a restricted container: start it with --privileged, or run "
              "mybuild outside"
            : "run mybuild as root, for example with sudo"};
}

unsigned find_last_cap() {
    unsigned cap = 0;
    while (cap < 63 && ::prctl(PR_CAPBSET_READ, cap + 1, 0, 0, 0) >= 0)
        ++cap;
    return cap;
}

Result<Fd> open_self() {
    const Fd low(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
    Fd self(low ? ::fcntl(low.get(), F_DUPFD_CLOEXEC, 3) : -1);
    if (!self)
        return fail(errno_error("cannot open a pidfd (Linux 5.12 or later is needed)", errno));
    return self;
}

} // namespace

Result<Host> probe_host() {
    Host host;
    host.permitted_caps = permitted_capabilities();
    if ((host.permitted_caps & (std::uint64_t{1} << CAP_SYS_ADMIN)) == 0)
        return fail(no_privilege());
    host.last_cap = find_last_cap();
    struct statfs info {};
    host.has_cgroup2 = ::statfs("/sys/fs/cgroup", &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC;
    TRY_ASSIGN(host.self, open_self());
    return host;
}

bool can_make_devices(int scratch) {
    constexpr const char* name = "probe";
    if (::mknodat(scratch, name, S_IFCHR | 0600, ::makedev(1, 3)) != 0) return false;
    const Fd opened(::openat(scratch, name, O_RDONLY | O_CLOEXEC));
    ::unlinkat(scratch, name, 0);
    return static_cast<bool>(opened);
}

} // namespace mybuild::runtime
