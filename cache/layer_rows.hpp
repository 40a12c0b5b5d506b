#pragma once

#include "image/oci/oci.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mybuild {

/// What the database knows of a layer. Rows of equal content can share a tree, listing and archive
/// on different parents.
struct LayerRow {
    Digest chain_id;
    std::optional<Digest> parent_chain;
    Digest diff_id;
    Digest content_id;
    std::string listing;          ///< file name below listings/
    std::string tree = {};        ///< directory name below trees/; empty: not unpacked
    std::string tree_boot = {};   ///< boot id of the machine when the tree was written
    bool tree_synced = false;     ///< known to be whole on disk: no check after another boot
    std::string archive = {};     ///< file name below archives/ (plain canonical tar); may be empty
    std::uint64_t tar_size = 0;   ///< bytes of the uncompressed tar
    std::uint64_t file_bytes = 0; ///< bytes of its regular files: what history and images show
};

class LayerRows {
  public:
    virtual ~LayerRows() = default;
    virtual Result<std::optional<LayerRow>> find(const Digest& chain_id) = 0;
    /// A layer with this content on this parent, whatever its diff id; oldest first.
    virtual Result<std::optional<LayerRow>> by_content(const std::optional<Digest>& parent_chain,
                                                       const Digest& content_id) = 0;
    virtual Result<std::vector<LayerRow>> by_diff_id(const Digest& diff_id) = 0;
    virtual Status put(const LayerRow& row) = 0; ///< inserts or replaces
    virtual Result<std::vector<LayerRow>> list() = 0;
    virtual Status remove(const Digest& chain_id) = 0;

    /// Compressed forms of a diff id known to the store.
    virtual Result<std::vector<oci::Descriptor>> blobs_of(const Digest& diff_id) = 0;
    virtual Status add_blob(const Digest& diff_id, const oci::Descriptor& blob) = 0;
};

} // namespace mybuild
