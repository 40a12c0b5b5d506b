#include "cache/layers/normalise.hpp"

#include "base/fs.hpp"
#include "base/render.hpp"
#include "cache/layers/hard_links.hpp"
#include "cache/layers/tree_files.hpp"
#include "image/layer_tar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <map>
#include <utility>

namespace mybuild {
namespace {

constexpr std::size_t max_depth =
    1024; // as LayerTarReader's: what we write we must be able to read
constexpr std::size_t max_path = 4095;
/// Descriptors of ancestors that are kept open; deeper ones are opened again on the way up.
constexpr std::size_t max_held = 64;

/// A directory being visited.
struct Visit {
    Fd dir;
    std::string path; ///< "" for the root
    std::size_t depth = 0;
    StageView below;      ///< what stands here below, narrowed to the layers that say anything
    bool shows = true;    ///< whether names of below show through at all
    bool removed = false; ///< we removed something here: its time is no longer what it was
    bool renamed = false; ///< names were added or removed here by the step
};

/// One name in it.
struct Child {
    std::string name;
    LayerEntry entry; ///< with layer xattrs
    struct stat info {};
    std::optional<LayerEntry> below = {};
};

class Normaliser {
  public:
    explicit Normaliser(int root) : m_root(root) {}
    Status visit_children(Visit& visit);
    std::vector<LayerEntry> take() { return std::move(m_entries); }

  private:
    Result<Child> look_at(Visit& visit, const std::string& name);
    Status strip_xattrs(int dir, Child& child, bool& opaque);
    Status whiteout(Visit& visit, Child& child);
    Status socket(Visit& visit, Child& child);
    Status file(Visit& visit, Child& child);
    Status directory(Visit& visit, Child& child, bool opaque);
    Status put_time(Visit& parent, const Child& child, const Visit& inside, bool put_back);
    Result<bool> unchanged(int dir, const Child& child) const;
    Status remove(Visit& visit, const std::string& name, int flags);
    Status reopen(Visit& visit) const;

