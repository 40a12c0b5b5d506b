#include "builder/kept_layer.hpp"

#include "builder/copy/spooled_tree.hpp"
#include "builder/copy/stage_tree.hpp"
#include "builder/ops/write_entries.hpp"
#include "cache/source_records.hpp"
#include "cache/store.hpp"

namespace mybuild {

Result<std::optional<Layer>> kept_layer(Store& store, LayerStore& layers, const Digest& key,
                                        const MakeEntries& make) {
    auto& sources = store.sources();
    TRY_ASSIGN(const auto known, sources.snapshot(key));
    if (known) {
        if (!known->chain) return std::nullopt;
        TRY_ASSIGN(auto layer, layers.find(*known->chain));
        if (layer) return layer;
    }
    TRY_ASSIGN(auto entries, make());
    if (entries.empty()) {
        TRY(sources.put_snapshot(key, {}));
        return std::nullopt;
    }
    TRY_ASSIGN(auto layer,
               ops::write_entries(layers, std::move(entries), LayerStore::Form::tree, {}));
    TRY(sources.put_snapshot(key, {layer.row.chain_id}));
    return layer;
}

Result<std::shared_ptr<SourceTree>> kept_tree(Store& store, LayerStore& layers, const Digest& key,
                                              TreeLabel label, const MakeEntries& make) {
    TRY_ASSIGN(auto layer, kept_layer(store, layers, key, make));
    if (!layer) return SpooledTree::empty(std::move(label));
    LayerStack stack;
    stack.push_back(*std::move(layer));
    return std::make_shared<StageTree>(layers, std::move(stack), std::move(label));
}

Result<std::vector<PlannedEntry>> entries_of(SourceTree& tree) {
    TRY_ASSIGN(const auto nodes, tree.walk(""));
    Layout layout(StageView(), {});
    TRY(layout.merge_directory("", nodes, [&](const SourceNode& node) -> OpenContent {
        return [&tree, path = node.entry.path] { return tree.open(path); };
    }));
    return layout.finish();
}

} // namespace mybuild
