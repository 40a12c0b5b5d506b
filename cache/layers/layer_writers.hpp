#pragma once

#include "cache/layers/layer_catalog.hpp"
#include "cache/layers/tree_trash.hpp"

#include <memory>

namespace mybuild {

/// A writer that appends to one file: the canonical archive. Copying 20,000 small files this way
/// costs a fifth of creating them.
Result<std::unique_ptr<LayerWriter>> make_archive_writer(Store& store, LayerCatalog& catalog,
                                                         TreeTrash& trash);
/// A writer that makes the tree, for when the next step needs it at once.
Result<std::unique_ptr<LayerWriter>> make_tree_writer(Store& store, LayerCatalog& catalog,
                                                      TreeTrash& trash);

} // namespace mybuild
