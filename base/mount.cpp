#include "base/mount.hpp"

#include "base/fs.hpp"
#include "base/render.hpp"

#include <climits>
#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <thread>

namespace mybuild::mount {

namespace {

constexpr std::size_t overlay_max_lowers = 500; // OVL_MAX_STACK in fs/overlayfs/params.h

/// What the kernel wrote into a file system context's log, one note for each line (`e text`).
void add_log(Error& error, int context) {
    for (int count = 0; count < 8; ++count) {
        char line[512];
        const auto got = ::read(context, line, sizeof line);
        if (got <= 0) return;
        std::string_view text(line, static_cast<std::size_t>(got));
        while (!text.empty() && text.back() == '\n')
            text.remove_suffix(1);
        if (text.size() > 2 && text[1] == ' ') text.remove_prefix(2);
        error.notes.push_back(printable(text));
    }
}

/// An fsopen(2) context. The first error ends everything; errno of it is kept for the choice of
/// tier.
class Context {
  public:
    explicit Context(const char* type) : m_type(type) {
        m_fd.reset(::fsopen(type, FSOPEN_CLOEXEC));
        if (!m_fd) note(fmt::format("cannot open file system {}", type));
    }
    void set(unsigned command, const char* key, const void* value, int aux) {
        if (!m_error &&
            ::fsconfig(m_fd.get(), static_cast<fsconfig_command>(command), key, value, aux) != 0)
            note(fmt::format("cannot mount {}{}{}", m_type, key == nullptr ? "" : ": option ",
                             key == nullptr ? "" : key));
    }
    void string(const char* key, const std::string& value) {
        set(FSCONFIG_SET_STRING, key, value.c_str(), 0);
    }
    void flag(const char* key) { set(FSCONFIG_SET_FLAG, key, nullptr, 0); }
    void descriptor(const char* key, int fd) { set(FSCONFIG_SET_FD, key, nullptr, fd); }

    Result<Fd> mount(std::uint64_t attributes) {
        set(FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
        Fd mount;
        if (!m_error) {
            mount.reset(::fsmount(m_fd.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes)));
            if (!mount) note(fmt::format("cannot mount {}", m_type));
        }
        if (m_error) return fail(*m_error);
        return mount;
    }
    [[nodiscard]] int error_number() const { return m_errno; }

  private:
    void note(std::string_view what) {
        m_errno = errno;
        m_error = errno_error(what, m_errno);
        if (m_fd) add_log(*m_error, m_fd.get());
    }

    const char* m_type;
    Fd m_fd;
    std::optional<Error> m_error;
    int m_errno = 0;
};

/// An attempt and, where it failed, whether another tier may fare better.
struct Attempt {
    Result<Fd> mount;
    bool try_next = false;
};

/// Errors that a kernel gives for an interface it does not know: EINVAL for keys and kinds of
/// value, EBADF for O_PATH descriptors, ENOSYS for the calls.
bool means_unknown(int error) {
    return error == EINVAL || error == EBADF || error == ENOSYS || error == EOPNOTSUPP;
}

void common_options(Context& context, const OverlaySpec& spec) {
    context.string("index", "off");
    context.string("metacopy", "off");
    context.string("redirect_dir", "off");
    if (spec.is_volatile && spec.upper >= 0) context.flag("volatile");
    if (spec.userxattr) context.flag("userxattr");
}

Attempt overlay_by_context(const OverlaySpec& spec, OverlayTier tier) {
    Context context("overlay");
    const auto layer = [&](const char* key, int fd) {
        if (tier == OverlayTier::descriptors)
            context.descriptor(key, fd);
        else
            context.string(key, fmt::format("/proc/self/fd/{}", fd));
    };
    for (const int lower : spec.lowers)
        layer("lowerdir+", lower);
    if (spec.upper >= 0) {
        layer("upperdir", spec.upper);
        layer("workdir", spec.work);
    }
    common_options(context, spec);
    auto mount = context.mount(0);
    const bool unknown = !mount && means_unknown(context.error_number());
    return {std::move(mount), unknown};
}

Result<std::string> legacy_options(const OverlaySpec& spec) {
    std::string options = "index=off,metacopy=off,redirect_dir=off";
    if (spec.is_volatile && spec.upper >= 0) options += ",volatile";
    if (spec.userxattr) options += ",userxattr";
    if (spec.upper >= 0) options += fmt::format(",upperdir={},workdir={}", spec.upper, spec.work);
    options += ",lowerdir=";
    for (std::size_t i = 0; i < spec.lowers.size(); ++i)
        options += fmt::format("{}{}", i == 0 ? "" : ":", spec.lowers[i]);
    if (options.size() >= static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)))
        return fail(
            {ErrorCode::unsupported,
             fmt::format("too many layers for this kernel's overlayfs: {}", spec.lowers.size()),
             {},
             "Linux 6.8 and later take 500 layers"});
    return options;
}

