#pragma once

#include "cache/key.hpp"
#include "image/oci/layer_entry.hpp"

#include <cstdint>
#include <string_view>

namespace mybuild {

/// Whether the owners of files count, or become 0:0 whatever they are.
enum class Owners : std::uint8_t { kept, root };

/// Adds all that is of an entry but its times: what a step sees or copies of it. `path` and `mode`
/// are those that it gets.
void add_entry(KeyBuilder& key, const LayerEntry& entry, std::string_view path, std::uint32_t mode,
               Owners owners);

} // namespace mybuild
