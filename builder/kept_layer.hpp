#pragma once

#include "builder/copy/layout.hpp"
#include "builder/copy/source_tree.hpp"
#include "cache/layers/layer_store.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace mybuild {

class Store;

/// Says what is in a tree that is to be kept: entries as Layout::finish() gives them.
using MakeEntries = std::function<Result<std::vector<PlannedEntry>>()>;

/// The layer without a parent that the store has taken in under `key`. Where it has none, or no
/// longer, `make` says what is in it. None: there is nothing in it.
Result<std::optional<Layer>> kept_layer(Store& store, LayerStore& layers, const Digest& key,
                                        const MakeEntries& make);

/// The same as a tree to copy from. Errors that `make` returns are passed on.
Result<std::shared_ptr<SourceTree>> kept_tree(Store& store, LayerStore& layers, const Digest& key,
                                              TreeLabel label, const MakeEntries& make);

/// All of a tree, for kept_layer(). The entries read from the tree, which must outlive them.
Result<std::vector<PlannedEntry>> entries_of(SourceTree& tree);

} // namespace mybuild
