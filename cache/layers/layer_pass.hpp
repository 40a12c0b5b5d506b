#pragma once

#include "base/result.hpp"
#include "cache/layers/listing.hpp"
#include "cache/layers/pipes.hpp"
#include "image/layer_tar.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace mybuild {

/// What one pass over a layer's entries and bytes gives.
struct PassedLayer {
    std::shared_ptr<const Listing> listing;
    Digest diff_id; ///< of the canonical tar
    std::uint64_t tar_size = 0;
};

/// Clears what entries of its type do not have, and xattrs that belong in no layer.
void clear_unused(LayerEntry& entry);

/// Makes listing, content id and diff id of a layer while its entries go by in canonical order,
/// every byte read once: it is hashed for its file here and for the tar on a second thread.
class LayerPass {
  public:
    /// `archive`: also gets the canonical tar; nullptr: nobody wants it. Must outlive the pass.
    explicit LayerPass(ByteSink* archive);

    /// `content`: as LayerTarWriter::add. The file's digest is computed; one that is given and
    /// differs is ErrorCode::invalid. A hard link gets the attributes of the file it names.
    Status add(LayerEntry entry, ByteSource* content);
    Result<PassedLayer> finish();

  private:
    Status add_file(LayerEntry& entry, ByteSource* content);

    BackgroundHash m_hash;
    std::optional<TeeSink> m_tee;
    LayerTarWriter m_tar;
    ListingBuilder m_listing;
};

/// The pass over a tree. `entries`: as normalise() made them; `root`: the tree.
Result<PassedLayer> pass_tree(int root, std::vector<LayerEntry> entries);

/// The canonical tar of a layer from its listing and its tree.
Status write_tar_of_tree(int root, const Listing& listing, ByteSink& out);

} // namespace mybuild
