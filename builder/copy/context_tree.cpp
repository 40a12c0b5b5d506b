#include "builder/copy/context_tree.hpp"

#include "base/fs.hpp"
#include "base/parallel.hpp"
#include "image/byte_stream_io.hpp"

#include <climits>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

namespace mybuild {
namespace {

/// The file's own attributes that a layer keeps; names like BuildKit's content hash: no security.*
/// but capability, no system.*, nothing of overlayfs.
bool is_kept_xattr(std::string_view name) {
    if (name == "security.capability") return true;
    return name.starts_with("user.") && !name.starts_with("user.overlay.");
}

/// None where the file system has none; attributes are kept as well as they can be.
std::vector<Xattr> read_xattrs(int fd) {
    std::vector<Xattr> out;
    std::string names(1024, '\0');
    ssize_t size = ::flistxattr(fd, names.data(), names.size());
    if (size < 0 && errno == ERANGE) {
        names.resize(65536);
        size = ::flistxattr(fd, names.data(), names.size());
    }
    if (size <= 0) return out; // none, or a file system without them
    names.resize(static_cast<std::size_t>(size));
    for (std::size_t at = 0; at < names.size();) {
        const std::string name(names.c_str() + at);
        at += name.size() + 1;
        if (!is_kept_xattr(name)) continue;
        std::string value(65536, '\0');
        const auto got = ::fgetxattr(fd, name.c_str(), value.data(), value.size());
        if (got < 0) continue; // gone in the meantime
        value.resize(static_cast<std::size_t>(got));
        out.push_back({name, std::move(value)});
    }
    std::sort(out.begin(), out.end());
    return out;
}

Result<std::string> read_link(int dir, const std::string& name) {
    std::string target(PATH_MAX, '\0');
    const auto got = ::readlinkat(dir, name.c_str(), target.data(), target.size());
    if (got < 0) return fail(errno_error(fmt::format("cannot read link {}", name), errno));
    target.resize(static_cast<std::size_t>(got));
    return target;
}

EntryType type_of(mode_t mode) {
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return EntryType::directory;
    case S_IFLNK:
        return EntryType::symlink;
    case S_IFCHR:
        return EntryType::char_device;
    case S_IFBLK:
        return EntryType::block_device;
    case S_IFIFO:
        return EntryType::fifo;
    default:
        return EntryType::file; // a socket arrives as an empty file, as in BuildKit's context
    }
}

std::uint64_t inode_group(const struct stat& info) {
    if (info.st_nlink < 2 || S_ISDIR(info.st_mode)) return 0;
    return (static_cast<std::uint64_t>(info.st_dev) << 48U) ^ info.st_ino;
}

/// `dir`/`name` is the file itself, `path` what the context calls it.
Result<SourceNode> make_node(int dir, const std::string& name, const std::string& path,
                             const struct stat& info) {
    SourceNode node;
    auto& entry = node.entry;
    entry.path = path;
    entry.type = type_of(info.st_mode);
    entry.mode = info.st_mode & 07777U;
    entry.mtime = info.st_mtim.tv_sec;
    node.inode_group = inode_group(info);
    node.is_socket = S_ISSOCK(info.st_mode);
    if (S_ISREG(info.st_mode)) entry.size = static_cast<std::uint64_t>(info.st_size);
    if (S_ISLNK(info.st_mode)) {
        TRY_ASSIGN(entry.link, read_link(dir, name));
    }
    if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) {
        entry.device_major = major(info.st_rdev);
        entry.device_minor = minor(info.st_rdev);
    }
    return node;
}

} // namespace

Result<std::unique_ptr<ContextTree>> ContextTree::open(const std::string& directory,
                                                       IgnoreRules rules, FileDigests* digests,
                                                       TreeLabel label) {
    auto root = fs::open_at(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY);
    if (!root) {
        return fail(std::move(root)
                        .error()
                        .in("build context")
                        .with_hint("the last argument is the directory that COPY reads from; `.` "
                                   "is the current one"));
    }
    return std::unique_ptr<ContextTree>(
        new ContextTree(std::move(*root), std::move(rules), digests, std::move(label)));
}

