#include "builder/mounts/mounted_tree.hpp"

#include "cache/key.hpp"
#include "cache/layers/tree_writer.hpp"
#include "image/byte_stream_io.hpp"
#include "parser/path.hpp"

#include <fmt/format.h>

#include <map>

namespace mybuild {
namespace {

/// The path below the mounted root: empty, or without a slash in front.
std::string_view below_root(const MountedTree& mounted, std::string_view path) {
    path.remove_prefix(mounted.root.size());
    if (path.starts_with('/')) path.remove_prefix(1);
    return path;
}

/// Writes nodes one after the other, and directories' attributes at the end.
class Copier {
  public:
    Copier(SourceTree& tree, int parent) : m_tree(tree), m_writer(parent) {}

    Status write(const SourceNode& node, std::string path) {
        auto entry = node.entry;
        entry.path = std::move(path);
        if (entry.type == EntryType::directory) {
            TRY(m_writer.make_directory(entry.path));
            m_directories.push_back(std::move(entry));
            return {};
        }
        if (node.inode_group != 0) {
            const auto [first, is_new] = m_links.emplace(node.inode_group, entry.path);
            if (!is_new) return m_writer.make_link(first->second, entry.path);
        }
        if (entry.type != EntryType::file) return m_writer.make_special(entry);
        if (entry.size == 0) {
            MemorySource nothing("");
            return m_writer.make_file(entry, nothing);
        }
        TRY_ASSIGN(const auto content, m_tree.open(node.entry.path));
        return m_writer.make_file(entry, *content);
    }

    Status finish() {
        for (auto entry = m_directories.rbegin(); entry != m_directories.rend(); ++entry)
            TRY(m_writer.set_directory(*entry));
        return {};
    }

  private:
    SourceTree& m_tree;
    TreeWriter m_writer;
    std::map<std::uint64_t, std::string> m_links; ///< by group: the first name
    std::vector<LayerEntry> m_directories;
};

} // namespace

Result<std::string> mounted_path(SourceTree& tree, const std::string& source) {
    const auto path = clean_path("/" + source).substr(1);
    TRY_ASSIGN(auto resolved, tree.resolve(path));
    TRY_ASSIGN(const auto there, tree.find(resolved));
    if (there || resolved.empty()) return resolved;
    return fail({ErrorCode::not_found,
                 fmt::format("\"/{}\" not found in the {}", path, tree.name()),
                 {},
                 tree.missing_hint()});
}

Result<MountedTree> find_mounted(SourceTree& tree, const std::string& source) {
    MountedTree mounted;
    TRY_ASSIGN(mounted.root, mounted_path(tree, source));
    TRY_ASSIGN(mounted.nodes, tree.walk(mounted.root));
    std::vector<SourceNode*> nodes;
    for (auto& node : mounted.nodes)
        nodes.push_back(&node);
    TRY(tree.digest(nodes));
    return mounted;
}

Digest mounted_digest(const MountedTree& mounted, Owners owners) {
    KeyBuilder key("mounted");
    for (const auto& node : mounted.nodes) {
        const bool is_context_root = owners == Owners::root && node.entry.path.empty();
        if (!is_context_root)
            add_entry(key, node.entry, below_root(mounted, node.entry.path), node.entry.mode,
                      owners);
    }
    return key.digest();
}

Status write_tree(SourceTree& tree, const MountedTree& mounted, int parent,
                  const std::string& name) {
    Copier copier(tree, parent);
    if (mounted.root.empty() &&
        (mounted.nodes.empty() || !mounted.nodes.front().entry.path.empty())) {
        SourceNode root; // a tree from listings may not list its root
        root.entry.type = EntryType::directory;
        root.entry.mode = 0755;
        TRY(copier.write(root, name));
    }
    for (const auto& node : mounted.nodes) {
        const auto path = below_root(mounted, node.entry.path);
        TRY(copier.write(node, path.empty() ? name : fmt::format("{}/{}", name, path)));
    }
    return copier.finish();
}

} // namespace mybuild
