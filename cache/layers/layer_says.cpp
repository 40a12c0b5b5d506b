#include "cache/layers/layer_says.hpp"

#include "cache/layers/listing_cursor.hpp"

namespace mybuild {
namespace {

using What = LayerSays::What;

/// Nothing of lower layers shows through an entry that is no directory or is opaque.
bool hides(const Listing& layer, std::size_t index) {
    return layer.type(index) != EntryType::directory || layer.opaque(index);
}

} // namespace

LayerSays layer_says(const Listing& layer, std::string_view path) {
    LayerSays says;
    if (path.empty()) { // the root is a directory everywhere
        says.what = What::implied;
        says.is_directory = true;
        return says;
    }
    std::size_t slash = 0;
    while (slash != std::string_view::npos) {
        slash = path.find('/', slash == 0 ? 0 : slash + 1);
        const auto part = path.substr(0, slash);
        const auto index = layer.lower_bound(part);
        const bool below = index < layer.size() && is_at_or_below(layer.path(index), part);
        const bool there = below && layer.path(index).size() == part.size();
        if (!below) break; // then there is nothing at the path either
        if (slash != std::string_view::npos) {
            says.hides_below = says.hides_below || (there && hides(layer, index));
            continue;
        }
        says.index = index;
        says.what = there ? What::entry : What::implied;
        if (there && layer.type(index) == EntryType::whiteout) says.what = What::gone;
        says.is_directory = !there || layer.type(index) == EntryType::directory;
        says.hides_children = there && hides(layer, index);
    }
    if (says.hides_below) {
        says.hides_children = true;
        if (says.what == What::nothing) says.what = What::gone;
    }
    return says;
}

} // namespace mybuild