/// A detached mount as a directory of this thread's mount namespace, which is gone soon.
Result<Fd> attach_here(int mount) {
    constexpr const char* place = "/sys";
    if (::move_mount(mount, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH) != 0)
        return fail(errno_error("cannot attach a layer", errno));
    return fs::open_at(AT_FDCWD, place, O_PATH | O_DIRECTORY);
}

/// The same directory by its path. overlayfs takes layers only from mounts of the caller's
/// namespace, and after unshare(2) every descriptor is of the namespace before.
Result<Fd> reopen(int fd) {
    std::string path(PATH_MAX, '\0');
    const auto name = fmt::format("/proc/self/fd/{}", fd);
    const auto size = ::readlink(name.c_str(), path.data(), path.size());
    if (size < 0) return fail(errno_error("cannot find a layer's path", errno));
    path.resize(static_cast<std::size_t>(size));
    auto again = fs::open_at(AT_FDCWD, path, O_PATH | O_DIRECTORY);
    struct stat before {};
    struct stat after {};
    const bool same = again && ::fstat(fd, &before) == 0 && ::fstat(again->get(), &after) == 0 &&
                      before.st_dev == after.st_dev && before.st_ino == after.st_ino;
    if (same) return again;
    // The path of a detached mount leads elsewhere, that of a directory that was moved, too.
    auto attached = attach_here(fd);
    if (attached) return attached;
    return fail(
        {ErrorCode::io, fmt::format("layer {} was moved while it was mounted", printable(path))});
}

/// `spec` with descriptors of this thread's mount namespace, kept in `owners`.
Result<OverlaySpec> reopen_all(OverlaySpec spec, std::vector<Fd>& owners) {
    const auto replace = [&](int& fd) -> Status {
        TRY_ASSIGN(auto again, reopen(fd));
        fd = again.get();
        owners.push_back(std::move(again));
        return {};
    };
    for (int& lower : spec.lowers)
        TRY(replace(lower));
    if (spec.upper >= 0) {
        TRY(replace(spec.upper));
        TRY(replace(spec.work));
    }
    return spec;
}

/// On a thread with a mount namespace and working directory of its own: mount(2) with names
/// relative to /proc/self/fd, which keeps 500 of them within the page that the options may have.
Result<Fd> legacy_mount_here(const OverlaySpec& borrowed) {
    const auto failed = [](const char* what) { return fail(errno_error(what, errno)); };
    if (::unshare(CLONE_NEWNS | CLONE_FS) != 0) return failed("cannot make a mount namespace");
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return failed("cannot make mounts private");
    std::vector<Fd> owners;
    TRY_ASSIGN(const auto spec, reopen_all(borrowed, owners));
    TRY_ASSIGN(const auto options, legacy_options(spec));
    if (::chdir("/proc/self/fd") != 0) return failed("cannot enter /proc/self/fd");
    if (::mount("overlay", "/proc", "overlay", 0, options.c_str()) != 0)
        return failed("cannot mount overlay");
    Fd mount(::open_tree(AT_FDCWD, "/proc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
    if (!mount) return failed("cannot detach the overlay mount");
    return mount;
}

Result<Fd> overlay_by_mount(const OverlaySpec& spec) {
    Result<Fd> mount;
    std::thread([&] { mount = legacy_mount_here(spec); }).join();
    return mount;
}

Attempt overlay_by(const OverlaySpec& spec, OverlayTier tier) {
    if (tier == OverlayTier::legacy) return {overlay_by_mount(spec), false};
    return overlay_by_context(spec, tier);
}

Result<Fd> overlay_by_best(const OverlaySpec& spec) {
    // What overlayfs itself has against the layers is EINVAL too: then the first tier's text tells
    // most, because it comes with the kernel's own explanation.
    std::optional<Error> first;
    for (const auto tier : {OverlayTier::descriptors, OverlayTier::paths, OverlayTier::legacy}) {
        auto attempt = overlay_by(spec, tier);
        if (attempt.mount || !attempt.try_next) {
            if (attempt.mount || !first) return std::move(attempt.mount);
            break;
        }
        if (!first || first->notes.empty()) first = std::move(attempt.mount).error();
    }
    return fail(*std::move(first));
}

/// A single lower without upper, which overlayfs refuses.
Result<Fd> clone_lower(int lower) {
    TRY_ASSIGN(auto mount, clone_tree(lower));
    TRY(set_readonly(mount.get(), Recursive::no));
    return mount;
}

} // namespace

Result<Fd> mount_overlay(const OverlaySpec& spec) {
    if (spec.lowers.empty())
        return fail({ErrorCode::internal, "an overlay needs at least one lower directory"});
    if (spec.lowers.size() > overlay_max_lowers)
        return fail({ErrorCode::unsupported,
                     fmt::format("an overlay of {} layers; overlayfs takes {} at most",
                                 spec.lowers.size(), overlay_max_lowers)});
    if (spec.lowers.size() == 1 && spec.upper < 0) return clone_lower(spec.lowers.front());
    if (spec.tier) return overlay_by(spec, *spec.tier).mount;
    return overlay_by_best(spec);
}

Result<Fd> clone_tree(int fd, Submounts submounts) {
    const unsigned recursive = submounts == Submounts::take ? AT_RECURSIVE : 0U;
    Fd mount(::open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | recursive));
    if (!mount) return fail(errno_error("cannot clone a mount", errno));
    // A clone of a shared mount is its peer: what is mounted below one would appear below the
    // other.
    struct mount_attr attributes {};
    attributes.propagation = MS_PRIVATE;
    if (::mount_setattr(mount.get(), "", AT_EMPTY_PATH | recursive, &attributes,
                        sizeof attributes) != 0)
        return fail(errno_error("cannot make a mount private", errno));
    return mount;
}

