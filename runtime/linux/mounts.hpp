#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "runtime/linux/mount_points.hpp"
#include "runtime/linux/probe.hpp"
#include "runtime/sandbox.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace mybuild::runtime {

/// One mount of a sandbox, carried out between clone and exec.
struct MountStep {
    enum class Origin : std::uint8_t {
        ready,      ///< `fd` is a detached mount
        scratch,    ///< a clone of the entry `from` of the scratch file system
        path,       ///< a clone of path `from`, as the step sees it
        filesystem, ///< a new instance of type `from`: of kinds that belong to the new namespaces
    };
    enum class Make : std::uint8_t { nothing, directory, file };

    Origin origin = Origin::ready;
    int fd = -1; ///< owned by the MountPlan
    std::string from = {};
    std::string target;
    std::uint64_t attributes = 0; ///< MOUNT_ATTR_*
    bool optional = false;        ///< passed over where the target is missing
    /// How to make a target that is missing: one below another mount, where no stub can be made
    /// ahead.
    Make make = Make::nothing;
};

/// Everything to be mounted, prepared so far that the child only makes system calls.
struct MountPlan {
    Fd root; ///< detached, or on old kernels the caller's own detached mount
    /// A tmpfs that the step never sees as a whole: its directory `dev` becomes /dev, its directory
    /// `empty` masks directories, its files are mounted over single files.
    Fd scratch;
    bool make_devices = true; ///< mknod(2) works; otherwise `steps` bind the host's
    std::vector<MountStep> steps;
    std::vector<Fd> owned;
};

/// Lays out the mounts of `spec`; missing mount points are made by `points`.
Result<MountPlan> plan_mounts(const SandboxSpec& spec, const Host& host, MountPoints& points);

/// Where the child's mounting went wrong.
struct MountFailure {
    enum class At : std::uint8_t { none, privacy, scratch, root, pivot, devices, step, detach };
    At at = At::none;
    int error = 0;
    std::size_t step = 0;
};

/// Runs in the child, in a new mount namespace and without umask: makes the plan's root the root,
/// mounts everything, and lets go of the host's file systems.
MountFailure child_mount(const MountPlan& plan);

/// The failure in words.
Error mount_error(const MountPlan& plan, const MountFailure& failure);

} // namespace mybuild::runtime
