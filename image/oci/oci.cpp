#include "image/oci/oci.hpp"

#include "base/render.hpp"
#include "image/oci/json_read.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mybuild::oci {

namespace {

using json::Value;

Result<Platform> read_platform(const Value& object) {
    Platform platform;
    TRY_ASSIGN(platform.os, json::required_string(object, "os"));
    TRY_ASSIGN(platform.architecture, json::required_string(object, "architecture"));
    TRY_ASSIGN(platform.variant, json::string_or(object, "variant", ""));
    return normalized(std::move(platform));
}

Result<Descriptor> read_descriptor(const Value& object) {
    if (!object.is_object()) return fail(json::wrong("a descriptor is not an object"));
    Descriptor descriptor;
    TRY_ASSIGN(descriptor.media_type, json::required_string(object, "mediaType"));
    TRY_ASSIGN(const auto digest, json::required_string(object, "digest"));
    auto parsed = Digest::parse(digest);
    if (!parsed && parsed.error().code == ErrorCode::invalid)
        return fail(json::wrong(fmt::format("\"{}\" is no digest", printable(digest))));
    TRY_ASSIGN(descriptor.digest, std::move(parsed));
    TRY_ASSIGN(descriptor.size, json::required_size(object, "size"));
    TRY_ASSIGN(descriptor.annotations, json::string_map(object, "annotations"));
    TRY_ASSIGN(const Value* platform, json::object_or_null(object, "platform"));
    if (platform != nullptr) {
        TRY_ASSIGN(descriptor.platform, read_platform(*platform));
    }
    return descriptor;
}

Result<std::vector<Descriptor>> read_descriptors(const Value& object, std::string_view key) {
    TRY_ASSIGN(const Value* array, json::array_or_null(object, key));
    if (array == nullptr) return fail(json::wrong(fmt::format("member \"{}\" is missing", key)));
    std::vector<Descriptor> out;
    out.reserve(array->size());
    for (const Value& item : *array) {
        auto descriptor = read_descriptor(item);
        if (!descriptor)
            return fail(std::move(descriptor).error().in(fmt::format("{} {}", key, out.size())));
        out.push_back(std::move(*descriptor));
    }
    return out;
}

/// `schemaVersion` 2 and nothing that would make the document both a manifest and an index
/// (CVE-2021-41190).
Status check_kind(const Value& object, std::initializer_list<std::string_view> foreign) {
    TRY_ASSIGN(const auto version, json::integer_or_zero(object, "schemaVersion"));
    if (version == 1) {
        return fail(
            Error{.code = ErrorCode::unsupported,
                  .message = "it has the old schema 1, which has been out of use since 2017",
                  .hint = "push the image again with a current version of its tool"});
    }
    if (version != 2) return fail(json::wrong("\"schemaVersion\" is not 2"));
    for (const auto key : foreign) {
        if (json::find(object, key) != nullptr)
            return fail(json::wrong(fmt::format("member \"{}\" does not belong here", key)));
    }
    return {};
}

Value write_platform(const Platform& platform) {
    Value out = {{"architecture", platform.architecture}, {"os", platform.os}};
    if (!platform.variant.empty()) out["variant"] = platform.variant;
    return out;
}

Value write_descriptor(const Descriptor& descriptor) {
    Value out = {{"mediaType", descriptor.media_type},
                 {"digest", descriptor.digest.str()},
                 {"size", descriptor.size}};
    if (!descriptor.annotations.empty()) out["annotations"] = descriptor.annotations;
    if (descriptor.platform) out["platform"] = write_platform(*descriptor.platform);
    return out;
}

Value write_descriptors(const std::vector<Descriptor>& descriptors) {
    Value out = Value::array();
    for (const Descriptor& descriptor : descriptors)
        out.push_back(write_descriptor(descriptor));
    return out;
}

Result<Manifest> read_manifest(const Value& object) {
    TRY(check_kind(object, {"manifests", "fsLayers"}));
    Manifest manifest;
    TRY_ASSIGN(const Value* config, json::object_or_null(object, "config"));
    if (config == nullptr) return fail(json::wrong("member \"config\" is missing"));
    auto descriptor = read_descriptor(*config);
    if (!descriptor) return fail(std::move(descriptor).error().in("config"));
    manifest.config = std::move(*descriptor);
    TRY_ASSIGN(manifest.layers, read_descriptors(object, "layers"));
    TRY_ASSIGN(manifest.annotations, json::string_map(object, "annotations"));
    const bool docker = manifest.config.media_type == media_type::docker_config;
    TRY_ASSIGN(manifest.media_type,
               json::string_or(object, "mediaType",
                               docker ? media_type::docker_manifest : media_type::manifest));
    if (is_index(manifest.media_type))
        return fail(json::wrong("\"mediaType\" is that of an index"));
    return manifest;
}

Result<Index> read_index(const Value& object) {
    TRY(check_kind(object, {"config", "layers", "fsLayers"}));
    Index index;
    TRY_ASSIGN(index.media_type, json::string_or(object, "mediaType", media_type::index));
    if (!is_index(index.media_type))
        return fail(json::wrong("\"mediaType\" is not that of an index"));
    TRY_ASSIGN(index.manifests, read_descriptors(object, "manifests"));
    TRY_ASSIGN(index.annotations, json::string_map(object, "annotations"));
    return index;
}

bool is_attestation(const Descriptor& descriptor) {
    return descriptor.annotations.contains("vnd.docker.reference.type") ||
           (descriptor.platform && descriptor.platform->os == "unknown");
}

} // namespace

