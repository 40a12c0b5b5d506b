#pragma once

#include "cache/layers/keyed_locks.hpp"
#include "cache/layers/layer_catalog.hpp"

#include <string_view>

namespace mybuild {

/// Layers as streams and blobs. Thread-safe.
class LayerArchives {
  public:
    LayerArchives(Store& store, LayerCatalog& catalog) : m_store(store), m_catalog(catalog) {}
    /// The tar whose digest is the diff id; checked while it is written.
    Status write_tar(const Layer& layer, ByteSink& out);
    Result<oci::Descriptor> blob(const Layer& layer, std::string_view media_type);

  private:
    Status write_unchecked(const Layer& layer, ByteSink& out);
    Status forget_source(const Layer& layer);
    Result<oci::Descriptor> compress(const Layer& layer, std::string_view media_type);

    Store& m_store;
    LayerCatalog& m_catalog;
    KeyedLocks m_locks;
};

} // namespace mybuild
