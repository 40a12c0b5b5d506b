#pragma once

#include "base/result.hpp"
#include "image/oci/layer_entry.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace mybuild {

/// A layer's entries in canonical order with all metadata and file digests, in one file that is
/// mapped (cache/layers/listing.cpp has the format). Always kept, for every layer. Immutable.
class Listing {
  public:
    virtual ~Listing() = default;
    /// Maps and validates `dir/name`; anything wrong with it is ErrorCode::corrupt.
    static Result<std::shared_ptr<const Listing>> open(int dir, const std::string& name);
    /// From bytes that a ListingBuilder made.
    static Result<std::shared_ptr<const Listing>> from_bytes(std::string bytes);

    [[nodiscard]] virtual std::size_t size() const = 0;
    [[nodiscard]] virtual LayerEntry entry(std::size_t index) const = 0;
    [[nodiscard]] virtual std::string_view
    path(std::size_t index) const = 0; ///< valid as long as the listing
    [[nodiscard]] virtual EntryType type(std::size_t index) const = 0;
    [[nodiscard]] virtual bool opaque(std::size_t index) const = 0;
    [[nodiscard]] virtual std::optional<std::size_t> find(std::string_view path) const = 0;
    /// First index whose path is not before `path` in canonical order; size() if none.
    [[nodiscard]] virtual std::size_t lower_bound(std::string_view path) const = 0;
    /// Digest over all entries without times: paths, types, modes, owners, bytes, links, xattrs,
    /// deletions, opacity.
    [[nodiscard]] virtual const Digest& content_id() const = 0;
    [[nodiscard]] virtual std::uint64_t file_bytes() const = 0; ///< sum of regular files' sizes
    [[nodiscard]] virtual std::string_view bytes() const = 0;   ///< the whole file
    /// The bytes of etc/passwd and etc/group, if this layer has them as regular files.
    [[nodiscard]] virtual std::optional<std::string_view> kept(std::string_view path) const = 0;
};

/// Collects entries in canonical order (checked) and makes the listing's bytes.
class ListingBuilder {
  public:
    ListingBuilder();
    ~ListingBuilder();
    ListingBuilder(ListingBuilder&&) noexcept;
    ListingBuilder& operator=(ListingBuilder&&) noexcept;
    /// Out of order or a duplicate: ErrorCode::internal.
    Status add(const LayerEntry& entry);
    void keep(std::string_view path, std::string_view bytes);
    /// An entry that was added, without its xattrs.
    [[nodiscard]] std::optional<LayerEntry> find(std::string_view path) const;
    /// The file's bytes; the builder is empty afterwards.
    std::string finish();

  private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

/// True for the files whose bytes a listing keeps.
bool keeps_bytes(std::string_view path);

} // namespace mybuild
