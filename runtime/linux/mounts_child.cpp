#include "runtime/linux/devices.hpp"
#include "runtime/linux/mounts.hpp"

#include <climits>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/// The half of mounts.hpp that runs between clone and exec: system calls only, no allocation.
namespace mybuild::runtime {

namespace {

using Origin = MountStep::Origin;
using Make = MountStep::Make;

int new_filesystem(const char* type, std::uint64_t attributes) {
    const int context = ::fsopen(type, FSOPEN_CLOEXEC);
    if (context < 0) return -1;
    int mount = -1;
    if (::fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0)
        mount = ::fsmount(context, FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes));
    const int error = errno;
    ::close(context);
    errno = error;
    return mount;
}

int clone_with(int directory, const char* path, std::uint64_t attributes) {
    const int mount = ::open_tree(directory, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (mount < 0 || attributes == 0) return mount;
    struct mount_attr change {};
    change.attr_set = attributes;
    if (::mount_setattr(mount, "", AT_EMPTY_PATH, &change, sizeof change) == 0) return mount;
    const int error = errno;
    ::close(mount);
    errno = error;
    return -1;
}

int obtain(const MountPlan& plan, const MountStep& step) {
    switch (step.origin) {
    case Origin::ready:
        return step.fd;
    case Origin::scratch:
        return clone_with(plan.scratch.get(), step.from.c_str(), step.attributes);
    case Origin::path:
        return clone_with(AT_FDCWD, step.from.c_str(), step.attributes);
    case Origin::filesystem:
        return new_filesystem(step.from.c_str(), step.attributes);
    }
    return -1;
}

bool make_point(const char* path, Make make) {
    if (make == Make::directory) return ::mkdir(path, 0755) == 0 || errno == EEXIST;
    const int fd = ::open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return errno == EISDIR || errno == EEXIST;
    ::close(fd);
    return true;
}

/// Makes a missing target with its parents. A target that is there, also as another kind, is left
/// to move_mount(2) to judge.
bool make_target(const std::string& target, Make make) {
    if (::access(target.c_str(), F_OK) == 0) return true;
    char path[PATH_MAX];
    if (target.size() >= sizeof path) {
        errno = ENAMETOOLONG;
        return false;
    }
    std::memcpy(path, target.c_str(), target.size() + 1);
    for (char* slash = std::strchr(path + 1, '/'); slash != nullptr;
         slash = std::strchr(slash + 1, '/')) {
        *slash = '\0';
        const bool made = make_point(path, Make::directory);
        *slash = '/';
        if (!made) return false;
    }
    return make_point(path, make);
}

int carry_out(const MountPlan& plan, const MountStep& step) {
    if (step.optional && ::access(step.target.c_str(), F_OK) != 0) return 0;
    if (step.make != Make::nothing && !make_target(step.target, step.make)) return errno;
    const int mount = obtain(plan, step);
    if (mount < 0) return errno;
    const int error = ::move_mount(mount, "", AT_FDCWD, step.target.c_str(),
                                   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) == 0
                          ? 0
                          : errno;
    if (step.origin != Origin::ready) ::close(mount);
    return error;
}

int attach_at(int mount, const char* target) {
    return ::move_mount(mount, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) == 0 ? 0 : errno;
}

} // namespace

MountFailure child_mount(const MountPlan& plan) {
    using At = MountFailure::At;
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return {At::privacy, errno};
    // Somewhere in the host's tree, of which this is a private copy: the scratch file system is
    // cloned from there and goes away with that tree. Not on `/`, where it would cover what
    // umount2(2) below is to take off.
    if (const int error = attach_at(plan.scratch.get(), "/proc")) return {At::scratch, error};
    if (const int error = attach_at(plan.root.get(), "/")) return {At::root, error};
    if (::fchdir(plan.root.get()) != 0) return {At::root, errno};
    if (::syscall(SYS_pivot_root, ".", ".") != 0) return {At::pivot, errno};

    bool devices_made = false;
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
        if (const int error = carry_out(plan, plan.steps[i])) return {At::step, error, i};
        if (devices_made) continue;
        devices_made = true; // the first step mounts /dev
        if (const int error = child_make_devices(plan.make_devices)) return {At::devices, error};
    }
    // pivot_root(".", ".") has put the old root on top of the new one (its manual page).
    if (::umount2(".", MNT_DETACH) != 0 || ::chdir("/") != 0) return {At::detach, errno};
    return {};
}

} // namespace mybuild::runtime
