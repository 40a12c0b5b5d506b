#include "builder/copy/listed_tree.hpp"

#include <map>

namespace mybuild {

Result<std::optional<SourceNode>> ListedTree::find(const std::string& path) {
    auto entry = m_view.find(path);
    if (!entry) return std::nullopt;
    return SourceNode{std::move(*entry)};
}

Result<std::vector<std::string>> ListedTree::children(const std::string& path) {
    return m_view.children(path);
}

Result<std::string> ListedTree::resolve(const std::string& path) {
    TRY_ASSIGN(auto resolved, m_view.resolve(path, true));
    return std::move(resolved.path);
}

Result<std::vector<SourceNode>> ListedTree::walk(const std::string& path) {
    std::vector<SourceNode> nodes;
    if (path.empty()) nodes.push_back({*m_view.find(path)}); // subtree() leaves the root out
    std::map<std::string, std::size_t> groups;               // first name of an inode → its node
    for (auto& entry : m_view.subtree(path)) {
        if (entry.type != EntryType::hard_link) {
            nodes.push_back({std::move(entry)});
            groups.emplace(nodes.back().entry.path, nodes.size() - 1);
            continue;
        }
        // A source node is the file itself; the layout makes links of equal groups again.
        const auto first = groups.at(entry.link);
        nodes[first].inode_group = first + 1;
        SourceNode node = nodes[first];
        node.entry.path = std::move(entry.path);
        nodes.push_back(std::move(node));
    }
    return nodes;
}

Status ListedTree::digest(std::span<SourceNode* const>) {
    return {}; // listings have the digests
}

} // namespace mybuild
