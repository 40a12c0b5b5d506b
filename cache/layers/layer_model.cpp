#include "cache/layers/layer_model.hpp"

#include "cache/layers/hard_links.hpp"
#include "cache/layers/listing_cursor.hpp"

namespace mybuild {

void LayerModel::remove(std::string_view path) {
    auto node = m_nodes.lower_bound(path);
    while (node != m_nodes.end() && is_at_or_below(node->first, path))
        node = m_nodes.erase(node);
}

std::vector<LayerEntry> LayerModel::entries() const {
    constexpr auto none = static_cast<std::size_t>(-1);
    std::vector<std::size_t> first_names(m_inodes.size(), none);
    std::vector<LayerEntry> entries;
    entries.reserve(m_nodes.size());
    for (const auto& [path, node] : m_nodes) {
        auto& first = first_names[node.inode];
        if (first != none) {
            entries.push_back(hard_link_to(entries[first], path));
            continue;
        }
        first = entries.size();
        entries.push_back(m_inodes[node.inode]);
        entries.back().path = path;
    }
    return entries;
}

} // namespace mybuild
