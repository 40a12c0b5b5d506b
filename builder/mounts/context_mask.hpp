#pragma once

#include "base/result.hpp"
#include "builder/mounts/mounted_tree.hpp"

#include <cstdint>

namespace mybuild {

/// What has to be laid over a directory of the machine so that it shows what the context has there.
struct ContextMask {
    /// The owner that most of the files have.
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    /// What of the tree cannot be shown as it is, with its parents: files of other owners, devices
    /// and sockets, what other file systems are mounted on; and whiteouts for what is ignored.
    /// Empty: nothing.
    MountedTree over;
};

/// Compares what the context has with what is in `directory`, of which `mounted` is (a file: its
/// parent directory). What the context does not have is not looked into.
Result<ContextMask> make_mask(int directory, const MountedTree& mounted);

} // namespace mybuild
