#include "cache/layers/tree_writer.hpp"

#include "base/fs.hpp"
#include "base/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

namespace mybuild {
namespace {

constexpr std::size_t buffer_size = 256 * 1024;
constexpr std::size_t hole_size = 64 * 1024; // smaller holes save less than they cost

tl::unexpected<Error> failed(std::string_view what, const std::string& path) {
    const int error = errno; // formatting may change it
    return fail(errno_error(fmt::format("cannot {} {}", what, printable(path)), error));
}

bool is_zero(std::span<const std::byte> bytes) {
    // Compares the block with itself shifted by one: all bytes equal the first, which is zero.
    return !bytes.empty() && bytes[0] == std::byte{0} &&
           std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

struct timespec whole_seconds(std::int64_t seconds) {
    return {static_cast<time_t>(seconds), 0};
}

unsigned kind_of(EntryType type) {
    if (type == EntryType::fifo) return S_IFIFO;
    return type == EntryType::block_device ? S_IFBLK : S_IFCHR;
}

/// Whether an xattr that could not be set is no loss worth failing for: what a file system cannot
/// keep, and user xattrs on what cannot have them (xattr(7)).
bool may_ignore(int error, const LayerEntry& entry, const Xattr& xattr) {
    if (error == ENOTSUP) return true;
    return error == EPERM && xattr.name.starts_with("user.") && entry.type != EntryType::file &&
           entry.type != EntryType::directory;
}

} // namespace

TreeWriter::TreeWriter(int root) : m_directories(root), m_buffer(buffer_size) {}

Result<TreeWriter::Place> TreeWriter::place(const std::string& path) {
    TRY_ASSIGN(const int dir, m_directories.open(parent_path(path)));
    return Place{dir, std::string(base_name(path))};
}

Status TreeWriter::make_directory(const std::string& path) {
    TRY_ASSIGN(const auto at, place(path));
    if (::mkdirat(at.dir, at.name.c_str(), 0700) != 0) return failed("create directory", path);
    return {};
}

Status TreeWriter::set_directory(const LayerEntry& directory) {
    TRY_ASSIGN(const auto at, place(directory.path));
    TRY(set_attributes(at, directory));
    if (directory.opaque) TRY(tree::set_xattr(at.dir, at.name, {tree::opaque_xattr, "y"}));
    return {};
}

/// Owner first: changing it clears setuid bits and file capabilities. The time last.
Status TreeWriter::set_attributes(const Place& at, const LayerEntry& entry) {
    const auto* name = at.name.c_str();
    if (::fchownat(at.dir, name, entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) != 0)
        return failed("set owner of", entry.path);
    // What stands there was made by us as something else than a link, so following cannot happen.
    if (entry.type != EntryType::symlink && ::fchmodat(at.dir, name, entry.mode, 0) != 0)
        return failed("set mode of", entry.path);
    for (const auto& xattr : entry.xattrs) {
        errno = tree::try_set_xattr(at.dir, at.name, xattr);
        if (errno != 0 && !may_ignore(errno, entry, xattr))
            return failed("set xattr of", entry.path);
    }
    return tree::set_mtime(at.dir, at.name, whole_seconds(entry.mtime));
}

Status TreeFile::write(std::span<const std::byte> bytes) {
    m_size += bytes.size();
    while (!bytes.empty()) {
        const auto piece = bytes.first(std::min(hole_size, bytes.size()));
        bytes = bytes.subspan(piece.size());
        m_ends_in_hole = piece.size() == hole_size && is_zero(piece);
        if (m_ends_in_hole) {
            if (::lseek(m_file.get(), static_cast<off_t>(piece.size()), SEEK_CUR) < 0)
                return failed("write", m_path);
            continue;
        }
        auto done = fs::write_all(m_file.get(),
                                  {reinterpret_cast<const char*>(piece.data()), piece.size()});
        if (!done) return fail(std::move(done).error().in(printable(m_path)));
    }
    return {};
}

Status TreeFile::finish(std::uint64_t size) {
    if (m_size != size)
        return fail({ErrorCode::corrupt, fmt::format("{} has {} bytes where it should have {}",
                                                     printable(m_path), m_size, size)});
    if (m_ends_in_hole && ::ftruncate(m_file.get(), static_cast<off_t>(size)) != 0)
        return failed("write", m_path);
    return {};
}

Result<std::unique_ptr<TreeFile>> TreeWriter::open_file(const std::string& path) {
    TRY_ASSIGN(const auto at, place(path));
    constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    TRY_ASSIGN(auto file, fs::open_at(at.dir, at.name, flags, 0600));
    return std::make_unique<TreeFile>(std::move(file), path);
}

Status TreeWriter::set_file(const LayerEntry& entry) {
    TRY_ASSIGN(const auto at, place(entry.path));
    return set_attributes(at, entry);
}

Status TreeWriter::make_file(const LayerEntry& entry, ByteSource& content) {
    TRY_ASSIGN(const auto file, open_file(entry.path));
    for (std::uint64_t left = entry.size;;) {
        // One byte more than there should be, so that too many show without a further read.
        const auto room = std::min<std::uint64_t>(m_buffer.size(), left + 1);
        TRY_ASSIGN(const auto count, content.read(std::span(m_buffer).first(room)));
        TRY(file->write(std::span(m_buffer).first(count)));
        if (count > left || count < room) break;
        left -= count;
    }
    TRY(file->finish(entry.size));
    return set_file(entry);
}

Status TreeWriter::make_special(const LayerEntry& entry) {
    TRY_ASSIGN(const auto at, place(entry.path));
    if (entry.type == EntryType::whiteout) return tree::make_whiteout(at.dir, at.name);
    if (entry.type == EntryType::symlink) {
        if (::symlinkat(entry.link.c_str(), at.dir, at.name.c_str()) != 0)
            return failed("create symbolic link", entry.path);
        return set_attributes(at, entry);
    }
    const auto device = makedev(entry.device_major, entry.device_minor);
    if (::mknodat(at.dir, at.name.c_str(), kind_of(entry.type) | 0600U, device) != 0) {
        auto error =
            errno_error(fmt::format("cannot create device {}", printable(entry.path)), errno);
        if (error.code == ErrorCode::denied) error.hint = "device nodes in images need root";
        return fail(std::move(error));
    }
    return set_attributes(at, entry);
}

Status TreeWriter::make_link(const std::string& first, const std::string& path) {
    // Two directories at once, of which the cache keeps one: the first is opened for itself.
    TRY_ASSIGN(const auto from, place(first));
    TRY_ASSIGN(const auto from_dir, tree::open_dir(from.dir, "."));
    TRY_ASSIGN(const auto to, place(path));
    if (::linkat(from_dir.get(), from.name.c_str(), to.dir, to.name.c_str(), 0) != 0)
        return failed("create hard link", path);
    return {};
}

Status TreeWriter::remove(const std::string& path) {
    m_directories.forget();
    TRY_ASSIGN(const auto at, place(path));
    return fs::remove_tree_at(at.dir, at.name);
}

} // namespace mybuild
