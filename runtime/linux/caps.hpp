#pragma once

#include <cstdint>

/// Capabilities and user ids of a step. Functions named `child_` run between clone and exec: they
/// allocate nothing, make raw system calls and return 0 or an errno.
namespace mybuild::runtime {

/// Docker's default set, as /proc/PID/status shows it: chown, dac_override, fowner, fsetid, kill,
/// setgid, setuid, setpcap, net_bind_service, net_raw, sys_chroot, mknod, audit_write, setfcap.
inline constexpr std::uint64_t default_capabilities = 0xa80425fb;

/// The permitted set of the calling thread.
std::uint64_t permitted_capabilities();

/// Removes all but `keep` from the bounding set.
int child_limit_bounding_set(std::uint64_t keep, unsigned last_cap);

/// Permitted and effective become `keep`, inheritable and ambient empty. For another user than root
/// the kernel clears them when the user id is set, as Docker does it.
int child_set_capabilities(std::uint64_t keep);

/// By raw system calls: glibc's wrappers would change the ids of every thread of the parent, whose
/// memory the child shares.
int child_set_ids(std::uint32_t uid, std::uint32_t gid, const std::uint32_t* groups,
                  std::uint64_t group_count);

} // namespace mybuild::runtime
