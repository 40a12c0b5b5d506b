#include "builder/export.hpp"

#include "builder/bases.hpp"
#include "builder/copy/stage_tree.hpp"
#include "cache/store.hpp"
#include "image/archive.hpp"
#include "image/layer_tar.hpp"

#include <fmt/format.h>

namespace mybuild {
namespace {

constexpr std::size_t max_manifest = std::size_t{4} * 1024 * 1024; // as registries allow

std::string_view layer_media_type(ExportCompression compression) {
    switch (compression) {
    case ExportCompression::zstd:
        return oci::media_type::layer_zstd;
    case ExportCompression::uncompressed:
        return oci::media_type::layer;
    case ExportCompression::gzip:
        break;
    }
    return oci::media_type::layer_gzip;
}

/// An image that was pulled or loaded goes out with the manifest it came with.
Result<std::optional<ArchiveImage>> with_own_manifest(Store& store, const StoredImage& image) {
    if (image.manifest.media_type != oci::media_type::manifest) return std::nullopt;
    TRY_ASSIGN(auto json, store.blobs().read(image.manifest.digest, max_manifest));
    ArchiveImage out;
    TRY_ASSIGN(out.parsed, oci::parse_manifest(json));
    for (const auto& layer : out.parsed.layers)
        if (!store.blobs().has(layer.digest)) return std::nullopt;
    out.manifest = image.manifest;
    out.manifest_json = std::move(json);
    return out;
}

Result<ArchiveImage> compose(LayerStore& layers, const LayerStack& stack, const StoredImage& image,
                             ExportCompression compression) {
    ArchiveImage out;
    out.parsed.media_type = oci::media_type::manifest;
    out.parsed.config = {std::string(oci::media_type::config), image.id, image.config.size()};
    for (const auto& layer : stack) {
        TRY_ASSIGN(auto blob, layers.blob(layer, layer_media_type(compression)));
        blob.annotations.clear();
        out.parsed.layers.push_back(std::move(blob));
    }
    out.manifest_json = oci::write_manifest(out.parsed);
    out.manifest = {std::string(oci::media_type::manifest), Digest::of(out.manifest_json),
                    out.manifest_json.size()};
    return out;
}

} // namespace

Status export_archive(Store& store, LayerStore& layers, const std::vector<ExportedImage>& images,
                      ExportCompression compression, ByteSink& out) {
    std::vector<ArchiveImage> archived;
    for (const auto& exported : images) {
        TRY_ASSIGN(const auto config, oci::parse_config(exported.image.config));
        TRY_ASSIGN(auto ready, with_own_manifest(store, exported.image));
        if (!ready) {
            TRY_ASSIGN(const auto stack, image_layers(store, layers, exported.image, {}));
            TRY_ASSIGN(ready, compose(layers, stack, exported.image, compression));
        }
        ready->config_json = exported.image.config;
        ready->manifest.platform = config.platform;
        ready->names = exported.names;
        if (!config.created.empty()) ready->created = config.created;
        archived.push_back(std::move(*ready));
    }
    return write_oci_archive(archived, store.blobs(), out);
}

Status export_tar(Store& store, LayerStore& layers, const ExportedImage& image, ByteSink& out) {
    TRY_ASSIGN(auto stack, image_layers(store, layers, image.image, {}));
    StageTree tree(layers, std::move(stack), {"image"});
    LayerTarWriter writer(out);
    for (auto& entry : tree.view().subtree("")) {
        if (entry.path.empty()) continue; // the root itself has no name in a tar
        entry.opaque = false;
        entry.mtime = image.file_time.value_or(entry.mtime);
        std::unique_ptr<ByteSource> content;
        if (entry.type == EntryType::file && entry.size > 0) {
            TRY_ASSIGN(content, tree.open(entry.path));
        }
        TRY(writer.add(entry, content.get()));
    }
    return writer.finish();
}

} // namespace mybuild
