#pragma once

#include "cache/layer_rows.hpp"
#include "cache/layers/layer_store.hpp"
#include "cache/store.hpp"

#include <map>
#include <mutex>
#include <string>

namespace mybuild {

/// A layer that is made but has no name yet; its files stand in trees/ and archives/ already.
struct NewLayer {
    std::shared_ptr<const Listing> listing;
    Digest diff_id;
    std::uint64_t tar_size = 0;
    std::string tree = {};    ///< name below trees/, or empty
    std::string archive = {}; ///< name below archives/, or empty
};

/// The rows of layers with what makes them usable: a listing that opens, and some form of their
/// files. Thread-safe.
class LayerCatalog {
  public:
    explicit LayerCatalog(Store& store) : m_store(store) {}

    /// None for an unknown layer, a damaged listing, and one whose files nothing can make any more:
    /// all three are made anew by those who need them.
    Result<std::optional<Layer>> find(const Digest& chain_id);
    Result<std::optional<LayerStack>> stack(const Digest& chain_id);

    /// A usable layer of this content on this parent: early cutoff.
    Result<std::optional<Layer>> known(const std::optional<Digest>& parent,
                                       const Digest& content_id);
    /// Records the layer on `parent`; its listing is written first.
    Result<Layer> put(const std::optional<Digest>& parent, NewLayer layer);
    /// Records `layer` on another parent.
    Result<Layer> adopt(const std::optional<Digest>& parent, const Layer& layer);

    /// Changes a row under the catalog's lock.
    Status set_tree(const Digest& chain_id, const std::string& tree);
    Status forget_archive(const Digest& chain_id);

    /// Whether the layer's tree can be used as it is. One that was written before the machine was
    /// started last may have been torn by a power loss: it is to be checked first.
    bool trusts_tree(const LayerRow& row);
    /// Notes for every layer which has this tree that it was found whole, or that it was not.
    Status tree_is_whole(const LayerRow& row);
    Status forget_tree(const LayerRow& row);

    /// A blob of this diff id that is in the store.
    Result<std::vector<oci::Descriptor>> blobs(const Digest& diff_id);

  private:
    Result<std::shared_ptr<const Listing>> listing(const std::string& name);
    Result<std::string> write_listing(std::string_view bytes);
    Result<std::optional<Layer>> usable(std::optional<LayerRow> row);
    template <class Change>
    Status change_rows_with_tree(const LayerRow& row, Change change);
    const std::string& boot();

    Store& m_store;
    std::mutex m_rows_mutex; // read, change, write of one row
    std::mutex m_listings_mutex;
    std::map<std::string, std::weak_ptr<const Listing>> m_listings; // mapped ones, by name
    std::once_flag m_boot_once;
    std::string m_boot;
};

} // namespace mybuild
