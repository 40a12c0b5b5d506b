#pragma once

#include "base/fd.hpp"
#include "builder/copy/source_tree.hpp"
#include "cache/layers/layer_store.hpp"

#include <memory>
#include <mutex>
#include <string>

namespace mybuild {

/// The root file system of a stage or image as a source of COPY --from. What is where comes from
/// the listings; a root is only mounted (by `open_root`) when bytes are read.
class StageTree : public SourceTree {
  public:
    /// `store` must outlive the tree. `name` is how messages call it.
    StageTree(LayerStore& store, LayerStack layers, std::string name);

    /// What is where, from the listings alone.
    [[nodiscard]] const StageView& view() const { return m_view; }

    Result<std::optional<SourceNode>> find(const std::string& path) override;
    Result<std::vector<std::string>> children(const std::string& path) override;
    Result<std::string> resolve(const std::string& path) override;
    Result<std::vector<SourceNode>> walk(const std::string& path) override;
    Status digest(std::span<SourceNode* const> nodes) override;
    Result<std::unique_ptr<ByteSource>> open(const std::string& path) override;
    [[nodiscard]] std::string_view name() const override { return m_name; }

  private:
    LayerStore& m_store;
    LayerStack m_layers;
    StageView m_view;
    std::string m_name;
    std::mutex m_mutex; // guards m_root
    Fd m_root;
};

} // namespace mybuild
