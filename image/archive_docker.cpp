#include "base/render.hpp"
#include "image/archive_import.hpp"
#include "image/layer_tar_names.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

// The format of `docker save`: manifest.json names a config and the layers' files of every image.
// (Docker's own reader: daemon/images, tarexport/load.go; it reads nothing else either.)
namespace mybuild::archive {

namespace {

using nlohmann::json;

tl::unexpected<Error> wrong(std::string_view what) {
    return fail(
        Error{.code = ErrorCode::corrupt, .message = fmt::format("bad manifest.json: {}", what)});
}

/// The strings of a member that may be missing or null.
Result<std::vector<std::string>> strings(const json& object, const char* key) {
    std::vector<std::string> out;
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return out;
    if (!found->is_array()) return wrong(fmt::format("{} is not an array", key));
    for (const json& item : *found) {
        if (!item.is_string()) return wrong(fmt::format("{} is not an array of strings", key));
        out.push_back(item.get_ref<const std::string&>());
    }
    return out;
}

Result<DockerImage> parse_image(const json& object) {
    if (!object.is_object()) return wrong("an image is not an object");
    const auto config = object.find("Config");
    if (config == object.end() || !config->is_string()) return wrong("an image has no Config");
    DockerImage image;
    TRY_ASSIGN(image.config, tar::clean_name(config->get_ref<const std::string&>()));
    TRY_ASSIGN(const auto layers, strings(object, "Layers"));
    for (const auto& layer : layers) {
        TRY_ASSIGN(auto name, tar::clean_name(layer));
        image.layers.push_back(std::move(name));
    }
    TRY_ASSIGN(const auto tags, strings(object, "RepoTags"));
    for (const auto& tag : tags) {
        auto name = oci::parse_reference(tag);
        if (!name) return wrong(name.error().message);
        image.names.push_back(std::move(*name));
    }
    return image;
}

Result<std::string> layer_media_type(Compression compression, const std::string& name) {
    switch (compression) {
    case Compression::none:
        return std::string(oci::media_type::layer);
    case Compression::gzip:
        return std::string(oci::media_type::layer_gzip);
    case Compression::zstd:
        return std::string(oci::media_type::layer_zstd);
    default:
        break;
    }
    return fail(Error{.code = ErrorCode::unsupported,
                      .message = fmt::format("{} is compressed with {}", printable(name),
                                             to_string(compression))});
}

Result<oci::Descriptor> store_layer(Files& files, BlobSink& sink, const std::string& name,
                                    const Digest& diff_id) {
    TRY_ASSIGN(auto stored, files.store(name, sink, nullptr));
    if (!stored) {
        return fail(Error{.code = ErrorCode::corrupt,
                          .message = printable(name) + " is missing in the archive"});
    }
    // What is compressed shows when it is unpacked.
    if (stored->compression == Compression::none && stored->blob.digest != diff_id) {
        return fail(Error{.code = ErrorCode::corrupt,
                          .message = fmt::format("the layer {} has the digest {}, and the config "
                                                 "says {}",
                                                 printable(name), stored->blob.digest.str(),
                                                 diff_id.str())});
    }
    TRY_ASSIGN(stored->blob.media_type, layer_media_type(stored->compression, name));
    return stored->blob;
}

Result<ImportedImage> import_image(Files& files, BlobSink& sink, const DockerImage& image) {
    TRY_ASSIGN(const auto text, files.read(image.config, max_config));
    if (!text) {
        return fail(Error{.code = ErrorCode::corrupt,
                          .message = printable(image.config) + " is missing in the archive"});
    }
    TRY_ASSIGN(const auto config, oci::parse_config(*text));
    if (config.diff_ids.size() != image.layers.size()) {
        return fail(Error{.code = ErrorCode::corrupt,
                          .message = fmt::format("manifest.json names {} layers and the config {}",
                                                 image.layers.size(), config.diff_ids.size())});
    }
    oci::Manifest manifest;
    manifest.media_type = oci::media_type::manifest;
    manifest.config.media_type = oci::media_type::config;
    manifest.config.digest = Digest::of(*text);
    manifest.config.size = text->size();
    TRY(store_bytes(sink, *text, manifest.config));
    for (std::size_t i = 0; i < image.layers.size(); ++i) {
        TRY_ASSIGN(auto layer, store_layer(files, sink, image.layers[i], config.diff_ids[i]));
        manifest.layers.push_back(std::move(layer));
    }
    const std::string json_text = oci::write_manifest(manifest);
    ImportedImage imported;
    imported.manifest.media_type = oci::media_type::manifest;
    imported.manifest.digest = Digest::of(json_text);
    imported.manifest.size = json_text.size();
    imported.manifest.platform = config.platform;
    imported.names = image.names;
    TRY(store_bytes(sink, json_text, imported.manifest));
    return imported;
}

} // namespace

Result<std::vector<DockerImage>> parse_docker_manifest(std::string_view text) {
    const json list = json::parse(text.begin(), text.end(), nullptr, false);
    if (list.is_discarded()) return wrong("it is not valid JSON");
    if (!list.is_array()) return wrong("it is not an array");
    std::vector<DockerImage> images;
    for (const json& item : list) {
        TRY_ASSIGN(auto image, parse_image(item));
        images.push_back(std::move(image));
    }
    return images;
}

Result<std::vector<ImportedImage>> import_docker(Files& files, BlobSink& sink,
                                                 const std::vector<DockerImage>& images) {
    std::vector<ImportedImage> imported;
    for (const DockerImage& image : images) {
        TRY_ASSIGN(auto one, import_image(files, sink, image));
        imported.push_back(std::move(one));
    }
    return imported;
}

} // namespace mybuild::archive
