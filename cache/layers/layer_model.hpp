#pragma once

#include "image/oci/layer_entry.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild {

/// What an archive has made so far, as names and inodes.
class LayerModel {
  public:
    struct Node {
        std::size_t inode = 0;
        bool implied = false; ///< a directory that the archive had no entry for
    };
    struct PathOrder {
        using is_transparent = void;
        bool operator()(std::string_view a, std::string_view b) const {
            return compare_paths(a, b) < 0;
        }
    };
    using Nodes = std::map<std::string, Node, PathOrder>;

    [[nodiscard]] const Node* find(std::string_view path) const {
        const auto node = m_nodes.find(path);
        return node == m_nodes.end() ? nullptr : &node->second;
    }
    [[nodiscard]] LayerEntry& inode(const Node& node) { return m_inodes[node.inode]; }
    [[nodiscard]] const LayerEntry& inode(const Node& node) const { return m_inodes[node.inode]; }
    [[nodiscard]] bool is_directory(std::string_view path) const {
        const auto* node = find(path);
        return path.empty() || (node != nullptr && inode(*node).type == EntryType::directory);
    }
    [[nodiscard]] Nodes& nodes() { return m_nodes; }
    [[nodiscard]] const Nodes& nodes() const { return m_nodes; }

    void add(std::string path, LayerEntry attributes, bool implied = false) {
        m_nodes.insert_or_assign(std::move(path), Node{m_inodes.size(), implied});
        m_inodes.push_back(std::move(attributes));
    }
    void link(const Node& first, std::string path) {
        const auto inode = first.inode;
        m_nodes.insert_or_assign(std::move(path), Node{inode, false});
    }
    /// Removes the path and all below it.
    void remove(std::string_view path);

    /// All entries in canonical order; the first name of an inode is the file.
    [[nodiscard]] std::vector<LayerEntry> entries() const;

  private:
    Nodes m_nodes;
    std::vector<LayerEntry> m_inodes; // their paths mean nothing
};

} // namespace mybuild
