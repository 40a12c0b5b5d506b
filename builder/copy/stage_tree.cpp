#include "builder/copy/stage_tree.hpp"

#include "base/fs.hpp"
#include "image/byte_stream_io.hpp"

#include <fcntl.h>
#include <map>

namespace mybuild {

StageTree::StageTree(LayerStore& store, LayerStack layers, std::string name)
    : m_store(store), m_layers(std::move(layers)), m_view(view_of(m_layers)),
      m_name(std::move(name)) {}

Result<std::optional<SourceNode>> StageTree::find(const std::string& path) {
    auto entry = m_view.find(path);
    if (!entry) return std::nullopt;
    return SourceNode{std::move(*entry)};
}

Result<std::vector<std::string>> StageTree::children(const std::string& path) {
    return m_view.children(path);
}

Result<std::string> StageTree::resolve(const std::string& path) {
    TRY_ASSIGN(auto resolved, m_view.resolve(path, true));
    return std::move(resolved.path);
}

Result<std::vector<SourceNode>> StageTree::walk(const std::string& path) {
    std::vector<SourceNode> nodes;
    std::map<std::string, std::size_t> groups; // first name of an inode → its node
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

Status StageTree::digest(std::span<SourceNode* const>) {
    return {}; // listings have the digests
}

Result<std::unique_ptr<ByteSource>> StageTree::open(const std::string& path) {
    const std::lock_guard lock(m_mutex);
    if (!m_root) {
        TRY_ASSIGN(const auto trees, m_store.trees(m_layers));
        TRY_ASSIGN(m_root, m_store.mount_read_only(trees));
    }
    TRY_ASSIGN(auto fd, fs::open_in_root(m_root.get(), "/" + path, O_RDONLY | O_NOFOLLOW));
    return std::make_unique<FdSource>(std::move(fd), path);
}

} // namespace mybuild
