#pragma once

#include "builder/copy/layout.hpp"
#include "cache/layers/layer_store.hpp"

#include <optional>
#include <vector>

namespace mybuild::ops {

/// Makes a layer on `parent` of entries as Layout::finish() gives them, reading the bytes of files
/// as it comes to them.
Result<Layer> write_entries(LayerStore& layers, std::vector<PlannedEntry> entries,
                            LayerStore::Form form, const std::optional<Digest>& parent,
                            LayerWriter::Times times = LayerWriter::Times::any);

} // namespace mybuild::ops
