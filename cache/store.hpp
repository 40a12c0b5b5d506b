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
class SourceRecords;
struct LayerRow;

/// Blobs of a store by digest: blobs/sha256/<hex>, written under a temporary name, synced, renamed.
class Blobs : public BlobSource, public BlobSink {
  public:
    /// Stores the bytes; returns their digest and size. Already there: nothing is written.
    virtual Result<oci::Descriptor> put(std::string_view bytes, std::string_view media_type) = 0;
    /// All bytes of a small blob, verified against its digest; more than `limit`:
    /// ErrorCode::invalid.
    virtual Result<std::string> read(const Digest& digest, std::size_t limit) = 0;
    virtual Status remove(const Digest& digest) = 0;
};

/// One directory that holds everything we keep. Layout (docs/formats.md): `format`, `store.db`,
/// `blobs/sha256/`, `trees/`, `listings/`, `archives/`, `work/`, `contexts/`; all one file system.
/// Many processes share a store at the same time; whatever the moment one is killed, it stays
/// consistent: content is written under a temporary name, renamed, and only then named by a record.
class Store {
  public:
    /// Opens the store, creating it where it does not exist, and holds a shared lock on it as long
    /// as the object lives. Nothing of the database is read before it is asked for. Errors: not
    /// writable, a file where a directory should be, a directory of something else, a format that
    /// is newer than this program.
    static Result<std::unique_ptr<Store>> open(const std::string& root);
    virtual ~Store() = default;

    [[nodiscard]] virtual const std::string& root() const = 0; ///< absolute
    [[nodiscard]] virtual int root_fd() const = 0;
    virtual Blobs& blobs() = 0;
    virtual Records& records() = 0;
    virtual Images& images() = 0;
    virtual SourceRecords& sources() = 0;
    /// The rows of the layer table; used by LayerStore alone.
    virtual class LayerRows& layer_rows() = 0;

    /// A directory of this process alone, for content that has no name yet; made at the first call,
    /// removed with all that is left in it when the store is closed. What a killed process left
    /// behind is removed in the background by the next one that comes here.
    struct ScratchDir {
        int fd;                  ///< owned by the store
        const std::string& path; ///< relative to the root and short: `work/` and eight letters
    };
    virtual Result<ScratchDir> scratch_dir() = 0;
};

/// `$MYBUILD_ROOT`, else /var/lib/mybuild for root, else $XDG_DATA_HOME/mybuild or
/// ~/.local/share/mybuild; empty where none of them is known. The environment is passed in.
std::string default_store_root(const char* (*get_env)(const char*), bool is_root);

} // namespace mybuild
