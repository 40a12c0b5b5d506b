#pragma once

#include "base/fd.hpp"
#include "builder/copy/listed_tree.hpp"
#include "cache/layers/layer_store.hpp"

#include <memory>
#include <mutex>
#include <string>

namespace mybuild {

/// The root file system of a stage or image as a source of COPY --from. What is where comes from
/// the listings; a root is only mounted when bytes are read.
class StageTree : public ListedTree {
  public:
    /// `store` must outlive the tree.
    StageTree(LayerStore& store, LayerStack layers, TreeLabel label);

    Result<std::unique_ptr<ByteSource>> open(const std::string& path) override;

  private:
    LayerStore& m_store;
    LayerStack m_layers;
    std::mutex m_mutex; // guards m_root
    Fd m_root;
};

} // namespace mybuild
