#include "cache/layers/hard_links.hpp"
#include "cache/layers/layer_says.hpp"
#include "cache/layers/listing_cursor.hpp"
#include "cache/layers/stage_view.hpp"

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <utility>

namespace mybuild {
namespace {

/// One layer's part of a directory or child; `order` 0 is the top layer.
struct Part {
    const Listing* layer = nullptr;
    std::uint32_t order = 0;
    std::size_t index = 0; ///< of the entry, if there is one
    bool has_entry = false;
    std::string_view path; ///< in the layer
};

/// Walks the union of some layers' directories in canonical order, each layer's listing once.
class Union {
  public:
    void walk_children(const std::vector<Part>& directories);
    std::vector<LayerEntry> take() { return std::move(m_entries); }
    void emit(const Part& part);

  private:
    void visit(const Part* first, const Part* last);

    std::vector<LayerEntry> m_entries;
    /// Inodes (layer, index of the first name) by the place of their first visible name.
    std::unordered_map<std::uint64_t, std::size_t> m_inodes;
};

void Union::emit(const Part& part) {
    if (!part.has_entry) { // implied, and no layer below says more
        LayerEntry directory;
        directory.path = part.path;
        directory.type = EntryType::directory;
        directory.mode = 0755;
        m_entries.push_back(std::move(directory));
        return;
    }
    auto entry = part.layer->entry(part.index);
    entry.opaque = false; // made from nothing, there is nothing to hide
    if (entry.type == EntryType::directory) {
        m_entries.push_back(std::move(entry));
        return;
    }
    auto inode = part.index;
    if (entry.type == EntryType::hard_link) inode = part.layer->find(entry.link).value();
    const auto key = (static_cast<std::uint64_t>(part.order) << 40U) | inode;
    const auto [known, is_first] = m_inodes.try_emplace(key, m_entries.size());
    if (!is_first) {
        m_entries.push_back(hard_link_to(m_entries[known->second], std::move(entry.path)));
        return;
    }
    if (entry.type == EntryType::hard_link) {
        entry = part.layer->entry(inode);
        entry.path = part.path;
    }
    m_entries.push_back(std::move(entry));
}

/// One name, as the layers [first, last) have it, top first.
void Union::visit(const Part* first, const Part* last) {
    std::vector<Part> directories;
    const Part* shown = nullptr; // the topmost entry proper
    for (const auto* part = first; part != last; ++part) {
        const bool whiteout =
            part->has_entry && part->layer->type(part->index) == EntryType::whiteout;
        const bool directory =
            !part->has_entry || part->layer->type(part->index) == EntryType::directory;
        if (whiteout) break;
        if (!directory) {
            if (directories.empty()) shown = part;
            break;
        }
        directories.push_back(*part);
        if (shown == nullptr && part->has_entry) shown = part;
        if (part->has_entry && part->layer->opaque(part->index)) break;
    }
    if (shown == nullptr && directories.empty()) return;
    emit(shown != nullptr ? *shown : *first);
    if (!directories.empty()) walk_children(directories);
}

void Union::walk_children(const std::vector<Part>& directories) {
    std::vector<std::pair<std::string_view, Part>> children;
    for (const auto& directory : directories)
        for (ListingCursor child(*directory.layer, directory.path); !child.at_end(); child.next())
            children.push_back({child.name(),
                                {directory.layer, directory.order, child.index(), child.has_entry(),
                                 child.path()}});
    std::ranges::stable_sort(children, {}, [](const auto& child) { return child.first; });

    std::vector<Part> same_name;
    for (std::size_t i = 0; i < children.size();) {
        same_name.clear();
        const auto name = children[i].first;
        for (; i < children.size() && children[i].first == name; ++i)
            same_name.push_back(children[i].second);
        visit(same_name.data(), same_name.data() + same_name.size());
    }
}

} // namespace

std::vector<LayerEntry> StageView::subtree(std::string_view path) const {
    Union whole;
    const auto top = find(path);
    if (!top) return {};
    if (top->type != EntryType::directory) return {*top};

    std::vector<LayerEntry> entries;
    if (!path.empty()) {
        entries.push_back(*top);
        entries.back().opaque = false;
    }
    std::vector<Part> directories;
    for (std::size_t i = 0; i < m_layers.size(); ++i) {
        const auto& layer = m_layers[m_layers.size() - 1 - i];
        const auto says = layer_says(*layer, path);
        if (says.is_directory)
            directories.push_back({layer.get(), static_cast<std::uint32_t>(i), 0, false, path});
        if (says.hides_children || says.what == LayerSays::What::gone) break;
    }
    whole.walk_children(directories);
    auto below = whole.take();
    entries.insert(entries.end(), std::make_move_iterator(below.begin()),
                   std::make_move_iterator(below.end()));
    return entries;
}

} // namespace mybuild
