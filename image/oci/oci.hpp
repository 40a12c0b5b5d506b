#pragma once

#include "base/digest.hpp"
#include "image/oci/platform.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild::oci {

namespace media_type {
inline constexpr std::string_view index = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view manifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view config = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view layer = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view layer_gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view layer_zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr std::string_view docker_manifest_list =
    "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view docker_manifest =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view docker_config = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view docker_layer = "application/vnd.docker.image.rootfs.diff.tar";
inline constexpr std::string_view docker_layer_gzip =
    "application/vnd.docker.image.rootfs.diff.tar.gzip";
} // namespace media_type

/// image-spec, descriptor.md.
struct Descriptor {
    std::string media_type;
    Digest digest;
    std::uint64_t size = 0;
    std::map<std::string, std::string> annotations = {};
    std::optional<Platform> platform = {};
    friend bool operator==(const Descriptor&, const Descriptor&) = default;
};

/// image-spec, manifest.md; Docker's schema 2 has the same shape.
struct Manifest {
    std::string media_type;
    Descriptor config;
    std::vector<Descriptor> layers; ///< bottom first
    std::map<std::string, std::string> annotations = {};
};

/// image-spec, image-index.md; Docker's manifest list has the same shape.
struct Index {
    std::string media_type;
    std::vector<Descriptor> manifests;
    std::map<std::string, std::string> annotations = {};
};

/// One line of an image's history (image-spec, config.md).
struct HistoryEntry {
    std::string created = {}; ///< RFC 3339, verbatim; empty: absent
    std::string created_by = {};
    std::string author = {};
    std::string comment = {};
    bool empty_layer = false;
    friend bool operator==(const HistoryEntry&, const HistoryEntry&) = default;
};

struct Healthcheck {
    std::vector<std::string> test;
    std::int64_t interval = 0, timeout = 0, start_period = 0, start_interval = 0; ///< ns; 0: absent
    std::int64_t retries = 0;
    friend bool operator==(const Healthcheck&, const Healthcheck&) = default;
};

/// image-spec, config.md with Docker's extensions. What we do not know of a base image's config is
/// kept as JSON text and written back unchanged.
struct ImageConfig {
    Platform platform = {};
    std::string os_version = {};
    std::vector<std::string> os_features = {};
    std::string created = {}; ///< RFC 3339
    std::string author = {};
    std::vector<Digest> diff_ids = {}; ///< bottom first
    std::vector<HistoryEntry> history = {};

    std::string user = {};
    std::vector<std::string> exposed_ports = {}; ///< `80/tcp`, sorted, unique
    std::vector<std::string> env = {};           ///< `K=V` in order
    std::optional<std::vector<std::string>> entrypoint = {};
    std::optional<std::vector<std::string>> cmd = {};
    std::vector<std::string> volumes = {}; ///< sorted, unique
    std::string working_dir = {};
    std::map<std::string, std::string> labels = {};
    std::string stop_signal = {};
    bool args_escaped = false;
    std::optional<Healthcheck> healthcheck = {};
    std::vector<std::string> on_build = {};
    std::vector<std::string> shell = {};

    std::string unknown_top = {};    ///< JSON object of other top-level members; empty: none
    std::string unknown_config = {}; ///< JSON object of other members of `config`; empty: none
};

/// Reading: wrong JSON, a wrong type or a missing required member is ErrorCode::corrupt; sizes are
/// capped by the caller. Writing: deterministic (members sorted, no blanks), never throws on bytes
/// that are not UTF-8 (they become U+FFFD).
Result<ImageConfig> parse_config(std::string_view json);
std::string write_config(const ImageConfig& config);
Result<Manifest> parse_manifest(std::string_view json);
std::string write_manifest(const Manifest& manifest);
Result<Index> parse_index(std::string_view json);
std::string write_index(const Index& index);

/// True for an index or manifest list media type.
bool is_index(std::string_view media_type);

/// The descriptor for `wanted` in an index: same os and architecture, the variant equal or the best
/// lower one; nothing fits: nullptr. Attestation manifests (`unknown/unknown`) are never chosen.
const Descriptor* choose_platform(const Index& index, const Platform& wanted);

/// ChainID of one more layer (image-spec, config.md, "Layer ChainID"); no parent: the diff id.
Digest chain_id(const std::optional<Digest>& parent, const Digest& diff_id);

} // namespace mybuild::oci
