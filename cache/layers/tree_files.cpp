#include "cache/layers/tree_files.hpp"

#include "base/fs.hpp"
#include "base/render.hpp"
#include "image/byte_stream_io.hpp"
#include "image/layer_tar.hpp"

#include <climits>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

namespace mybuild::tree {
namespace {

/// A path by which the calls that have no variant for directory descriptors reach `name`. The last
/// component is not followed by their `l` forms.
std::string proc_path(int dir, const std::string& name) {
    return fmt::format("/proc/self/fd/{}/{}", dir, name);
}

tl::unexpected<Error> failed(std::string_view what, const std::string& name) {
    const int error = errno; // formatting may change it
    return fail(errno_error(fmt::format("cannot {} {}", what, printable(name)), error));
}

EntryType type_of(const struct stat& info) {
    switch (info.st_mode & S_IFMT) {
    case S_IFDIR:
        return EntryType::directory;
    case S_IFLNK:
        return EntryType::symlink;
    case S_IFIFO:
        return EntryType::fifo;
    case S_IFBLK:
        return EntryType::block_device;
    case S_IFCHR:
        return is_whiteout(info) ? EntryType::whiteout : EntryType::char_device;
    default:
        return EntryType::file;
    }
}

/// The NUL-terminated names of a file's xattrs. Most files have none: that takes one call.
Result<std::string> xattr_names(const std::string& path, const std::string& name) {
    std::string names(512, '\0');
    for (;;) {
        const auto size = ::llistxattr(path.c_str(), names.data(), names.size());
        if (size >= 0) {
            names.resize(static_cast<std::size_t>(size));
            return names;
        }
        if (errno == ENOTSUP) return std::string();
        if (errno != ERANGE) return failed("list xattrs of", name);
        names.resize(names.size() < XATTR_LIST_MAX ? XATTR_LIST_MAX : 2 * names.size());
    }
}

} // namespace

Result<std::vector<Xattr>> read_xattrs(int dir, const std::string& name) {
    const auto path = proc_path(dir, name);
    TRY_ASSIGN(const auto names, xattr_names(path, name));
    std::vector<Xattr> xattrs;
    for (std::size_t at = 0; at < names.size(); at = names.find('\0', at) + 1) {
        Xattr xattr{names.c_str() + at, std::string(256, '\0')};
        auto size = ::lgetxattr(path.c_str(), xattr.name.c_str(), xattr.value.data(), 256);
        if (size < 0 && errno == ERANGE) {
            xattr.value.resize(XATTR_SIZE_MAX);
            size =
                ::lgetxattr(path.c_str(), xattr.name.c_str(), xattr.value.data(), XATTR_SIZE_MAX);
        }
        if (size < 0 && errno == ENODATA) continue; // a name that only the listing shows
        if (size < 0) return failed("read xattrs of", name);
        xattr.value.resize(static_cast<std::size_t>(size));
        xattrs.push_back(std::move(xattr));
    }
    std::ranges::sort(xattrs);
    return xattrs;
}

int try_set_xattr(int dir, const std::string& name, const Xattr& xattr) {
    const auto path = proc_path(dir, name);
    return ::lsetxattr(path.c_str(), xattr.name.c_str(), xattr.value.data(), xattr.value.size(),
                       0) == 0
               ? 0
               : errno;
}

Status set_xattr(int dir, const std::string& name, const Xattr& xattr) {
    errno = try_set_xattr(dir, name, xattr);
    if (errno != 0) return failed("set xattr of", name);
    return {};
}

Status remove_xattr(int dir, const std::string& name, const std::string& xattr) {
    if (::lremovexattr(proc_path(dir, name).c_str(), xattr.c_str()) != 0 && errno != ENODATA)
        return failed("remove xattr of", name);
    return {};
}

std::vector<Xattr> layer_xattrs(std::vector<Xattr> xattrs) {
    std::erase_if(xattrs, [](const Xattr& xattr) { return !is_layer_xattr(xattr.name); });
    return xattrs;
}

Result<std::string> read_link(int dir, const std::string& name) {
    std::string target(PATH_MAX, '\0');
    const auto size = ::readlinkat(dir, name.c_str(), target.data(), target.size());
    if (size < 0) return failed("read link", name);
    target.resize(static_cast<std::size_t>(size));
    return target;
}

Status make_whiteout(int dir, const std::string& name) {
    if (::mknodat(dir, name.c_str(), S_IFCHR, 0) != 0) return failed("make whiteout", name);
    return {};
}

Status set_mtime(int dir, const std::string& name, const struct timespec& mtime) {
    const struct timespec times[2] = {{0, UTIME_OMIT}, mtime};
    if (::utimensat(dir, name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
        return failed("set time of", name);
    return {};
}

bool is_whiteout(const struct stat& info) {
    return S_ISCHR(info.st_mode) && info.st_rdev == 0;
}

LayerEntry entry_of(const struct stat& info, std::string path) {
    LayerEntry entry;
    entry.path = std::move(path);
    entry.type = type_of(info);
    if (entry.type == EntryType::whiteout) return entry;
    entry.mode = info.st_mode & 07777U;
    entry.uid = info.st_uid;
    entry.gid = info.st_gid;
    entry.mtime = info.st_mtim.tv_sec;
    if (entry.type == EntryType::file) entry.size = static_cast<std::uint64_t>(info.st_size);
    if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) {
        entry.device_major = major(info.st_rdev);
        entry.device_minor = minor(info.st_rdev);
    }
    return entry;
}

Result<Fd> open_file(int dir, const std::string& name) {
    // O_NONBLOCK: should something else than a file stand there by now, do not wait for it.
    constexpr int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
    auto file = fs::open_at(dir, name, flags | O_NOATIME);
    if (!file && file.error().code == ErrorCode::denied) return fs::open_at(dir, name, flags);
    return file;
}

Result<Fd> open_dir(int dir, const std::string& name) {
    return fs::open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

Result<Digest> digest_of_file(int dir, const std::string& name) {
    TRY_ASSIGN(auto file, open_file(dir, name));
    FdSource bytes(std::move(file), name);
    HashingSource hashing(bytes);
    TRY(hashing.drain());
    return hashing.finish();
}

Result<int> Directories::open(std::string_view path) {
    if (path.empty()) return m_root;
    if (m_last && path == m_path) return m_last.get();
    m_last.reset();
    m_path = path;
    struct open_how how {};
    how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
    long fd = -1;
    do {
        fd = ::syscall(SYS_openat2, m_root, m_path.c_str(), &how, sizeof how);
    } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
    if (fd < 0) return failed("open directory", m_path);
    m_last.reset(static_cast<int>(fd));
    return m_last.get();
}

} // namespace mybuild::tree
