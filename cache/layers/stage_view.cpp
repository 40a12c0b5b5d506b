#include "cache/layers/stage_view.hpp"

#include "base/render.hpp"
#include "cache/layers/layer_says.hpp"
#include "cache/layers/listing_cursor.hpp"
#include "cache/layers/pending_components.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>

namespace mybuild {
namespace {

/// A directory that no layer describes.
LayerEntry plain_directory(std::string_view path) {
    LayerEntry entry;
    entry.path = path;
    entry.type = EntryType::directory;
    entry.mode = 0755;
    return entry;
}

/// Where an entry stands: the layer and its index there.
struct Place {
    const Listing* layer = nullptr;
    std::size_t index = 0;
};

struct Located {
    bool exists = false;
    Place place = {}; ///< layer nullptr: an implied directory
};

Located locate(const std::vector<std::shared_ptr<const Listing>>& layers, std::string_view path) {
    using What = LayerSays::What;
    bool implied = false;
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
        const auto says = layer_says(**layer, path);
        if (says.what == What::entry) {
            if (implied && !says.is_directory) break;
            return {true, {layer->get(), says.index}};
        }
        if (says.what == What::implied) implied = true;
        if (says.what == What::gone || says.hides_below) break;
    }
    return {implied, {}};
}

LayerEntry entry_at(Place place, std::string_view path) {
    auto entry = place.layer->entry(place.index);
    if (entry.type == EntryType::hard_link) {
        // The listing's validation promises that the named entry is there.
        entry = place.layer->entry(place.layer->find(entry.link).value());
    }
    entry.path = path;
    entry.opaque = false; // says something of layers, not of what they show
    return entry;
}

std::string join(const std::vector<std::string>& parts) {
    return fmt::format("{}", fmt::join(parts, "/"));
}

} // namespace

StageView::StageView(std::vector<std::shared_ptr<const Listing>> bottom_first)
    : m_layers(std::move(bottom_first)) {}

std::optional<LayerEntry> StageView::find(std::string_view path) const {
    if (path.empty()) return plain_directory(path);
    const auto located = locate(m_layers, path);
    if (!located.exists) return std::nullopt;
    if (located.place.layer == nullptr) return plain_directory(path);
    return entry_at(located.place, path);
}

std::vector<std::string> StageView::children(std::string_view path) const {
    std::map<std::string, bool, std::less<>> names; // false: hidden from here down
    for (auto layer = m_layers.rbegin(); layer != m_layers.rend(); ++layer) {
        const auto says = layer_says(**layer, path);
        if (says.is_directory)
            for (ListingCursor child(**layer, path); !child.at_end(); child.next())
                names.try_emplace(std::string(child.name()), !child.is_whiteout());
        if (says.hides_children || says.what == LayerSays::What::gone) break;
    }
    std::vector<std::string> visible;
    for (const auto& [name, shown] : names)
        if (shown) visible.push_back(name);
    return visible;
}

Result<StageView::Resolved> StageView::resolve(std::string_view path, bool follow_last) const {
    constexpr int max_links = 255;
    std::vector<std::string> parts;
    std::deque<std::string> pending;
    push_front(pending, path);
    int links = 0;
    auto entry = find("");
    while (!pending.empty()) {
        const auto part = pending.front();
        pending.pop_front();
        if (entry && entry->type != EntryType::directory)
            return fail(
                {ErrorCode::invalid, fmt::format("/{}: not a directory", printable(join(parts)))});
        if (part == "..") {
            if (!parts.empty()) parts.pop_back();
            entry = find(join(parts));
            continue;
        }
        parts.push_back(part);
        if (entry) entry = find(join(parts));
        if (!entry || entry->type != EntryType::symlink || (pending.empty() && !follow_last))
            continue;
        if (++links > max_links)
            return fail({ErrorCode::invalid,
                         fmt::format("/{}: too many levels of symbolic links", printable(path))});
        const auto target = entry->link;
        parts.pop_back();
        if (target.starts_with('/')) parts.clear();
        push_front(pending, target);
        entry = find(join(parts));
    }
    return Resolved{join(parts), std::move(entry)};
}

std::optional<std::size_t> StageView::layer_of(std::string_view path) const {
    const auto located = locate(m_layers, path);
    if (located.place.layer == nullptr) return std::nullopt;
    const auto at = std::ranges::find_if(
        m_layers, [&](const auto& layer) { return layer.get() == located.place.layer; });
    return static_cast<std::size_t>(at - m_layers.begin());
}

std::optional<std::string> StageView::kept(std::string_view path) const {
    const auto resolved = resolve(path, true);
    if (!resolved || !resolved->entry || resolved->entry->type != EntryType::file)
        return std::nullopt;
    const auto located = locate(m_layers, resolved->path);
    if (located.place.layer == nullptr) return std::nullopt;
    const auto bytes = located.place.layer->kept(resolved->path);
    return bytes ? std::optional(std::string(*bytes)) : std::nullopt;
}

StageView StageView::narrowed(std::string_view directory) const {
    std::vector<std::shared_ptr<const Listing>> speaking;
    for (auto layer = m_layers.rbegin(); layer != m_layers.rend(); ++layer) {
        const auto says = layer_says(**layer, directory);
        if (says.what != LayerSays::What::nothing) speaking.push_back(*layer);
        if (says.what == LayerSays::What::gone || says.hides_children) break;
    }
    std::ranges::reverse(speaking);
    return StageView(std::move(speaking));
}

StageView StageView::with(std::shared_ptr<const Listing> top) const {
    auto layers = m_layers;
    layers.push_back(std::move(top));
    return StageView(std::move(layers));
}

} // namespace mybuild
