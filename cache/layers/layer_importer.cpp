#include "cache/layers/layer_importer.hpp"

#include "base/fs.hpp"
#include "cache/layers/tree_files.hpp"
#include "image/byte_stream_io.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <fcntl.h>
#include <mutex>
#include <thread>

namespace mybuild {
namespace {

std::optional<Digest> chain_of(std::span<const Layer> stack) {
    if (stack.empty()) return std::nullopt;
    return stack.back().row.chain_id;
}

/// passwd and group of a tree, for the listing to keep.
Status keep_bytes(int root, const std::vector<LayerEntry>& entries, ListingBuilder& listing) {
    constexpr std::size_t max_kept = 10 * 1024 * 1024; // as LayerPass
    tree::Directories directories(root);
    for (const auto& entry : entries) {
        if (entry.type != EntryType::file || !keeps_bytes(entry.path) || entry.size > max_kept)
            continue;
        TRY_ASSIGN(const int dir, directories.open(parent_path(entry.path)));
        TRY_ASSIGN(const auto file, tree::open_file(dir, std::string(base_name(entry.path))));
        TRY_ASSIGN(auto bytes, fs::read_all(file.get(), max_kept));
        listing.keep(entry.path, bytes);
    }
    return {};
}

} // namespace

/// The layer, if the store has it; its blob is then known as one more form of it.
Result<std::optional<Layer>> LayerImporter::known(const std::optional<Digest>& parent,
                                                  const LayerBlob& layer) {
    auto& rows = m_store.layer_rows();
    TRY_ASSIGN(const auto blobs, rows.blobs_of(layer.diff_id));
    const auto has_it = [&](const auto& blob) { return blob.digest == layer.blob.digest; };
    if (std::ranges::none_of(blobs, has_it)) TRY(rows.add_blob(layer.diff_id, layer.blob));
    return m_catalog.find(oci::chain_id(parent, layer.diff_id));
}

Result<std::unique_ptr<LayerUnpack>>
LayerImporter::unpack(const LayerBlob& layer, const StageView* below, const std::stop_token& stop) {
    TRY_ASSIGN(auto file, m_store.blobs().open(layer.blob.digest));
    return LayerUnpack::run(m_store, m_trash,
                            {std::move(file), fmt::format("layer {}", layer.blob.digest.str())},
                            layer.diff_id, below, stop);
}

Result<Layer> LayerImporter::finish(std::span<const Layer> below, const LayerBlob& layer,
                                    std::unique_ptr<LayerUnpack> unpacked,
                                    const std::stop_token& stop) {
    const auto view = view_of(below);
    if (unpacked->must_follow_links_of(view)) {
        TRY_ASSIGN(unpacked, unpack(layer, &view, stop));
    }
    TRY_ASSIGN(const auto entries, unpacked->finish(view, [&](const std::string& path) {
        return m_trees.open_shown(below, path);
    }));
    ListingBuilder listing;
    for (const auto& entry : entries)
        TRY(listing.add(entry));
    TRY(keep_bytes(unpacked->root(), entries, listing));
    NewLayer made;
    TRY_ASSIGN(made.listing, Listing::from_bytes(listing.finish()));
    made.diff_id = layer.diff_id;
    made.tar_size = unpacked->tar_size();
    TRY_ASSIGN(made.tree, unpacked->keep());
    TRY(m_store.layer_rows().add_blob(layer.diff_id, layer.blob));
    return m_catalog.put(chain_of(below), std::move(made));
}

Result<Layer> LayerImporter::import(std::span<const Layer> below, const LayerBlob& layer,
                                    const std::stop_token& stop) {
    const auto parent = chain_of(below);
    const auto held = m_locks.lock(oci::chain_id(parent, layer.diff_id).hex());
    TRY_ASSIGN(auto there, known(parent, layer));
    if (there) return std::move(*there);
    const auto view = view_of(below);
    TRY_ASSIGN(auto unpacked, unpack(layer, &view, stop));
    return finish(below, layer, std::move(unpacked), stop);
}

Result<LayerStack> LayerImporter::import_all(std::span<const LayerBlob> layers,
                                             const std::stop_token& stop) {
    LayerStack stack;
    while (stack.size() < layers.size()) { // what the store has, from the bottom
        TRY_ASSIGN(auto there, known(chain_of(stack), layers[stack.size()]));
        if (!there) break;
        stack.push_back(std::move(*there));
    }
    const auto missing = layers.subspan(stack.size());
    std::vector<std::unique_ptr<LayerUnpack>> unpacked(missing.size());
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    Status result;
    const auto work = [&] {
        for (auto i = next++; i < missing.size(); i = next++) {
            auto done = unpack(missing[i], nullptr, stop);
            const std::lock_guard lock(mutex);
            if (!result) return;
            if (done)
                unpacked[i] = std::move(*done);
            else
                result = fail(std::move(done).error());
        }
    };
    {
        std::vector<std::jthread> helpers;
        if (missing.size() > 1) helpers.emplace_back(work);
        work();
    }
    TRY(std::move(result));
    for (std::size_t i = 0; i < missing.size(); ++i) {
        TRY_ASSIGN(auto layer, finish(stack, missing[i], std::move(unpacked[i]), stop));
        stack.push_back(std::move(layer));
    }
    return stack;
}

} // namespace mybuild
