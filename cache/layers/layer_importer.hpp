#pragma once

#include "cache/layers/keyed_locks.hpp"
#include "cache/layers/tree_maker.hpp"

#include <memory>
#include <span>
#include <stop_token>

namespace mybuild {

/// Layers of images that were pulled or loaded: their blobs become trees and listings. Their diff
/// ids are those of the archives as they came, which nothing but the blob can give back.
/// Thread-safe.
class LayerImporter {
  public:
    LayerImporter(Store& store, LayerCatalog& catalog, TreeTrash& trash, TreeMaker& trees)
        : m_store(store), m_catalog(catalog), m_trash(trash), m_trees(trees) {}

    Result<Layer> import(std::span<const Layer> below, const LayerBlob& layer,
                         const std::stop_token& stop);
    /// All layers of an image, bottom first; those that are missing are unpacked two at a time.
    Result<LayerStack> import_all(std::span<const LayerBlob> layers, const std::stop_token& stop);

  private:
    Result<std::optional<Layer>> known(const std::optional<Digest>& parent, const LayerBlob& layer);
    Result<std::unique_ptr<LayerUnpack>> unpack(const LayerBlob& layer, const StageView* below,
                                                const std::stop_token& stop);
    Result<Layer> finish(std::span<const Layer> below, const LayerBlob& layer,
                         std::unique_ptr<LayerUnpack> unpacked, const std::stop_token& stop);

    Store& m_store;
    LayerCatalog& m_catalog;
    TreeTrash& m_trash;
    TreeMaker& m_trees;
    KeyedLocks m_locks;
};

} // namespace mybuild
