#pragma once

#include "base/digest.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace mybuild {

/// What a server said of the file that a URL named when it was last fetched.
struct DownloadRecord {
    Digest url; ///< of the URL's text: it may hold what nobody else should read
    std::string etag = {};
    std::string last_modified = {}; ///< as the server wrote it
    Digest blob;                    ///< the file, in the store's blobs
    std::uint64_t size = 0;
};

/// What is remembered of build inputs that are not on this machine. Safe to use from several
/// threads and processes at once.
class SourceRecords {
  public:
    SourceRecords() = default;
    SourceRecords(const SourceRecords&) = delete;
    SourceRecords& operator=(const SourceRecords&) = delete;
    virtual ~SourceRecords() = default;

    virtual Result<std::optional<DownloadRecord>> download(const Digest& url) = 0;
    /// Inserts or replaces.
    virtual Status put(const DownloadRecord& record) = 0;

    /// A tree that was taken in as a layer without a parent: a commit of a repository, an unpacked
    /// archive. `key` says which one and how it was taken.
    struct Snapshot {
        std::optional<Digest> chain; ///< none: there was nothing in it
    };
    virtual Result<std::optional<Snapshot>> snapshot(const Digest& key) = 0;
    virtual Status put_snapshot(const Digest& key, const Snapshot& snapshot) = 0;
};

} // namespace mybuild
