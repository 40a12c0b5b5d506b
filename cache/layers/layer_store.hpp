#pragma once

#include "base/fd.hpp"
#include "cache/layer_rows.hpp"
#include "cache/layers/stage_view.hpp"
#include "image/byte_stream.hpp"
#include "image/oci/oci.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

namespace mybuild {

class Store;

/// A committed layer in its place on a stack. A value; its listing stays mapped as long as it
/// lives.
struct Layer {
    LayerRow row;
    std::shared_ptr<const Listing> listing;
};

/// Layers from the bottom up.
using LayerStack = std::vector<Layer>;

/// The view that layers give together.
[[nodiscard]] StageView view_of(std::span<const Layer> stack);

/// A tree that is finished but not yet hashed: normalised, will not change any more, can be a lower
/// layer of the next step already. Removed on destruction unless committed.
class SealedTree {
  public:
    virtual ~SealedTree() = default;
    [[nodiscard]] virtual const std::string& tree() const = 0; ///< name below trees/
};

/// What a step may change in place. Discarded on destruction unless sealed.
class Scratch {
  public:
    virtual ~Scratch() = default;
    /// A directory descriptor of the root file system, writable: an overlay, or on machines that
    /// cannot have one a plain directory. Owned by the scratch.
    [[nodiscard]] virtual int root() const = 0;
};

/// A directory in the store that nobody else has; what is left in it goes away with it, in the
/// background.
class WorkDirectory {
  public:
    virtual ~WorkDirectory() = default;
    [[nodiscard]] virtual int fd() const = 0;
};

/// What the trees of a stack are, while some of them may still be waiting for their hashes.
struct TreeRef {
    std::string tree; ///< name below trees/
};

/// A layer of an image that was pulled or loaded.
struct LayerBlob {
    Digest diff_id;
    oci::Descriptor blob; ///< in the store's blobs
};

/// Makes a layer from entries in canonical order, as an archive, a tree or both, at one go:
/// listing, content id and diff id come from the same pass over the bytes. Discards on destruction.
class LayerWriter {
  public:
    /// Whether a layer that differs in times alone is as good.
    enum class Times : std::uint8_t { any, exact };

    virtual ~LayerWriter() = default;
    /// `content`: needed for files with size > 0. The entry's `content` digest is computed here; a
    /// digest that was given is checked (ErrorCode::invalid: changed while it was read).
    virtual Status add(const LayerEntry& entry, ByteSource* content) = 0;
    /// Makes it visible on top of `parent`. Where the store knows a layer of the same content on
    /// that parent, that one is returned and the new one dropped: with other times, unless they
    /// count.
    virtual Result<Layer> commit(const std::optional<Digest>& parent, Times times = Times::any) = 0;
};

/// Layers of a store: a listing always, a tree and an archive when first needed (architecture.md,
/// idea 3). It speaks of owners as the image means them. Safe to use from several threads.
/// Scratches, sealed trees and writers must not outlive it.
class LayerStore {
  public:
    static std::unique_ptr<LayerStore> open(Store& store);
    virtual ~LayerStore() = default;

    /// The layer with this chain id; none when it is unknown or nothing can make its files any
    /// more.
    virtual Result<std::optional<Layer>> find(const Digest& chain_id) = 0;
    /// The whole stack below and with `chain_id`; a missing layer: none.
    virtual Result<std::optional<LayerStack>> stack(const Digest& chain_id) = 0;

    // -- steps that run ---------------------------------------------------------------------------
    /// The names of the trees of a stack, unpacking what is not unpacked yet, several at once.
    virtual Result<std::vector<TreeRef>> trees(const LayerStack& stack) = 0;
    /// A writable root on top of these trees (bottom first; any number: more than the kernel mounts
    /// at once are merged before).
    virtual Result<std::unique_ptr<Scratch>> prepare(std::span<const TreeRef> trees) = 0;
    /// A writable root on top of these directories (descriptors, top first, borrowed), whose
    /// changes are dropped: it cannot be sealed.
    virtual Result<std::unique_ptr<Scratch>> prepare_on(std::span<const int> lowers) = 0;
    virtual Result<std::unique_ptr<WorkDirectory>> work_directory() = 0;
    /// Takes what the step changed, drops what is no change against `below` and makes it a tree.
    virtual Result<std::unique_ptr<SealedTree>> seal(std::unique_ptr<Scratch> scratch,
                                                     const StageView& below) = 0;
    /// Hashes the tree: listing, content id, diff id; records it on top of `parent`. Where the
    /// store knows a layer of the same content on that parent, that one is returned and the tree
    /// dropped.
    virtual Result<Layer> commit(std::unique_ptr<SealedTree> tree,
                                 const std::optional<Digest>& parent) = 0;

    // -- steps that copy, bases that are pulled
    // ----------------------------------------------------
    enum class Form : std::uint8_t { archive, tree };
    /// `form`: what to make now; the other one is made when first needed.
    virtual Result<std::unique_ptr<LayerWriter>> writer(Form form) = 0;
    /// Unpacks a compressed or plain layer blob of an image: verifies the diff id, gives implied
    /// directories the attributes they have in `below`, resolves hard links into lower layers. The
    /// blob stays known as a form of the diff id. Already there: nothing is read.
    virtual Result<Layer> import(const LayerStack& below, const Digest& diff_id,
                                 const oci::Descriptor& blob, std::stop_token stop) = 0;
    /// All layers of an image, bottom first: what import() does for each of them, with several
    /// being unpacked at the same time.
    virtual Result<LayerStack> import_all(std::span<const LayerBlob> layers, std::stop_token stop);
    /// The same layer (same diff id, same files) on another parent of equal content.
    virtual Result<Layer> adopt(const std::optional<Digest>& parent, const Layer& layer) = 0;

    // -- reading
    // ------------------------------------------------------------------------------------
    /// The canonical tar whose digest is the diff id. From the archive, the tree or the blob.
    virtual Status write_tar(const Layer& layer, ByteSink& out) = 0;
    /// A compressed blob of the layer in the store's blobs, made (and kept) when it does not exist:
    /// `media_type` is an OCI layer media type (gzip or zstd or plain).
    virtual Result<oci::Descriptor> blob(const Layer& layer, std::string_view media_type) = 0;
    /// A regular file's bytes as the stack shows them (for COPY --from): the layer's entry `path`.
    virtual Result<Fd> open_file(const Layer& layer, const std::string& path) = 0;
    /// A read-only root directory of a stack (for exports of the file system, bind mounts).
    virtual Result<Fd> mount_read_only(std::span<const TreeRef> trees) = 0;
};

} // namespace mybuild