Result<Manifest> parse_manifest(std::string_view text) {
    TRY_ASSIGN(const auto object, json::parse_object(text, "the image manifest"));
    auto manifest = read_manifest(object);
    if (!manifest) return fail(std::move(manifest).error().in("bad image manifest"));
    return manifest;
}

std::string write_manifest(const Manifest& manifest) {
    Value out = {{"schemaVersion", 2},
                 {"mediaType", manifest.media_type},
                 {"config", write_descriptor(manifest.config)},
                 {"layers", write_descriptors(manifest.layers)}};
    if (!manifest.annotations.empty()) out["annotations"] = manifest.annotations;
    return json::text(out);
}

Result<Index> parse_index(std::string_view text) {
    TRY_ASSIGN(const auto object, json::parse_object(text, "the image index"));
    auto index = read_index(object);
    if (!index) return fail(std::move(index).error().in("bad image index"));
    return index;
}

std::string write_index(const Index& index) {
    Value out = {{"schemaVersion", 2},
                 {"mediaType", index.media_type},
                 {"manifests", write_descriptors(index.manifests)}};
    if (!index.annotations.empty()) out["annotations"] = index.annotations;
    return json::text(out);
}

bool is_index(std::string_view type) {
    return type == media_type::index || type == media_type::docker_manifest_list;
}

const Descriptor* choose_platform(const Index& index, const Platform& wanted) {
    const Descriptor* best = nullptr;
    const Descriptor* unlabelled = nullptr;
    std::size_t candidates = 0;
    int best_quality = 0;
    for (const Descriptor& descriptor : index.manifests) {
        if (is_attestation(descriptor)) continue;
        ++candidates;
        if (!descriptor.platform) {
            unlabelled = &descriptor;
            continue;
        }
        const int quality = match_quality(*descriptor.platform, normalized(wanted));
        if (quality > best_quality) {
            best_quality = quality;
            best = &descriptor;
        }
    }
    // An index around one image often does not say its platform; the image's config does.
    if (best == nullptr && candidates == 1) return unlabelled;
    return best;
}

Digest chain_id(const std::optional<Digest>& parent, const Digest& diff_id) {
    if (!parent) return diff_id;
    return Digest::of(parent->str() + " " + diff_id.str());
}

} // namespace mybuild::oci
