#pragma once

#include "image/oci/layer_entry.hpp"

#include <cstddef>
#include <string_view>

namespace mybuild {

/// The index of the first of `count` paths in canonical order that does not come before `wanted`;
/// `count` if there is none. `path_at(index)` gives a path.
template <typename PathAt>
[[nodiscard]] std::size_t canonical_lower_bound(std::size_t count, std::string_view wanted,
                                                const PathAt& path_at) {
    std::size_t low = 0;
    std::size_t high = count;
    while (low < high) {
        const auto middle = low + (high - low) / 2;
        if (compare_paths(path_at(middle), wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

} // namespace mybuild
