#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <cstdint>

namespace mybuild::runtime {

/// What this process may do on this host, found by asking the kernel once.
struct Host {
    std::uint64_t permitted_caps = 0; ///< bit n: capability n
    unsigned last_cap = 0;            ///< the highest capability the kernel knows
    bool has_cgroup2 = false;         ///< /sys/fs/cgroup is the unified hierarchy
    Fd self;                          ///< pidfd of this process, not below 3
};

/// ErrorCode::denied with a hint where namespaces cannot be made (no CAP_SYS_ADMIN).
Result<Host> probe_host();

/// Whether device nodes can be made and opened on a tmpfs of ours: not in a user namespace, nor
/// where a device cgroup forbids mknod(2). Tried on the detached tmpfs `scratch`, which it leaves
/// as it was.
bool can_make_devices(int scratch);

} // namespace mybuild::runtime
