#pragma once

#include "image/oci/oci.hpp"
#include "image/oci/reference.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mybuild {

/// An image in the store. Its id is the digest of its config, as everywhere.
struct StoredImage {
    Digest id;                ///< digest of the config
    oci::Descriptor manifest; ///< in the blobs; a pulled or loaded image keeps its own bytes
    std::string config;       ///< the exact config JSON
    std::uint64_t size = 0;   ///< bytes of all its files, uncompressed: what `images` shows
    std::int64_t stored_ns = 0;
};

struct Tag {
    std::string name;       ///< canonical: docker.io/library/alpine:latest
    oci::Descriptor target; ///< a manifest or index
    Digest image;           ///< the image for this platform
};

/// Images and tags of a store.
class Images {
  public:
    virtual ~Images() = default;
    virtual Result<std::optional<StoredImage>> find(const Digest& id) = 0;
    virtual Result<std::optional<StoredImage>> by_tag(const oci::Reference& name) = 0;
    /// An id prefix of at least one hex digit; ambiguous: ErrorCode::invalid.
    virtual Result<std::optional<StoredImage>> by_prefix(std::string_view hex) = 0;
    virtual Result<std::vector<StoredImage>> list() = 0; ///< newest first
    virtual Result<std::vector<Tag>> tags() = 0;         ///< sorted by name
    virtual Status put(const StoredImage& image) = 0;
    /// Points the name at the image, taking it from whatever had it.
    virtual Status tag(const oci::Reference& name, const oci::Descriptor& target,
                       const Digest& image) = 0;
    virtual Result<bool> untag(const oci::Reference& name) = 0;
    /// Forgets the image and its tags; layers stay as cache.
    virtual Status remove(const Digest& id) = 0;
};

} // namespace mybuild
