#include "runtime/linux/mounts.hpp"

#include "base/fs.hpp"
#include "base/mount.hpp"
#include "base/render.hpp"
#include "runtime/linux/devices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <sys/mount.h>
#include <sys/stat.h>
#include <utility>

namespace mybuild::runtime {

namespace {

using Origin = MountStep::Origin;
using Make = MountStep::Make;

constexpr std::uint64_t no_suid = MOUNT_ATTR_NOSUID;
constexpr std::uint64_t inert = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
constexpr std::uint64_t default_shm_size = 64U << 20U; // Docker's --shm-size
constexpr std::uint64_t scratch_size = 64U << 20U;     // Docker's size of /dev

// Docker's MaskedPaths and ReadonlyPaths.
constexpr std::array masked_files{"/proc/interrupts",    "/proc/kcore",      "/proc/keys",
                                  "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
                                  "/proc/sched_debug"};
constexpr std::array masked_directories{"/proc/asound", "/proc/acpi", "/proc/scsi", "/sys/firmware",
                                        "/sys/devices/virtual/powercap"};
constexpr std::array readonly_paths{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                    "/proc/sysrq-trigger"};

bool lies_below(std::string_view path, std::string_view directory) {
    return path.size() > directory.size() && path.starts_with(directory) &&
           path[directory.size()] == '/';
}

/// Collects the plan; every step is appended in the order in which it is carried out.
class Planner {
  public:
    Planner(const SandboxSpec& spec, const Host& host, MountPoints& points)
        : m_spec(spec), m_host(host), m_points(points) {}

    Result<MountPlan> run() {
        TRY(make_scratch());
        TRY(take_root());
        TRY(add_system());
        if (!m_spec.insecure) hide();
        TRY(add_files());
        TRY(add_user_mounts());
        return std::move(m_plan);
    }

  private:
    Status make_scratch() {
        mount::TmpfsOptions options;
        options.size = scratch_size;
        options.attributes = no_suid;
        for (const auto& mount : m_spec.mounts) {
            const auto* file = std::get_if<FileMount>(&mount.what);
            if (file == nullptr) continue;
            *options.size += file->content.size();
            options.in_memory_only |= file->secret;
        }
        TRY_ASSIGN(m_plan.scratch, mount::mount_tmpfs(options));
        for (const char* name : {"dev", "empty"}) {
            if (::mkdirat(m_plan.scratch.get(), name, 0755) != 0 ||
                ::fchmodat(m_plan.scratch.get(), name, 0755, 0) != 0)
                return fail(errno_error("cannot prepare /dev", errno));
        }
        m_plan.make_devices = can_make_devices(m_plan.scratch.get());
        return {};
    }

