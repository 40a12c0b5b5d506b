#pragma once

#include "cache/layers/listing.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mybuild {

/// What one layer of a stack says of a path.
struct LayerSays {
    enum class What : std::uint8_t {
        nothing, ///< look further down
        entry,   ///< it has an entry for the path
        implied, ///< it has entries below the path only, so the path is a directory
        gone,    ///< deleted or hidden here: do not look further down
    };
    What what = What::nothing;
    std::size_t index = 0;       ///< of the entry
    bool is_directory = false;   ///< by entry or implied
    bool hides_below = false;    ///< an ancestor keeps lower layers from saying anything
    bool hides_children = false; ///< lower layers add nothing to the directory's content
};

[[nodiscard]] LayerSays layer_says(const Listing& layer, std::string_view path);

} // namespace mybuild
