#include "cache/layers/tree_merge.hpp"

#include "base/digest.hpp"
#include "base/fs.hpp"
#include "base/render.hpp"
#include "cache/layers/tree_files.hpp"
#include "cache/layers/tree_writer.hpp"
#include "cache/layers/work_space.hpp"
#include "image/byte_stream_io.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>

namespace mybuild {
namespace {

/// Mounting takes a descriptor for each layer, of which a process has 1024, and the kernel takes
/// 500 layers (OVL_MAX_STACK). What 256 layers cost a step is 3 ms more than one.
constexpr std::size_t max_lowers = 256;
/// So many of the lowest are merged at a time. Always the same ones, so that 100 steps in a row
/// merge once.
constexpr std::size_t merged_at_once = 128;

std::string join(const std::string& dir, const std::string& name) {
    return dir.empty() ? name : fmt::format("{}/{}", dir, name);
}

/// Puts one tree on top of what is merged already.
class Merge {
  public:
    /// Roots, borrowed.
    Merge(int from, int to) : m_from_directories(from), m_to_directories(to), m_to(to) {}
    Status directory(const std::string& path);

  private:
    Status name(const std::string& parent, const std::string& name);
    Status enter(const std::string& path, const struct stat& info);
    Status take(const std::string& path, const struct stat& info);
    Status set_directory(const std::string& path, const struct stat& info);

    Status remove(const std::string& path);

    tree::Directories m_from_directories;
    tree::Directories m_to_directories;
    TreeWriter m_to;
};

Status Merge::directory(const std::string& path) {
    TRY_ASSIGN(const int dir, m_from_directories.open(path));
    TRY_ASSIGN(const auto names, fs::list_dir(dir));
    for (const auto& child : names)
        TRY(name(path, child));
    return {};
}

Status Merge::name(const std::string& parent, const std::string& name) {
    const auto path = join(parent, name);
    TRY_ASSIGN(const int from, m_from_directories.open(parent));
    TRY_ASSIGN(const auto info, fs::stat_at(from, name));
    if (S_ISDIR(info.st_mode)) return enter(path, info);
    TRY(remove(path));
    if (tree::is_whiteout(info)) return {};
    TRY_ASSIGN(const int to, m_to_directories.open(parent));
    if (::linkat(from, name.c_str(), to, name.c_str(), 0) == 0) return {};
    // File systems limit the number of an inode's names.
    if (errno == EMLINK) return take(path, info);
    return fail(errno_error(fmt::format("cannot link {}", printable(path)), errno));
}

Status Merge::remove(const std::string& path) {
    m_to_directories.forget();
    return m_to.remove(path);
}

Status Merge::take(const std::string& path, const struct stat& info) {
    auto entry = tree::entry_of(info, path);
    TRY_ASSIGN(const int from, m_from_directories.open(parent_path(path)));
    const std::string name(base_name(path));
    TRY_ASSIGN(auto xattrs, tree::read_xattrs(from, name));
    entry.xattrs = tree::layer_xattrs(std::move(xattrs));
    if (entry.type == EntryType::symlink) {
        TRY_ASSIGN(entry.link, tree::read_link(from, name));
    }
    if (entry.type != EntryType::file) return m_to.make_special(entry);
    TRY_ASSIGN(auto file, tree::open_file(from, name));
    FdSource bytes(std::move(file), printable(path));
    return m_to.make_file(entry, bytes);
}

Status Merge::enter(const std::string& path, const struct stat& info) {
    const std::string name(base_name(path));
    TRY_ASSIGN(const int from, m_from_directories.open(parent_path(path)));
    TRY_ASSIGN(const auto xattrs, tree::read_xattrs(from, name));
    const bool opaque = std::ranges::any_of(
        xattrs, [](const Xattr& xattr) { return xattr.name == tree::opaque_xattr; });
    TRY_ASSIGN(const int to, m_to_directories.open(parent_path(path)));
    const auto there = fs::stat_at(to, name);
    if (!there || !S_ISDIR(there->st_mode) || opaque) {
        TRY(remove(path));
        TRY(m_to.make_directory(path));
    }
    TRY(directory(path));
    return set_directory(path, info);
}

Status Merge::set_directory(const std::string& path, const struct stat& info) {
    const std::string name(base_name(path));
    auto entry = tree::entry_of(info, path);
    TRY_ASSIGN(const int from, m_from_directories.open(parent_path(path)));
    TRY_ASSIGN(auto xattrs, tree::read_xattrs(from, name));
    entry.xattrs = tree::layer_xattrs(std::move(xattrs));
    TRY_ASSIGN(const int to, m_to_directories.open(parent_path(path)));
    TRY_ASSIGN(const auto before, tree::read_xattrs(to, name));
    for (const auto& xattr : tree::layer_xattrs(before))
        TRY(tree::remove_xattr(to, name, xattr.name));
    TRY(m_to.set_directory(entry));
    return tree::set_mtime(to, name, info.st_mtim);
}

std::string merged_name(std::span<const std::string> trees) {
    // Trees are not synced: after another boot a merged one counts as absent, by its name.
    auto boot = fs::read_file_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 100);
    std::string text = "merged trees 1\n" + boot.value_or(fs::random_name(16));
    for (const auto& tree : trees)
        text += fmt::format("{}\n", tree);
    return "m" + Digest::of(text).hex().substr(0, 15);
}

} // namespace

Result<std::vector<std::string>> TreeMerger::few(std::span<const TreeRef> trees) {
    std::vector<std::string> names;
    names.reserve(trees.size());
    for (const auto& tree : trees)
        names.push_back(tree.tree);
    while (names.size() > max_lowers) {
        TRY_ASSIGN(auto merged, merge(std::span(names).first(merged_at_once)));
        names.erase(names.begin() + 1, names.begin() + merged_at_once);
        names[0] = std::move(merged);
    }
    return names;
}

Result<std::string> TreeMerger::merge(std::span<const std::string> trees) {
    auto name = merged_name(trees);
    const auto place = fmt::format("trees/{}", name);
    const auto held = m_locks.lock(name);
    if (fs::stat_at(m_store.root_fd(), place)) return name;
    TRY_ASSIGN(auto space, WorkSpace::create(m_store, m_trash));
    TRY_ASSIGN(const auto to, space.make_root("tree"));
    for (const auto& tree : trees) {
        TRY_ASSIGN(const auto from,
                   tree::open_dir(m_store.root_fd(), fmt::format("trees/{}", tree)));
        TRY(Merge(from.get(), to.get()).directory(""));
    }
    auto moved = space.move_out("tree", place);
    // Another process may have been faster.
    if (!moved && !fs::stat_at(m_store.root_fd(), place)) return fail(std::move(moved).error());
    return name;
}

} // namespace mybuild