/// An ignored directory is there for the sake of what was re-included below it.
Result<bool> ContextTree::hidden(const std::string& path) {
    if (path.empty() || !m_rules.ignored(path)) return false;
    if (!m_rules.has_exceptions()) return true;
    const auto dir =
        fs::open_in_root(m_root.get(), "/" + path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!dir) return true;
    const auto verdict = verdict_on(path);
    if (!verdict || verdict->prune) return true;
    std::vector<SourceNode> below;
    TRY(walk_into(dir->get(), path, &*verdict, below));
    return below.empty();
}

/// The verdicts on the directories above decide about what is below.
std::optional<IgnoreRules::Verdict> ContextTree::verdict_on(const std::string& path) const {
    std::optional<IgnoreRules::Verdict> verdict;
    for (std::size_t end = 0; end < path.size();) {
        end = std::min(path.find('/', end + 1), path.size());
        verdict = m_rules.judge(path.substr(0, end), verdict ? &*verdict : nullptr);
    }
    return verdict;
}

Result<std::optional<SourceNode>> ContextTree::find(const std::string& path) {
    TRY_ASSIGN(const bool is_hidden, hidden(path));
    if (is_hidden) return std::nullopt;
    const auto at = path.empty() ? std::string(".") : path;
    auto parent =
        fs::open_in_root(m_root.get(), path.empty() ? "." : "/" + std::string(parent_path(path)),
                         O_PATH | O_DIRECTORY);
    struct stat info {};
    if (!parent) {
        const int missing = ::fstatat(m_root.get(), at.c_str(), &info, AT_SYMLINK_NOFOLLOW);
        if (missing != 0 && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
        return fail(std::move(parent).error());
    }
    const auto name = path.empty() ? std::string(".") : std::string(base_name(path));
    if (::fstatat(parent->get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
        return fail(errno_error(fmt::format("cannot read {} in the build context", at), errno));
    }
    TRY_ASSIGN(auto node, make_node(parent->get(), name, path, info));
    if (S_ISDIR(info.st_mode)) {
        const auto dir =
            fs::open_at(parent->get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK);
        if (dir) node.entry.xattrs = read_xattrs(dir->get());
    }
    return node;
}

Result<std::vector<std::string>> ContextTree::children(const std::string& path) {
    TRY_ASSIGN(const auto dir, fs::open_in_root(m_root.get(), "/" + path, O_RDONLY | O_DIRECTORY));
    TRY_ASSIGN(auto names, fs::list_dir(dir.get()));
    const auto prefix = path.empty() ? std::string() : path + "/";
    std::vector<std::string> seen;
    for (auto& name : names) {
        TRY_ASSIGN(const bool is_hidden, hidden(prefix + name));
        if (!is_hidden) seen.push_back(std::move(name));
    }
    return seen;
}

Result<std::string> ContextTree::resolve(const std::string& path) {
    // Component by component, so that a missing end is an answer and not an error.
    std::vector<std::string> todo;
    const auto push = [&](std::string_view text) {
        std::vector<std::string> parts;
        for (std::size_t at = 0; at <= text.size();) {
            const auto end = std::min(text.find('/', at), text.size());
            if (end > at && text.substr(at, end - at) != ".")
                parts.emplace_back(text.substr(at, end - at));
            at = end + 1;
        }
        todo.insert(todo.end(), parts.rbegin(), parts.rend());
    };
    push(path);
    std::string done;
    for (int links = 0; !todo.empty();) {
        auto part = std::move(todo.back());
        todo.pop_back();
        if (part == "..") {
            done = parent_path(done);
            continue;
        }
        const auto next = done.empty() ? part : done + "/" + part;
        struct stat info {};
        TRY_ASSIGN(const auto parent,
                   fs::open_in_root(m_root.get(), "/" + done, O_PATH | O_DIRECTORY));
        if (::fstatat(parent.get(), part.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISLNK(info.st_mode)) {
            done = next;
            if (!todo.empty() && !S_ISDIR(info.st_mode)) {
                while (!todo.empty()) { // nothing there, or a file: what it would be called
                    done += "/" + todo.back();
                    todo.pop_back();
                }
            }
            continue;
        }
        TRY_ASSIGN(const bool is_hidden, hidden(next));
        if (is_hidden) return next; // an ignored link is not there
        if (++links > 255)
            return fail({ErrorCode::invalid, fmt::format("too many symbolic links in {}", path)});
        TRY_ASSIGN(const auto target, read_link(parent.get(), part));
        if (target.starts_with('/')) done.clear();
        push(target);
    }
    return done;
}

Status ContextTree::walk_into(int dir, const std::string& path, const IgnoreRules::Verdict* above,
                              std::vector<SourceNode>& out) {
    TRY_ASSIGN(const auto names, fs::list_dir(dir));
    for (const auto& name : names) {
        auto child = path.empty() ? name : path + "/" + name;
        struct stat info {};
        if (::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
            if (errno == ENOENT) continue; // removed while we walked
            return fail(
                errno_error(fmt::format("cannot read {} in the build context", child), errno));
        }
        const auto verdict = m_rules.judge(child, above);
        if (!S_ISDIR(info.st_mode)) {
            if (verdict.ignored) continue;
            TRY_ASSIGN(auto node, make_node(dir, name, child, info));
            out.push_back(std::move(node));
            continue;
        }
        if (verdict.prune) continue;
        TRY_ASSIGN(auto node, make_node(dir, name, child, info));
        const auto before = out.size();
        out.push_back(std::move(node));
        auto sub = fs::open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (!sub)
            return fail(std::move(sub).error().in(fmt::format("{} in the build context", child)));
        out.back().entry.xattrs = read_xattrs(sub->get());
        TRY(walk_into(sub->get(), child, &verdict, out));
        // An ignored directory is there only for the sake of what was re-included below it.
        if (verdict.ignored && out.size() == before + 1) out.pop_back();
    }
    return {};
}

Result<std::vector<SourceNode>> ContextTree::walk(const std::string& path) {
    std::vector<SourceNode> out;
    TRY_ASSIGN(auto top, find(path));
    if (!top) return out;
    const bool is_directory = top->entry.type == EntryType::directory;
    out.push_back(std::move(*top));
    if (!is_directory) return out;
    TRY_ASSIGN(const auto dir, fs::open_in_root(m_root.get(), "/" + path, O_RDONLY | O_DIRECTORY));
    const auto above = verdict_on(path);
    TRY(walk_into(dir.get(), path, above ? &*above : nullptr, out));
    return out;
}

Status ContextTree::read_content(LayerEntry& entry) {
    const auto& path = entry.path;
    TRY_ASSIGN(const auto fd, fs::open_in_root(m_root.get(), "/" + path, O_RDONLY | O_NOFOLLOW));
    struct stat before {};
    if (::fstat(fd.get(), &before) != 0)
        return fail(errno_error(fmt::format("cannot stat {}", path), errno));
    Sha256 hasher;
    std::vector<std::byte> buffer(std::size_t{256} * 1024);
    for (;;) {
        const auto got = ::read(fd.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(errno_error(fmt::format("cannot read {}", path), errno));
        if (got == 0) break;
        hasher.update(buffer.data(), static_cast<std::size_t>(got));
    }
    entry.content = hasher.finish();
    entry.xattrs = read_xattrs(fd.get());
    // The index knows digests alone. A file that has extended attributes is left out of it, so that
    // a hit says: no attributes, since setting one changes ctime.
    if (m_digests != nullptr && entry.xattrs.empty())
        m_digests->record(path, before, entry.content);
    return {};
}

Status ContextTree::digest(std::span<SourceNode* const> nodes) {
    std::vector<SourceNode*> unknown;
    for (auto* node : nodes) {
        if (node->entry.type != EntryType::file || node->entry.content != Digest{}) continue;
        if (node->is_socket) { // arrives as an empty file
            node->entry.content = Digest::of("");
            continue;
        }
        struct stat info {};
        if (m_digests != nullptr &&
            ::fstatat(m_root.get(), node->entry.path.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
            if (auto known = m_digests->lookup(node->entry.path, info)) {
                node->entry.content = *known;
                continue;
            }
        }
        unknown.push_back(node);
    }
    return parallel_for(unknown.size(),
                        [&](std::size_t i) -> Status { return read_content(unknown[i]->entry); });
}

TreeLabel ContextTree::main_label() {
    return {"build context",
            "sources are paths inside the context directory (the last argument of the command); is "
            "the file there, and not excluded by .dockerignore?"};
}

Result<std::unique_ptr<ByteSource>> ContextTree::open(const std::string& path) {
    TRY_ASSIGN(auto fd, fs::open_in_root(m_root.get(), "/" + path, O_RDONLY | O_NOFOLLOW));
    return std::make_unique<FdSource>(std::move(fd), path);
}

} // namespace mybuild
