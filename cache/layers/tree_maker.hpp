#pragma once

#include "cache/layers/keyed_locks.hpp"
#include "cache/layers/layer_catalog.hpp"
#include "cache/layers/layer_unpack.hpp"

#include <span>
#include <string>
#include <vector>

namespace mybuild {

/// Trees of layers, unpacked when they are first needed. Thread-safe.
class TreeMaker {
  public:
    TreeMaker(Store& store, LayerCatalog& catalog, TreeTrash& trash)
        : m_store(store), m_catalog(catalog), m_trash(trash) {}

    /// Trees of all layers, those that are missing made two at a time.
    Result<std::vector<TreeRef>> trees(const LayerStack& stack);
    /// The tree of `stack.back()`; its name below trees/.
    Result<std::string> tree(std::span<const Layer> stack);
    /// The layer's tree as its row has it; none where there is none, or where it was torn by a
    /// power loss and is forgotten now.
    Result<std::optional<std::string>> checked_tree(const LayerRow& row, const Listing& listing);
    /// A regular file as the layers show it.
    Result<Fd> open_shown(std::span<const Layer> stack, const std::string& path);
    /// A regular file of the top layer's own.
    Result<Fd> open_own(std::span<const Layer> stack, const std::string& path);

  private:
    Result<std::string> make(std::span<const Layer> stack);
    Result<std::string> unpack(std::span<const Layer> stack, LayerFile from);
    Result<std::optional<std::string>> shared_tree(const LayerRow& row);

    Store& m_store;
    LayerCatalog& m_catalog;
    TreeTrash& m_trash;
    KeyedLocks m_locks;
};

} // namespace mybuild
