#pragma once

#include "cache/layers/layer_store.hpp"
#include "cache/layers/tree_merge.hpp"
#include "cache/layers/tree_trash.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace mybuild {

/// A sealed tree with the entries that sealing found.
class SealedUpper final : public SealedTree {
  public:
    SealedUpper(TreeTrash& trash, std::string tree, std::vector<LayerEntry> entries)
        : m_trash(trash), m_tree(std::move(tree)), m_entries(std::move(entries)) {}
    ~SealedUpper() override;

    [[nodiscard]] const std::string& tree() const override { return m_tree; }
    [[nodiscard]] std::vector<LayerEntry> take_entries() { return std::move(m_entries); }
    void committed() { m_is_committed = true; }

  private:
    TreeTrash& m_trash;
    std::string m_tree;
    std::vector<LayerEntry> m_entries;
    bool m_is_committed = false;
};

/// Roots for steps: overlays on trees, and what becomes of their upper directories. Thread-safe.
class StepTrees {
  public:
    StepTrees(Store& store, TreeTrash& trash)
        : m_store(store), m_trash(trash), m_merger(store, trash) {}
    Result<std::unique_ptr<Scratch>> prepare(std::span<const TreeRef> trees);
    Result<std::unique_ptr<Scratch>> prepare_on(std::span<const int> lowers);
    Result<std::unique_ptr<SealedTree>> seal(std::unique_ptr<Scratch> scratch,
                                             const StageView& below);
    Result<Fd> mount_read_only(std::span<const TreeRef> trees);

  private:
    /// Descriptors of the trees' roots, top first; one empty directory where there is none.
    Result<std::vector<Fd>> open_lowers(std::span<const TreeRef> trees);
    Result<Fd> open_empty();

    Store& m_store;
    TreeTrash& m_trash;
    TreeMerger m_merger;
};

} // namespace mybuild