    int m_root;
    std::vector<LayerEntry> m_entries;
    /// First names of inodes that have several: index into m_entries.
    std::map<std::pair<dev_t, ino_t>, std::size_t> m_inodes;
};

std::string join(const std::string& dir, const std::string& name) {
    return dir.empty() ? name : fmt::format("{}/{}", dir, name);
}

bool same_attributes(const LayerEntry& a, const LayerEntry& b) {
    return a.type == b.type && (a.mode == b.mode || a.type == EntryType::symlink) &&
           a.uid == b.uid && a.gid == b.gid && a.xattrs == b.xattrs;
}

tl::unexpected<Error> cannot_hold(const std::string& path, std::string_view why) {
    return fail(Error{ErrorCode::unsupported,
                      fmt::format("/{} cannot be kept in an image: {}", printable(path), why)}
                    .with_hint("delete or rename it in the step that makes it"));
}

Status Normaliser::visit_children(Visit& visit) {
    TRY_ASSIGN(const auto names, fs::list_dir(visit.dir.get()));
    for (const auto& name : names) {
        TRY_ASSIGN(auto child, look_at(visit, name));
        const auto type = child.entry.type;
        if (type == EntryType::whiteout) {
            TRY(whiteout(visit, child));
            continue;
        }
        if (name.starts_with(".wh."))
            return cannot_hold(child.entry.path, "names that begin with .wh. mean deletions there");
        if (S_ISSOCK(child.info.st_mode)) {
            TRY(socket(visit, child));
            continue;
        }
        bool opaque = false;
        TRY(strip_xattrs(visit.dir.get(), child, opaque));
        TRY(type == EntryType::directory ? directory(visit, child, opaque) : file(visit, child));
    }
    return {};
}

Result<Child> Normaliser::look_at(Visit& visit, const std::string& name) {
    Child child{name, {}};
    TRY_ASSIGN(child.info, fs::stat_at(visit.dir.get(), name));
    child.entry = tree::entry_of(child.info, join(visit.path, name));
    if (child.entry.path.size() > max_path)
        return cannot_hold(child.entry.path, "its path is too long");
    if (visit.depth >= max_depth) return cannot_hold(child.entry.path, "it is too deep");
    if (child.entry.type == EntryType::symlink) {
        TRY_ASSIGN(child.entry.link, tree::read_link(visit.dir.get(), name));
    }
    if (visit.shows) child.below = visit.below.find(child.entry.path);
    return child;
}

/// Leaves the layer's own xattrs in the entry and on disk, and the opaque mark on disk.
Status Normaliser::strip_xattrs(int dir, Child& child, bool& opaque) {
    TRY_ASSIGN(auto xattrs, tree::read_xattrs(dir, child.name));
    for (const auto& xattr : xattrs) {
        const std::string_view name = xattr.name;
        if (name == tree::opaque_xattr && xattr.value == "y") {
            opaque = true;
            continue;
        }
        for (const auto* feature : {"redirect", "metacopy", "whiteout", "opaque"})
            if (name == fmt::format("{}{}", tree::overlay_prefix, feature))
                return fail({ErrorCode::internal,
                             fmt::format("/{}: overlayfs used {}, which is switched off",
                                         printable(child.entry.path), feature)});
        // The security modules' own are not ours to remove.
        if (!is_layer_xattr(name) && !name.starts_with("security."))
            TRY(tree::remove_xattr(dir, child.name, xattr.name));
    }
    child.entry.xattrs = tree::layer_xattrs(std::move(xattrs));
    return {};
}

Status Normaliser::remove(Visit& visit, const std::string& name, int flags) {
    if (::unlinkat(visit.dir.get(), name.c_str(), flags) != 0)
        return fail(errno_error(fmt::format("cannot remove {}", printable(name)), errno));
    visit.removed = true;
    return {};
}

Status Normaliser::whiteout(Visit& visit, Child& child) {
    if (!child.below) return remove(visit, child.name, 0);
    visit.renamed = true;
    m_entries.push_back(std::move(child.entry));
    return {};
}

Status Normaliser::socket(Visit& visit, Child& child) {
    TRY(remove(visit, child.name, 0));
    if (!child.below) return {};
    TRY(tree::make_whiteout(visit.dir.get(), child.name));
    visit.renamed = true;
    LayerEntry gone;
    gone.path = std::move(child.entry.path);
    gone.type = EntryType::whiteout;
    m_entries.push_back(std::move(gone));
    return {};
}

/// Whether a file was copied up and is as it was. Times count to the second, as layers keep them,
/// so equal ones do not prove equal content.
Result<bool> Normaliser::unchanged(int dir, const Child& child) const {
    // Copying up breaks hard links: several names mean that the step made a link.
    if (child.info.st_nlink > 1 || !child.below) return false;
    const auto& now = child.entry;
    const auto& before = *child.below;
    if (!same_attributes(now, before) || now.mtime != before.mtime || now.size != before.size ||
        now.link != before.link || now.device_major != before.device_major ||
        now.device_minor != before.device_minor)
        return false;
    if (now.type != EntryType::file || now.size == 0) return true;
    TRY_ASSIGN(const auto content, tree::digest_of_file(dir, child.name));
    return content == before.content;
}

Status Normaliser::file(Visit& visit, Child& child) {
    TRY_ASSIGN(const bool same, unchanged(visit.dir.get(), child));
    if (same) return remove(visit, child.name, 0);
    if (!child.below) visit.renamed = true;
    if (child.info.st_nlink > 1) {
        const std::pair inode(child.info.st_dev, child.info.st_ino);
        const auto [first, is_first] = m_inodes.try_emplace(inode, m_entries.size());
        if (!is_first) {
            m_entries.push_back(
                hard_link_to(m_entries[first->second], std::move(child.entry.path)));
            return {};
        }
    }
    m_entries.push_back(std::move(child.entry));
    return {};
}

Status Normaliser::directory(Visit& visit, Child& child, bool opaque) {
    const bool was_directory = child.below && child.below->type == EntryType::directory;
    if (opaque && !was_directory) {
        TRY(tree::remove_xattr(visit.dir.get(), child.name, tree::opaque_xattr));
        opaque = false;
    }
    child.entry.opaque = opaque;
    const bool own_change = !was_directory || opaque || !same_attributes(child.entry, *child.below);

    const auto index = m_entries.size();
    m_entries.push_back(child.entry);
    Visit inside;
    TRY_ASSIGN(inside.dir, tree::open_dir(visit.dir.get(), child.name));
    inside.path = child.entry.path;
    inside.depth = visit.depth + 1;
    inside.shows = was_directory && !opaque;
    if (inside.shows) inside.below = visit.below.narrowed(inside.path);
    if (visit.depth >= max_held) visit.dir.reset();
    TRY(visit_children(inside));
    inside.dir.reset();
    TRY(reopen(visit));

    if (!own_change && m_entries.size() == index + 1) {
        m_entries.pop_back();
        return remove(visit, child.name, AT_REMOVEDIR);
    }
    if (!child.below) visit.renamed = true;
    if (was_directory && !own_change && !inside.renamed)
        m_entries[index].mtime = child.below->mtime;
    return put_time(visit, child, inside, m_entries[index].mtime != child.entry.mtime);
}

/// Brings a directory's time on disk to what the entry says, where it is not.
Status Normaliser::put_time(Visit& parent, const Child& child, const Visit& inside, bool put_back) {
    if (put_back) return tree::set_mtime(parent.dir.get(), child.name, {child.below->mtime, 0});
    if (inside.removed) return tree::set_mtime(parent.dir.get(), child.name, child.info.st_mtim);
    return {};
}

Status Normaliser::reopen(Visit& visit) const {
    if (visit.dir) return {};
    tree::Directories directories(m_root);
    TRY_ASSIGN(const int dir, directories.open(visit.path));
    TRY_ASSIGN(visit.dir, tree::open_dir(dir, "."));
    return {};
}

} // namespace

Result<std::vector<LayerEntry>> normalise(int root, const StageView& below) {
    Normaliser normaliser(root);
    Visit visit;
    TRY_ASSIGN(visit.dir, tree::open_dir(root, "."));
    visit.below = below;
    TRY(normaliser.visit_children(visit));
    return normaliser.take();
}

} // namespace mybuild
