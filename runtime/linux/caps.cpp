#include "runtime/linux/caps.hpp"

#include <cerrno>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace mybuild::runtime {

namespace {

constexpr std::uint64_t bit(unsigned cap) {
    return std::uint64_t{1} << cap;
}

static_assert(default_capabilities ==
              (bit(CAP_CHOWN) | bit(CAP_DAC_OVERRIDE) | bit(CAP_FOWNER) | bit(CAP_FSETID) |
               bit(CAP_KILL) | bit(CAP_SETGID) | bit(CAP_SETUID) | bit(CAP_SETPCAP) |
               bit(CAP_NET_BIND_SERVICE) | bit(CAP_NET_RAW) | bit(CAP_SYS_CHROOT) | bit(CAP_MKNOD) |
               bit(CAP_AUDIT_WRITE) | bit(CAP_SETFCAP)));

} // namespace

std::uint64_t permitted_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    if (::syscall(SYS_capget, &header, data) != 0) return 0;
    return std::uint64_t{data[1].permitted} << 32U | data[0].permitted;
}

int child_limit_bounding_set(std::uint64_t keep, unsigned last_cap) {
    for (unsigned cap = 0; cap <= last_cap; ++cap) {
        if ((keep & bit(cap)) == 0 && ::prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0) return errno;
    }
    return 0;
}

int child_set_capabilities(std::uint64_t keep) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    data[0].permitted = data[0].effective = static_cast<std::uint32_t>(keep);
    data[1].permitted = data[1].effective = static_cast<std::uint32_t>(keep >> 32U);
    return ::syscall(SYS_capset, &header, data) == 0 ? 0 : errno;
}

int child_set_ids(std::uint32_t uid, std::uint32_t gid, const std::uint32_t* groups,
                  std::uint64_t group_count) {
    if (::syscall(SYS_setgroups, group_count, groups) != 0) return errno;
    if (::syscall(SYS_setresgid, gid, gid, gid) != 0) return errno;
    if (::syscall(SYS_setresuid, uid, uid, uid) != 0) return errno;
    return 0;
}

} // namespace mybuild::runtime
