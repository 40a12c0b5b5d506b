#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "image/blob_source.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace mybuild {

class Records;
class Images;
class LayerStore;
struct LayerRow;

/// Blobs of a store by digest: blobs/sha256/<hex>, written under a temporary name, synced, renamed.
class Blobs : public BlobSource, public BlobSink {
  public:
    /// Stores the bytes; returns their digest and size. Already there: nothing is written.
    virtual Result<oci::Descriptor> put(std::string_view bytes, std::string_view media_type) = 0;
    /// All bytes of a small blob, verified against its digest; more than `limit`: ErrorCode::invalid.
    virtual Result<std::string> read(const Digest& digest, std::size_t limit) = 0;
    virtual Status remove(const Digest& digest) = 0;
};

/// One directory that holds everything we keep. Layout (docs/formats.md): `format`, `store.db`,
/// `blobs/sha256/`, `trees/`, `listings/`, `archives/`, `work/`, `contexts/`, `tmp/`.
/// Many processes share a store at the same time; whatever the moment one is killed, it stays
/// consistent: content is written under a temporary name, renamed, and only then named by a record.
class Store {
  public:
    /// Opens the store, creating it where it does not exist. Errors: not writable, a file where a
    /// directory should be, a format that is newer than this program.
    static Result<std::unique_ptr<Store>> open(const std::string& root);
    virtual ~Store() = default;

    [[nodiscard]] virtual const std::string& root() const = 0;
    [[nodiscard]] virtual int root_fd() const = 0;
    virtual Blobs& blobs() = 0;
    virtual Records& records() = 0;
    virtual Images& images() = 0;
    /// The rows of the layer table; used by LayerStore alone.
    virtual class LayerRows& layer_rows() = 0;
};

/// `$MYBUILD_ROOT`, else /var/lib/mybuild for root, else $XDG_DATA_HOME/mybuild or
/// ~/.local/share/mybuild. The environment is passed in.
std::string default_store_root(const char* (*get_env)(const char*), bool is_root);

} // namespace mybuild
