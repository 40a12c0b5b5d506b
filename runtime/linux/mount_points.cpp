#include "runtime/linux/mount_points.hpp"

#include "base/fs.hpp"
#include "base/render.hpp"

#include <climits>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <fcntl.h>

namespace mybuild::runtime {

namespace {

constexpr int max_links = 40; // as the kernel's own limit, path_resolution(7)

void restore_mtime(int directory, const struct timespec& mtime) {
    const std::array<struct timespec, 2> times{{{0, UTIME_OMIT}, mtime}};
    ::utimensat(directory, ".", times.data(), 0);
}

Result<struct stat> stat_of(int fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return fail(errno_error("cannot stat", errno));
    return info;
}

Result<std::string> link_target(int link) {
    std::string target(PATH_MAX, '\0');
    const auto size = ::readlinkat(link, "", target.data(), target.size());
    if (size < 0) return fail(errno_error("cannot read link", errno));
    target.resize(static_cast<std::size_t>(size));
    return target;
}

} // namespace

/// Path resolution by hand, because openat2(2) makes neither missing directories nor the missing
/// target of a link.
class MountPoints::Walk {
  public:
    Walk(MountPoints& points, PointKind kind) : m_points(points), m_kind(kind) {}

    Result<MountPoint> run(const std::string& target) {
        push_components(target);
        TRY_ASSIGN(auto root, fs::open_at(m_points.m_root, ".", O_PATH | O_DIRECTORY));
        m_open.push_back(std::move(root));
        while (!m_pending.empty())
            TRY(step());
        TRY_ASSIGN(const auto info, stat_of(m_open.back().get()));
        if (m_names.empty())
            return fail({ErrorCode::invalid, "the root directory is no mount point"});
        if (S_ISDIR(info.st_mode) != (m_kind == PointKind::directory))
            return fail({ErrorCode::invalid, m_kind == PointKind::directory
                                                 ? "it is not a directory"
                                                 : "it is a directory, not a file"});
        MountPoint point{{}, m_created, info.st_mode & 07777U};
        for (const auto& name : m_names)
            point.path += "/" + name;
        return point;
    }

  private:
    void push_components(std::string_view path) {
        while (!path.empty()) {
            const auto slash = path.rfind('/');
            const auto name = slash == std::string_view::npos ? path : path.substr(slash + 1);
            if (!name.empty() && name != ".") m_pending.emplace_back(name);
            path = path.substr(0, slash == std::string_view::npos ? 0 : slash);
        }
    }

    Status step() {
        const auto name = std::move(m_pending.back());
        m_pending.pop_back();
        if (name == "..") {
            if (m_names.empty()) return {};
            m_names.pop_back();
            m_open.pop_back();
            return {};
        }
        Fd next(::openat(m_open.back().get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        if (!next && errno != ENOENT) return fail(errno_error("cannot open", errno));
        m_created = !next;
        if (!next) {
            const auto kind = m_pending.empty() ? m_kind : PointKind::directory;
            TRY_ASSIGN(next, m_points.create(m_open.back().get(), name, kind));
        }
        TRY_ASSIGN(const auto info, stat_of(next.get()));
        if (S_ISLNK(info.st_mode)) return follow(next.get());
        m_open.push_back(std::move(next));
        m_names.push_back(name);
        return {};
    }

    Status follow(int link) {
        if (++m_links > max_links) return fail(errno_error("cannot follow links", ELOOP));
        TRY_ASSIGN(const auto target, link_target(link));
        if (target.starts_with('/')) {
            m_names.clear();
            m_open.erase(m_open.begin() + 1, m_open.end());
        }
        push_components(target);
        return {};
    }

    MountPoints& m_points;
    PointKind m_kind;
    std::vector<std::string> m_pending; ///< names still to go, the next one last
    std::vector<Fd> m_open;             ///< the root and every directory down to here
    std::vector<std::string> m_names;   ///< of m_open without the root
    bool m_created = false;
    int m_links = 0;
};

Result<MountPoint> MountPoints::require(const std::string& target, PointKind kind) {
    auto point = Walk(*this, kind).run(target);
    if (!point)
        return fail(std::move(point).error().in(
            fmt::format("cannot use {} as a mount point", printable(target))));
    return point;
}

Result<Fd> MountPoints::create(int parent, const std::string& name, PointKind kind) {
    TRY_ASSIGN(const auto before, stat_of(parent));
    if (kind == PointKind::directory) {
        // Whatever the umask: the directory stays if the step puts something beside the mount.
        if (::mkdirat(parent, name.c_str(), 0755) != 0 ||
            ::fchmodat(parent, name.c_str(), 0755, 0) != 0)
            return fail(errno_error("cannot make a directory", errno));
    } else {
        TRY(fs::open_at(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644));
    }
    restore_mtime(parent, before.st_mtim);
    TRY_ASSIGN(auto made, fs::open_at(parent, name, O_PATH | O_NOFOLLOW));
    TRY_ASSIGN(const auto info, stat_of(made.get()));
    TRY_ASSIGN(auto kept, fs::open_at(parent, ".", O_PATH | O_DIRECTORY));
    m_stubs.push_back({std::move(kept), name, kind, info.st_ino});
    return made;
}

MountPoints::~MountPoints() {
    for (auto stub = m_stubs.rbegin(); stub != m_stubs.rend(); ++stub) {
        const int parent = stub->parent.get();
        const auto before = stat_of(parent);
        const auto info = fs::stat_at(parent, stub->name);
        if (!before || !info || info->st_ino != stub->inode) continue;
        const bool directory = stub->kind == PointKind::directory;
        if (!directory && info->st_size != 0) continue;
        if (::unlinkat(parent, stub->name.c_str(), directory ? AT_REMOVEDIR : 0) == 0)
            restore_mtime(parent, before->st_mtim);
    }
}

} // namespace mybuild::runtime
