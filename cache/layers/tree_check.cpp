#include "cache/layers/tree_check.hpp"

#include "base/fs.hpp"
#include "cache/layers/tree_files.hpp"

#include <algorithm>

namespace mybuild {
namespace {

bool is_missing(const Error& error) {
    return error.code == ErrorCode::not_found;
}

/// Attributes that every kind of entry has; a whiteout has none.
bool same_attributes(const LayerEntry& found, const LayerEntry& listed) {
    if (listed.type == EntryType::whiteout) return true;
    return (found.mode == listed.mode || listed.type == EntryType::symlink) &&
           found.uid == listed.uid && found.gid == listed.gid &&
           (found.mtime == listed.mtime || listed.type == EntryType::directory) &&
           found.device_major == listed.device_major && found.device_minor == listed.device_minor;
}

class TreeCheck {
  public:
    TreeCheck(int root, const Listing& listing)
        : m_listing(listing), m_directories(root), m_targets(root) {}

    Result<bool> run() {
        TRY_ASSIGN(std::size_t names, count_names(""));
        for (std::size_t i = 0; i < m_listing.size(); ++i) {
            const auto entry = m_listing.entry(i);
            TRY_ASSIGN(const bool same, is_same(entry));
            if (!same) return false;
            if (entry.type == EntryType::directory) {
                TRY_ASSIGN(const auto inside, count_names(entry.path));
                names += inside;
            }
        }
        return names == m_listing.size();
    }

  private:
    Result<std::size_t> count_names(const std::string& path) {
        TRY_ASSIGN(const int dir, m_directories.open(path));
        TRY_ASSIGN(const auto names, fs::list_dir(dir));
        return names.size();
    }

    Result<bool> is_same(const LayerEntry& listed) {
        TRY_ASSIGN(const int dir, m_directories.open(parent_path(listed.path)));
        const std::string name(base_name(listed.path));
        TRY_ASSIGN(const auto info, fs::stat_at(dir, name));
        const auto found = tree::entry_of(info, listed.path);
        if (listed.type == EntryType::hard_link) return is_link(info, listed);
        if (found.type != listed.type || !same_attributes(found, listed)) return false;
        if (listed.type == EntryType::whiteout) return true;
        if (listed.type == EntryType::symlink) {
            TRY_ASSIGN(const auto target, tree::read_link(dir, name));
            if (target != listed.link) return false;
        }
        TRY_ASSIGN(const bool same_xattrs, has_xattrs(dir, name, listed));
        if (!same_xattrs || listed.type != EntryType::file) return same_xattrs;
        if (found.size != listed.size) return false;
        TRY_ASSIGN(const auto content, tree::digest_of_file(dir, name));
        return content == listed.content;
    }

    Result<bool> is_link(const struct stat& info, const LayerEntry& listed) {
        TRY_ASSIGN(const int dir, m_targets.open(parent_path(listed.link)));
        TRY_ASSIGN(const auto target, fs::stat_at(dir, std::string(base_name(listed.link))));
        return info.st_dev == target.st_dev && info.st_ino == target.st_ino;
    }

    static Result<bool> has_xattrs(int dir, const std::string& name, const LayerEntry& listed) {
        TRY_ASSIGN(auto xattrs, tree::read_xattrs(dir, name));
        const bool opaque = std::ranges::any_of(
            xattrs, [](const Xattr& xattr) { return xattr.name == tree::opaque_xattr; });
        return opaque == listed.opaque && tree::layer_xattrs(std::move(xattrs)) == listed.xattrs;
    }

    const Listing& m_listing;
    tree::Directories m_directories;
    tree::Directories m_targets; ///< of hard links: elsewhere than the entries that are visited
};

} // namespace

Result<bool> is_whole_tree(int root, const Listing& listing) {
    auto whole = TreeCheck(root, listing).run();
    if (!whole && is_missing(whole.error())) return false;
    return whole;
}

} // namespace mybuild
