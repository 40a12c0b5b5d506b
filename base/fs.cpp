#include "base/fs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/random.h>
#include <sys/syscall.h>

namespace mybuild::fs {

Result<Fd> open_at(int dir, const std::string& path, int flags, unsigned mode) {
    int fd = -1;
    do {
        fd = ::openat(dir, path.c_str(), flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) return fail(errno_error(fmt::format("cannot open {}", path), errno));
    return Fd(fd);
}

Result<Fd> open_in_root(int root, const std::string& path, int flags, unsigned mode) {
    struct open_how how {};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    // openat2 insists on mode 0 where no file can be made.
    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) how.mode = mode;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    long fd = -1;
    do { // EAGAIN: a rename raced with the resolution of `..` (openat2(2))
        fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
    } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
    if (fd < 0) return fail(errno_error(fmt::format("cannot open {}", path), errno));
    return Fd(static_cast<int>(fd));
}

Result<std::string> read_all(int fd, std::size_t limit) {
    std::string data;
    struct stat info {};
    if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0)
        data.reserve(std::min(limit, static_cast<std::size_t>(info.st_size)) + 1);
    constexpr std::size_t chunk = 65536;
    for (;;) {
        const auto size = data.size();
        data.resize(std::max(size + chunk, data.capacity()));
        const auto got = ::read(fd, data.data() + size, data.size() - size);
        if (got < 0 && errno != EINTR) return fail(errno_error("cannot read", errno));
        data.resize(size + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (data.size() > limit)
            return fail(
                {ErrorCode::invalid, fmt::format("longer than the limit of {} bytes", limit)});
        if (got == 0) return data;
    }
}

Result<std::string> read_file_at(int dir, const std::string& path, std::size_t limit) {
    TRY_ASSIGN(const auto fd, open_at(dir, path, O_RDONLY));
    auto data = read_all(fd.get(), limit);
    if (!data) return fail(std::move(data).error().in(path));
    return data;
}

bool is_directory(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

Status write_all(int fd, std::string_view data) {
    while (!data.empty()) {
        const auto put = ::write(fd, data.data(), data.size());
        if (put < 0 && errno != EINTR) return fail(errno_error("cannot write", errno));
        if (put > 0) data.remove_prefix(static_cast<std::size_t>(put));
    }
    return {};
}

Status write_file_atomic(int dir, const std::string& path, std::string_view data, unsigned mode) {
    const auto temporary = fmt::format("{}.tmp-{}", path, random_name(8));
    TRY_ASSIGN(const auto fd, open_at(dir, temporary, O_WRONLY | O_CREAT | O_EXCL, mode));
    auto done = write_all(fd.get(), data);
    if (done && ::fsync(fd.get()) != 0) done = fail(errno_error("cannot sync", errno));
    if (done && ::renameat(dir, temporary.c_str(), dir, path.c_str()) != 0)
        done = fail(errno_error("cannot rename", errno));
    if (!done) {
        ::unlinkat(dir, temporary.c_str(), 0);
        return fail(std::move(done).error().in(path));
    }
    return {};
}

Status make_dirs_at(int dir, const std::string& path, unsigned mode) {
    for (std::size_t at = 0; at != std::string::npos;) {
        at = path.find('/', at + 1);
        const auto part = path.substr(0, at);
        if (part.empty() || part == "/") continue;
        if (::mkdirat(dir, part.c_str(), mode) != 0 && errno != EEXIST)
            return fail(errno_error(fmt::format("cannot create directory {}", part), errno));
    }
    return {};
}

Result<std::vector<std::string>> list_dir(int dir) {
    const int fd = ::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* stream = fd < 0 ? nullptr : ::fdopendir(fd);
    if (stream == nullptr) {
        const int saved = errno;
        if (fd >= 0) ::close(fd);
        return fail(errno_error("cannot list directory", saved));
    }
    std::vector<std::string> names;
    errno = 0;
    while (const auto* entry = ::readdir(stream)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    const int saved = errno;
    ::closedir(stream);
    if (saved != 0) return fail(errno_error("cannot list directory", saved));
    std::sort(names.begin(), names.end());
    return names;
}

namespace {

Status remove_children(int dir) {
    TRY_ASSIGN(const auto names, list_dir(dir));
    for (const auto& name : names)
        TRY(remove_tree_at(dir, name));
    return {};
}

} // namespace

Status remove_tree_at(int dir, const std::string& name) {
    if (::unlinkat(dir, name.c_str(), 0) == 0 || errno == ENOENT) return {};
    if (errno != EISDIR && errno != EPERM)
        return fail(errno_error(fmt::format("cannot remove {}", name), errno));
    if (::unlinkat(dir, name.c_str(), AT_REMOVEDIR) == 0) return {};
    constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
    auto child = open_at(dir, name, flags);
    if (!child && ::fchmodat(dir, name.c_str(), 0700, 0) == 0) child = open_at(dir, name, flags);
    if (!child) return fail(std::move(child).error());
    if (auto cleared = remove_children(child->get()); !cleared) {
        // A directory of one's own can forbid its owner to remove from it.
        if (::fchmod(child->get(), 0700) != 0) return cleared;
        TRY(remove_children(child->get()));
    }
    if (::unlinkat(dir, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
        return fail(errno_error(fmt::format("cannot remove {}", name), errno));
    return {};
}

Result<struct stat> stat_at(int dir, const std::string& path) {
    struct stat info {};
    if (::fstatat(dir, path.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
        return fail(errno_error(fmt::format("cannot stat {}", path), errno));
    return info;
}

TempDir::TempDir(std::string path, Fd parent, Fd dir, std::string name)
    : m_path(std::move(path)), m_parent(std::move(parent)), m_dir(std::move(dir)),
      m_name(std::move(name)) {}

Result<TempDir> TempDir::create(const std::string& parent, std::string_view prefix) {
    TRY_ASSIGN(auto parent_fd, open_at(AT_FDCWD, parent, O_RDONLY | O_DIRECTORY));
    for (;;) {
        auto name = fmt::format("{}{}", prefix, random_name(8));
        if (::mkdirat(parent_fd.get(), name.c_str(), 0700) != 0) {
            if (errno == EEXIST) continue;
            return fail(errno_error(fmt::format("cannot create a directory in {}", parent), errno));
        }
        TRY_ASSIGN(auto dir, open_at(parent_fd.get(), name, O_RDONLY | O_DIRECTORY));
        auto path = fmt::format("{}/{}", parent, name);
        return TempDir(std::move(path), std::move(parent_fd), std::move(dir), std::move(name));
    }
}

TempDir& TempDir::operator=(TempDir&& other) noexcept {
    std::swap(m_path, other.m_path);
    std::swap(m_parent, other.m_parent);
    std::swap(m_dir, other.m_dir);
    std::swap(m_name, other.m_name);
    return *this;
}

TempDir::~TempDir() {
    // Nothing can be done about a failure here; what is left is swept as an unnamed temporary.
    if (m_parent) (void)remove_tree_at(m_parent.get(), m_name);
}

std::string random_name(std::size_t length) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz234567";
    std::string name(length, '\0');
    for (std::size_t done = 0; done < length;) {
        const auto got = ::getrandom(name.data() + done, length - done, 0);
        if (got > 0) done += static_cast<std::size_t>(got);
    }
    for (char& c : name)
        c = letters[static_cast<unsigned char>(c) % letters.size()];
    return name;
}

} // namespace mybuild::fs
