#include "builder/copy/ignored_tree.hpp"

#include <algorithm>

namespace mybuild {

Result<std::optional<SourceNode>> IgnoredTree::find(const std::string& path) {
    TRY_ASSIGN(auto node, m_tree->find(path));
    if (!node || path.empty() || !m_rules.ignored(path)) return node;
    // An ignored directory is there for the sake of what was re-included below it.
    if (node->entry.type != EntryType::directory) return std::nullopt;
    TRY_ASSIGN(const auto below, walk(path));
    if (below.empty()) return std::nullopt;
    return node;
}

Result<std::vector<std::string>> IgnoredTree::children(const std::string& path) {
    TRY_ASSIGN(auto names, m_tree->children(path));
    const auto prefix = path.empty() ? std::string() : path + "/";
    std::vector<std::string> kept;
    for (auto& name : names) {
        TRY_ASSIGN(const auto node, find(prefix + name));
        if (node) kept.push_back(std::move(name));
    }
    return kept;
}

Result<std::string> IgnoredTree::resolve(const std::string& path) {
    return m_tree->resolve(path);
}

Result<std::vector<SourceNode>> IgnoredTree::walk(const std::string& path) {
    TRY_ASSIGN(auto nodes, m_tree->walk(path));
    std::vector<SourceNode> kept; // from the last to the first: what is in a directory before it
    for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
        const auto& entry = node->entry;
        const bool ignored = !entry.path.empty() && m_rules.ignored(entry.path);
        const bool holds_kept = entry.type == EntryType::directory && !kept.empty() &&
                                kept.back().entry.path.starts_with(entry.path + "/");
        if (!ignored || holds_kept) kept.push_back(std::move(*node));
    }
    std::reverse(kept.begin(), kept.end());
    return kept;
}

Status IgnoredTree::digest(std::span<SourceNode* const> nodes) {
    return m_tree->digest(nodes);
}

Result<std::unique_ptr<ByteSource>> IgnoredTree::open(const std::string& path) {
    return m_tree->open(path);
}

} // namespace mybuild