namespace {

/// On a thread with a mount namespace of its own: there the detached mount is attached, so that
/// kernels which clone none but attached ones do it.
Result<Fd> clone_attached(int mount, const std::string& path) {
    const auto failed = [](const char* what) { return fail(errno_error(what, errno)); };
    if (::unshare(CLONE_NEWNS | CLONE_FS) != 0) return failed("cannot make a mount namespace");
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return failed("cannot make mounts private");
    if (::move_mount(mount, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) != 0)
        return failed("cannot attach a mount");
    TRY_ASSIGN(const auto at, fs::open_in_root(mount, path, O_PATH | O_NOFOLLOW));
    return clone_tree(at.get());
}

} // namespace

Result<Fd> clone_path(int mount, const std::string& path) {
    TRY_ASSIGN(const auto at, fs::open_in_root(mount, path, O_PATH | O_NOFOLLOW));
    auto clone = clone_tree(at.get());
    if (clone) return clone;
    return clone_path_by_attaching(mount, path);
}

Result<Fd> clone_path_by_attaching(int mount, const std::string& path) {
    Result<Fd> clone;
    std::thread([&] { clone = clone_attached(mount, path); }).join();
    return clone;
}

Result<Fd> mount_new(const std::string& type, const std::vector<FsOption>& options,
                     std::uint64_t attributes) {
    Context context(type.c_str());
    for (const auto& option : options) {
        if (option.value)
            context.string(option.key.c_str(), *option.value);
        else
            context.flag(option.key.c_str());
    }
    return context.mount(attributes);
}

Result<Fd> mount_tmpfs(const TmpfsOptions& options) {
    std::vector<FsOption> list{{"mode", fmt::format("{:o}", options.mode)}};
    if (options.size) list.push_back({"size", std::to_string(*options.size)});
    if (options.in_memory_only) {
        auto unswapped = list;
        unswapped.push_back({"noswap", {}});
        auto mount = mount_new("tmpfs", unswapped, options.attributes);
        if (mount) return mount;
    }
    return mount_new("tmpfs", list, options.attributes);
}

Status attach(int mount, int target) {
    if (::move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
        return fail(errno_error("cannot attach a mount", errno));
    return {};
}

Status set_readonly(int mount, Recursive recursive) {
    struct mount_attr attributes {};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    const unsigned flags = AT_EMPTY_PATH | (recursive == Recursive::yes ? AT_RECURSIVE : 0U);
    if (::mount_setattr(mount, "", flags, &attributes, sizeof attributes) != 0)
        return fail(errno_error("cannot make a mount read-only", errno));
    return {};
}

} // namespace mybuild::mount
