#include "builder/import.hpp"

#include "builder/bases.hpp"
#include "cache/store.hpp"
#include "image/archive.hpp"

#include <fmt/format.h>

namespace mybuild {
namespace {

constexpr std::size_t max_json = std::size_t{4} * 1024 * 1024; // as registries and podman cap them

/// Unpacks and records an image whose blobs are in the store.
Result<StoredImage> put_image(Store& store, LayerStore& layers, const oci::Descriptor& descriptor,
                              const oci::Manifest& manifest, std::string config_json,
                              const std::stop_token& stop) {
    TRY_ASSIGN(const auto config, oci::parse_config(config_json));
    if (config.diff_ids.size() != manifest.layers.size()) {
        return fail({ErrorCode::corrupt,
                     fmt::format("image {}: {} layers in its manifest, {} in its config",
                                 manifest.config.digest.str(), manifest.layers.size(),
                                 config.diff_ids.size())});
    }
    StoredImage image;
    image.id = manifest.config.digest;
    image.manifest = descriptor;
    image.config = std::move(config_json);
    TRY_ASSIGN(const auto stack, image_layers(store, layers, image, stop));
    for (const auto& layer : stack)
        image.size += layer.row.file_bytes;
    image.stored_ns = EventLog::now_ns();
    TRY(store.images().put(image));
    return image;
}

/// The same of one that came from an archive.
Result<StoredImage> put_imported(Store& store, LayerStore& layers, const ImportedImage& found,
                                 const std::stop_token& stop) {
    TRY_ASSIGN(const auto json, store.blobs().read(found.manifest.digest, max_json));
    TRY_ASSIGN(const auto manifest, oci::parse_manifest(json));
    TRY_ASSIGN(auto config, store.blobs().read(manifest.config.digest, max_json));
    return put_image(store, layers, found.manifest, manifest, std::move(config), stop);
}

} // namespace

Result<StoredImage> load_layout_image(Store& store, LayerStore& layers,
                                      const std::string& directory, const std::string& selector,
                                      const oci::Platform& platform, const std::stop_token& stop) {
    TRY_ASSIGN(const auto found, read_layout_image(directory, selector, store.blobs(), platform));
    return put_imported(store, layers, found, stop);
}

Result<std::vector<BroughtImage>> load_archive(Store& store, LayerStore& layers,
                                               const std::string& path, int input,
                                               const oci::Platform& platform,
                                               const std::stop_token& stop) {
    auto& blobs = store.blobs();
    TRY_ASSIGN(const auto imported, path == "-"
                                        ? read_archive(input, "standard input", blobs, platform)
                                        : read_archive(path, blobs, platform));
    std::vector<BroughtImage> brought;
    for (const auto& found : imported) {
        TRY_ASSIGN(auto image, put_imported(store, layers, found, stop));
        for (const auto& name : found.names)
            TRY(store.images().tag(name, found.manifest, image.id));
        brought.push_back({std::move(image), found.names});
    }
    return brought;
}

Result<BroughtImage> pull_image(Store& store, LayerStore& layers, registry::RegistryClient& client,
                                const oci::Reference& name, const oci::Platform& platform,
                                const registry::BlobProgress& progress,
                                const std::stop_token& stop) {
    TRY_ASSIGN(auto resolved, client.resolve(name, platform, stop));
    TRY(client.fetch_layers(name, resolved.manifest.layers, store.blobs(), progress, stop));
    TRY(store.blobs().put(resolved.config_bytes, resolved.manifest.config.media_type));
    TRY(store.blobs().put(resolved.manifest_bytes, resolved.descriptor.media_type));
    TRY_ASSIGN(auto image, put_image(store, layers, resolved.descriptor, resolved.manifest,
                                     std::move(resolved.config_bytes), stop));
    TRY(store.images().tag(name, resolved.descriptor, image.id));
    return BroughtImage{std::move(image), {name}};
}

} // namespace mybuild
