#include "cache/layers/layer_store.hpp"

#include "base/fs.hpp"
#include "cache/layers/layer_archives.hpp"
#include "cache/layers/layer_catalog.hpp"
#include "cache/layers/layer_importer.hpp"
#include "cache/layers/layer_pass.hpp"
#include "cache/layers/layer_writers.hpp"
#include "cache/layers/step_trees.hpp"
#include "cache/layers/tree_files.hpp"
#include "cache/layers/tree_maker.hpp"
#include "cache/layers/work_space.hpp"

#include <fmt/format.h>

namespace mybuild {
namespace {

class SpaceOfWork final : public WorkDirectory {
  public:
    explicit SpaceOfWork(WorkSpace space) : m_space(std::move(space)) {}
    [[nodiscard]] int fd() const override { return m_space.fd(); }

  private:
    WorkSpace m_space;
};

/// The layers of a store on this machine's disk: each part does one thing, this says which.
class DirectoryLayers final : public LayerStore {
  public:
    explicit DirectoryLayers(Store& store)
        : m_store(store), m_trash(store), m_catalog(store), m_trees(store, m_catalog, m_trash),
          m_steps(store, m_trash), m_importer(store, m_catalog, m_trash, m_trees),
          m_archives(store, m_catalog) {}

    Result<std::optional<Layer>> find(const Digest& chain_id) override {
        return m_catalog.find(chain_id);
    }
    Result<std::optional<LayerStack>> stack(const Digest& chain_id) override {
        return m_catalog.stack(chain_id);
    }
    Result<std::vector<TreeRef>> trees(const LayerStack& stack) override {
        return m_trees.trees(stack);
    }
    Result<std::unique_ptr<Scratch>> prepare(std::span<const TreeRef> trees) override {
        return m_steps.prepare(trees);
    }
    Result<std::unique_ptr<Scratch>> prepare_on(std::span<const int> lowers) override {
        return m_steps.prepare_on(lowers);
    }
    Result<std::unique_ptr<WorkDirectory>> work_directory() override {
        TRY_ASSIGN(auto space, WorkSpace::create(m_store, m_trash));
        return std::make_unique<SpaceOfWork>(std::move(space));
    }
    Result<std::unique_ptr<SealedTree>> seal(std::unique_ptr<Scratch> scratch,
                                             const StageView& below) override {
        return m_steps.seal(std::move(scratch), below);
    }
    Result<Layer> commit(std::unique_ptr<SealedTree> tree,
                         const std::optional<Digest>& parent) override;
    Result<std::unique_ptr<LayerWriter>> writer(Form form) override {
        return form == Form::archive ? make_archive_writer(m_store, m_catalog, m_trash)
                                     : make_tree_writer(m_store, m_catalog, m_trash);
    }
    Result<Layer> import(const LayerStack& below, const Digest& diff_id,
                         const oci::Descriptor& blob, std::stop_token stop) override {
        return m_importer.import(below, {diff_id, blob}, stop);
    }
    Result<LayerStack> import_all(std::span<const LayerBlob> layers,
                                  std::stop_token stop) override {
        return m_importer.import_all(layers, stop);
    }
    Result<Layer> adopt(const std::optional<Digest>& parent, const Layer& layer) override {
        return m_catalog.adopt(parent, layer);
    }
    Status write_tar(const Layer& layer, ByteSink& out) override {
        return m_archives.write_tar(layer, out);
    }
    Result<oci::Descriptor> blob(const Layer& layer, std::string_view media_type) override {
        return m_archives.blob(layer, media_type);
    }
    Result<Fd> open_file(const Layer& layer, const std::string& path) override;
    Result<Fd> mount_read_only(std::span<const TreeRef> trees) override {
        return m_steps.mount_read_only(trees);
    }

  private:
    Result<std::optional<Layer>> known(const std::optional<Digest>& parent,
                                       const Digest& content_id);

    Store& m_store;
    TreeTrash m_trash; // before those who throw into it
    LayerCatalog m_catalog;
    TreeMaker m_trees;
    StepTrees m_steps;
    LayerImporter m_importer;
    LayerArchives m_archives;
};

/// What the catalog knows; its tree, if it has one, is whole.
Result<std::optional<Layer>> DirectoryLayers::known(const std::optional<Digest>& parent,
                                                    const Digest& content_id) {
    for (;;) {
        TRY_ASSIGN(auto layer, m_catalog.known(parent, content_id));
        if (!layer || layer->row.tree.empty()) return layer;
        TRY_ASSIGN(const auto tree, m_trees.checked_tree(layer->row, *layer->listing));
        if (tree) return layer;
    }
}

Result<Layer> DirectoryLayers::commit(std::unique_ptr<SealedTree> tree,
                                      const std::optional<Digest>& parent) {
    auto* sealed = dynamic_cast<SealedUpper*>(tree.get());
    if (sealed == nullptr)
        return fail({ErrorCode::internal, "a tree is committed to a store that did not seal it"});
    TRY_ASSIGN(const auto root,
               tree::open_dir(m_store.root_fd(), fmt::format("trees/{}", sealed->tree())));
    TRY_ASSIGN(auto passed, pass_tree(root.get(), sealed->take_entries()));
    TRY_ASSIGN(auto known, this->known(parent, passed.listing->content_id()));
    if (known) return std::move(*known);
    TRY_ASSIGN(auto layer, m_catalog.put(parent, {std::move(passed.listing), passed.diff_id,
                                                  passed.tar_size, sealed->tree()}));
    sealed->committed();
    return layer;
}

Result<Fd> DirectoryLayers::open_file(const Layer& layer, const std::string& path) {
    if (m_catalog.trusts_tree(layer.row)) return m_trees.open_own(std::span(&layer, 1), path);
    TRY_ASSIGN(const auto stack, m_catalog.stack(layer.row.chain_id));
    if (!stack)
        return fail({ErrorCode::not_found,
                     fmt::format("layer {} is not in the store", layer.row.diff_id.str())});
    return m_trees.open_own(*stack, path);
}

} // namespace

Result<LayerStack> LayerStore::import_all(std::span<const LayerBlob> layers, std::stop_token stop) {
    LayerStack stack;
    for (const auto& layer : layers) {
        TRY_ASSIGN(auto imported, import(stack, layer.diff_id, layer.blob, stop));
        stack.push_back(std::move(imported));
    }
    return stack;
}

std::unique_ptr<LayerStore> LayerStore::open(Store& store) {
    return std::make_unique<DirectoryLayers>(store);
}

} // namespace mybuild
