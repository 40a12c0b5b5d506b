#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Mounts as descriptors (fsopen(2), fsmount(2), open_tree(2)): a *detached* mount is in no mount
/// namespace, is usable at once as a directory for *at() calls, and goes away with its last
/// descriptor unless it was attached somewhere. Everything here needs CAP_SYS_ADMIN in the user
/// namespace that owns the caller's mount namespace.
namespace mybuild::mount {

/// How the kernel is told an overlay's layers.
enum class OverlayTier : std::uint8_t {
    descriptors, ///< FSCONFIG_SET_FD: Linux 6.13 and later
    paths,       ///< one `lowerdir+` string for each layer: Linux 6.8 and later
    legacy,      ///< mount(2) with one option string of at most a page
};

struct OverlaySpec {
    std::vector<int> lowers;  ///< directory descriptors, top first; borrowed; at least one
    int upper = -1;           ///< directory descriptor; -1 makes a read-only overlay
    int work = -1;            ///< an empty directory on upper's file system; with upper only
    bool is_volatile = false; ///< skip all syncs (the upper is not trusted after a crash)
    bool userxattr = false;   ///< `user.overlay.` instead of `trusted.overlay.`: user namespaces
    /// Only this way of mounting, for tests; otherwise the best that works, found by trying once.
    std::optional<OverlayTier> tier = {};
};

/// A detached overlay with index=off, metacopy=off, redirect_dir=off, so that the upper directory
/// means the same on every machine. One lower and no upper gives a read-only clone of that
/// directory, as overlayfs itself wants two. More than 500 lowers are ErrorCode::unsupported.
Result<Fd> mount_overlay(const OverlaySpec& spec);

/// What of a tree clone_tree() takes.
enum class Submounts : std::uint8_t { leave, take };

/// A detached, private bind of the directory or file behind `fd` (which may be O_PATH). It must be
/// of a mount in the caller's mount namespace; from Linux 6.15 on a detached one will do too.
Result<Fd> clone_tree(int fd, Submounts submounts = Submounts::leave);

/// A detached, private bind of what stands at `path` below the root of the detached mount `mount`:
/// a clean path without links. Before Linux 6.15 `mount` itself cannot be attached or cloned
/// afterwards.
Result<Fd> clone_path(int mount, const std::string& path);
/// The way that older kernels take; for tests.
Result<Fd> clone_path_by_attaching(int mount, const std::string& path);

/// A key and value for fsconfig(2); a key without a value is a flag.
struct FsOption {
    std::string key;
    std::optional<std::string> value;
};

/// A new detached instance of file system `type` with mount attributes `attributes` (MOUNT_ATTR_*).
Result<Fd> mount_new(const std::string& type, const std::vector<FsOption>& options,
                     std::uint64_t attributes);

struct TmpfsOptions {
    std::optional<std::uint64_t> size = {}; ///< bytes; the kernel's default is half of memory
    std::uint32_t mode = 0755;              ///< of the root directory
    std::uint64_t attributes = 0;           ///< MOUNT_ATTR_*
    bool in_memory_only = false;            ///< never swapped out, where the kernel can (Linux 6.4)
};
Result<Fd> mount_tmpfs(const TmpfsOptions& options);

/// Attaches a detached mount over the directory (or file) behind `target`.
Status attach(int mount, int target);

/// Lets files of this owner and group look as root's through `mount`, which must be a fresh clone;
/// those of others look as nobody's. Needs a file system that knows identity mappings (Linux 5.12
/// and later; not network file systems, nor overlayfs).
Status show_as_root(int mount, std::uint32_t uid, std::uint32_t gid);

enum class Recursive : std::uint8_t { no, yes };

/// Makes a mount (with Recursive::yes the mounts below it too) read-only.
Status set_readonly(int mount, Recursive recursive);

} // namespace mybuild::mount
