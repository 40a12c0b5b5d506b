#pragma once

#include "builder/build.hpp"
#include "builder/keys.hpp"
#include "cache/layers/layer_store.hpp"

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

namespace mybuild {

/// The layers below the next step of a stage. They are looked up when first needed, so that a stage
/// answered from records never touches them; the topmost may still be being hashed.
class StageLayers {
  public:
    StageLayers(LayerStore& store, std::function<Result<LayerStack>()> load)
        : m_store(store), m_load(std::move(load)) {}

    /// From now on the layers are those up to this chain id, to be loaded when needed.
    void become(std::function<Result<LayerStack>()> load);
    void push(Layer layer); ///< only when nothing is being hashed

    /// All layers with their listings; waits for the one being hashed.
    Result<const LayerStack*> stack();
    Result<StageView> view();
    /// Content chain (keys.hpp) of all layers.
    Result<Digest> contents();
    /// A writable root on top; does not wait for hashes.
    Result<std::unique_ptr<Scratch>> prepare();
    /// A read-only root of the layers.
    Result<Fd> mount_read_only();

    /// Seals what a step changed and hashes it in the background.
    Status seal(std::unique_ptr<Scratch> scratch);
    [[nodiscard]] bool is_hashing() const { return m_hashing.valid(); }
    /// Waits for the hashes; the layer is on the stack afterwards.
    Result<Layer> hashed();

  private:
    Status load();
    Result<std::vector<TreeRef>> trees();

    LayerStore& m_store;
    std::function<Result<LayerStack>()> m_load;
    std::optional<LayerStack> m_stack;         ///< without the layer being hashed
    std::vector<TreeRef> m_trees;              ///< of m_stack, as far as they were asked for
    Digest m_contents = empty_content_chain(); ///< content chain of the first m_contents_of layers
    std::size_t m_contents_of = 0;
    std::optional<TreeRef> m_sealed; ///< the tree being hashed
    std::future<Result<Layer>> m_hashing;
};

} // namespace mybuild
