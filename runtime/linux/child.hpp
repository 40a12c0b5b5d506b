#pragma once

#include "runtime/linux/command.hpp"
#include "runtime/linux/mounts.hpp"

#include <cstdint>
#include <linux/filter.h>
#include <span>
#include <string>
#include <vector>

/// What happens between clone and exec. The child shares its parent's memory (CLONE_VM), so it
/// allocates nothing, takes no lock and writes only to its own stack, to the ChildReport and to the
/// buffers of the ChildPlan.
namespace mybuild::runtime {

enum class Stage : std::uint8_t {
    signals,
    session,
    network,
    hostname,
    mounts,
    streams,
    cwd,
    limits,
    bounding_set,
    seccomp,
    capabilities,
    ids,
    descriptors,
    parent_death,
    exec,
};

/// How far the child came. The parent reads it when the child has executed its program or ended; a
/// pipe would say the same later and dearer.
struct ChildReport {
    Stage stage = Stage::signals;
    int error = 0; ///< errno of the stage; 0: it succeeded or is under way
    MountFailure mount = {};
    ExecFailure exec = {};
};

struct ChildPlan {
    const MountPlan* mounts = nullptr;
    const Command* command = nullptr;
    std::string hostname;
    std::string cwd; ///< absolute; the child writes into it while it makes directories
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::vector<std::uint32_t> groups;
    std::span<const ResourceLimit> limits;
    bool new_network = false;
    std::uint64_t capabilities = 0;
    unsigned last_cap = 0;
    std::span<const sock_filter> seccomp; ///< empty: no filter
    int out = -1;                         ///< write end for standard output, not below 3
    int err = -1;
    int parent = -1; ///< pidfd of the builder
    ChildReport report;
};

/// The child's main function; `plan` is a ChildPlan. Returns only where something failed.
int child_main(void* plan);

/// What the report says went wrong; only for a report of a failure.
Error child_error(const ChildPlan& plan, const std::string& command);

} // namespace mybuild::runtime