    /// A clone, so that the caller's descriptor stays what it is. Before Linux 6.15 a detached
    /// mount cannot be cloned, so it is moved itself.
    Result<Fd> clone_or_same(int fd, mount::Submounts submounts) {
        auto clone = mount::clone_tree(fd, submounts);
        if (clone) return clone;
        Fd same(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
        if (!same) return clone;
        return same;
    }

    Status take_root() {
        TRY_ASSIGN(m_plan.root, clone_or_same(m_spec.root, mount::Submounts::leave));
        return {};
    }

    void add(MountStep step) { m_plan.steps.push_back(std::move(step)); }

    void add_ready(Fd mount, std::string target, Make make = Make::nothing) {
        add({Origin::ready, mount.get(), {}, std::move(target), 0, false, make});
        m_plan.owned.push_back(std::move(mount));
    }

    /// A target of the sandbox's own in the image. A link there would put the mount elsewhere.
    Status require_directory(const std::string& target) {
        TRY_ASSIGN(const auto point, m_points.require(target, PointKind::directory));
        if (point.path != target)
            return fail({ErrorCode::invalid,
                         fmt::format("{} is a symbolic link in the image; it must be a directory",
                                     target)});
        m_covered.push_back(target);
        return {};
    }

    Status add_system() {
        for (const char* target : {"/dev", "/proc", "/sys"})
            TRY(require_directory(target));
        const std::uint64_t lock = m_spec.insecure ? 0 : MOUNT_ATTR_RDONLY;
        add({Origin::scratch, -1, "dev", "/dev", no_suid});
        TRY(add_host_devices());
        TRY_ASSIGN(auto pts,
                   mount::mount_new(
                       "devpts",
                       {{"newinstance", {}}, {"ptmxmode", "0666"}, {"mode", "0620"}, {"gid", "5"}},
                       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC));
        add_ready(std::move(pts), "/dev/pts");
        TRY_ASSIGN(auto shm,
                   mount::mount_tmpfs({m_spec.shm_size.value_or(default_shm_size), 01777, inert}));
        add_ready(std::move(shm), "/dev/shm");
        add({Origin::filesystem, -1, "mqueue", "/dev/mqueue", inert});
        add({Origin::filesystem, -1, "proc", "/proc", inert});
        add({Origin::filesystem, -1, "sysfs", "/sys", inert | lock});
        if (m_host.has_cgroup2)
            add({Origin::filesystem, -1, "cgroup2", "/sys/fs/cgroup", inert | lock, true});
        return {};
    }

    Status add_host_devices() {
        if (m_plan.make_devices) return {};
        for (const auto& node : device_nodes) {
            TRY_ASSIGN(const auto device, fs::open_at(AT_FDCWD, node.path, O_PATH));
            TRY_ASSIGN(auto clone, mount::clone_tree(device.get()));
            add_ready(std::move(clone), node.path, Make::file);
        }
        return {};
    }

    void hide() {
        for (const char* path : masked_files)
            add({Origin::path, -1, "/dev/null", path, 0, true});
        for (const char* path : masked_directories)
            add({Origin::scratch, -1, "empty", path, MOUNT_ATTR_RDONLY, true});
        for (const char* path : readonly_paths)
            add({Origin::path, -1, path, path, MOUNT_ATTR_RDONLY, true});
    }

    /// Before the step's own mounts: one that covers /etc shows what it has, as in Docker.
    Status add_files() {
        const auto inject = [&](const std::string& target,
                                const std::optional<std::string>& content) -> Status {
            const bool replaced =
                std::any_of(m_spec.mounts.begin(), m_spec.mounts.end(),
                            [&](const auto& own) { return own.target == target; });
            if (!content || replaced) return {};
            return add_mount({target, FileMount{*content, 0644, 0, 0, true}});
        };
        TRY(inject("/etc/resolv.conf", m_spec.resolv_conf));
        return inject("/etc/hosts", m_spec.hosts);
    }

    Status add_user_mounts() {
        std::vector<const SandboxMount*> sorted;
        sorted.reserve(m_spec.mounts.size());
        for (const auto& mount : m_spec.mounts)
            sorted.push_back(&mount);
        std::stable_sort(sorted.begin(), sorted.end(), [](const auto* one, const auto* other) {
            return one->target < other->target;
        });
        for (const auto* mount : sorted) {
            TRY(add_mount(*mount));
        }
        return {};
    }

    struct Target {
        std::string path;
        Make make = Make::nothing;
        std::optional<std::uint32_t> mode; ///< of what is covered, where it was there
    };

    [[nodiscard]] bool is_covered(const std::string& path) const {
        return std::any_of(m_covered.begin(), m_covered.end(), [&](const auto& outer) {
            return path == outer || lies_below(path, outer);
        });
    }

    /// Below another mount nothing can be made or looked up before that is mounted: the child does
    /// it.
    Result<Target> find_target(const std::string& target, PointKind kind) {
        if (!target.starts_with('/'))
            return fail({ErrorCode::invalid, "the target must be an absolute path"});
        Target found{target, Make::nothing, {}};
        if (!is_covered(target)) {
            TRY_ASSIGN(auto point, m_points.require(target, kind));
            found.path = std::move(point.path);
            if (!point.created) found.mode = point.mode;
        }
        if (is_covered(found.path))
            found.make = kind == PointKind::directory ? Make::directory : Make::file;
        if (kind == PointKind::directory) m_covered.push_back(found.path);
        return found;
    }

    Status add_mount(const SandboxMount& mount) {
        const auto target = fmt::format("cannot mount on {}", printable(mount.target));
        // runc refuses it too; nothing in a step works without it.
        if (mount.target == "/proc")
            return fail(Error{ErrorCode::invalid, "a step needs its own /proc"}.in(target));
        auto added =
            std::visit([&](const auto& what) { return add_one(mount.target, what); }, mount.what);
        if (!added) return fail(std::move(added).error().in(target));
        return {};
    }

    Status add_one(const std::string& target, const BindMount& bind) {
        struct stat info {};
        if (::fstat(bind.fd, &info) != 0) return fail(errno_error("cannot stat the source", errno));
        const auto kind = S_ISDIR(info.st_mode) ? PointKind::directory : PointKind::file;
        TRY_ASSIGN(auto clone, clone_or_same(bind.fd, mount::Submounts::take));
        if (bind.readonly) TRY(mount::set_readonly(clone.get(), mount::Recursive::yes));
        TRY_ASSIGN(auto found, find_target(target, kind));
        add_ready(std::move(clone), std::move(found.path), found.make);
        return {};
    }

    Status add_one(const std::string& target, const TmpfsMount& tmpfs) {
        TRY_ASSIGN(auto found, find_target(target, PointKind::directory));
        const auto mode = tmpfs.mode ? *tmpfs.mode : found.mode.value_or(01777);
        TRY_ASSIGN(auto made,
                   mount::mount_tmpfs(
                       {tmpfs.size, mode, no_suid | (tmpfs.readonly ? MOUNT_ATTR_RDONLY : 0)}));
        add_ready(std::move(made), std::move(found.path), found.make);
        return {};
    }

    Status add_one(const std::string& target, const FileMount& file) {
        const auto name = fmt::format("file{}", m_files++);
        {
            TRY_ASSIGN(const auto fd,
                       fs::open_at(m_plan.scratch.get(), name, O_WRONLY | O_CREAT | O_EXCL, 0600));
            TRY(fs::write_all(fd.get(), file.content));
            if (::fchown(fd.get(), file.uid, file.gid) != 0 ||
                ::fchmod(fd.get(), file.mode & 07777U) != 0)
                return fail(errno_error("cannot set the file's owner and mode", errno));
        }
        TRY_ASSIGN(auto found, find_target(target, PointKind::file));
        const std::uint64_t attributes = file.readonly ? no_suid | MOUNT_ATTR_RDONLY : no_suid;
        add({Origin::scratch, -1, name, std::move(found.path), attributes, false, found.make});
        return {};
    }

    const SandboxSpec& m_spec;
    const Host& m_host;
    MountPoints& m_points;
    MountPlan m_plan;
    std::vector<std::string> m_covered; ///< directories that are mounted over
    int m_files = 0;
};

} // namespace

Result<MountPlan> plan_mounts(const SandboxSpec& spec, const Host& host, MountPoints& points) {
    return Planner(spec, host, points).run();
}

Error mount_error(const MountPlan& plan, const MountFailure& failure) {
    const auto say = [&](std::string_view what) { return errno_error(what, failure.error); };
    switch (failure.at) {
    case MountFailure::At::privacy:
        return say("cannot make the sandbox's mounts private");
    case MountFailure::At::scratch:
        return say("cannot attach the sandbox's scratch file system");
    case MountFailure::At::root:
        return say("cannot attach the root file system");
    case MountFailure::At::pivot:
        return say("cannot change to the root file system")
            .with_hint(
                "where / is an initramfs, pivot_root(2) does not work: run mybuild on a real "
                "root file system");
    case MountFailure::At::devices:
        return say("cannot fill /dev");
    case MountFailure::At::detach:
        return say("cannot let go of the host's file systems");
    case MountFailure::At::step:
    case MountFailure::At::none:
        break;
    }
    const auto& step = plan.steps.at(failure.step);
    auto error = say(fmt::format("cannot mount on {}", printable(step.target)));
    if (failure.error == EROFS && step.make != Make::nothing)
        error.hint = "it is missing in what is mounted around it, which is read-only";
    return error;
}

} // namespace mybuild::runtime
