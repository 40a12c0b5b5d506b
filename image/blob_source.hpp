#pragma once

#include "base/fd.hpp"
#include "image/oci/oci.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace mybuild {

/// Reads blobs by digest. Implemented by the store's blobs and by archives.
class BlobSource {
  public:
    BlobSource() = default;
    BlobSource(const BlobSource&) = delete;
    BlobSource& operator=(const BlobSource&) = delete;
    virtual ~BlobSource() = default;
    /// A descriptor open for reading at offset 0 of a regular file that holds exactly the blob; not
    /// there: ErrorCode::not_found.
    virtual Result<Fd> open(const Digest& digest) = 0;
};

/// A blob being received. Nothing of it is visible until commit() has found the digest and the size
/// right; the destructor discards what was not committed.
class BlobWriter {
  public:
    BlobWriter() = default;
    BlobWriter(const BlobWriter&) = delete;
    BlobWriter& operator=(const BlobWriter&) = delete;
    virtual ~BlobWriter() = default;
    virtual Status write(std::span<const std::byte> bytes) = 0;
    /// `expected`: digest and size that the bytes must have (size 0 is a size); nullptr: whatever
    /// they are. A mismatch is ErrorCode::corrupt. Returns digest and size.
    virtual Result<oci::Descriptor> commit(const oci::Descriptor* expected) = 0;
};

/// Where imports and pulls put blobs.
class BlobSink {
  public:
    BlobSink() = default;
    BlobSink(const BlobSink&) = delete;
    BlobSink& operator=(const BlobSink&) = delete;
    virtual ~BlobSink() = default;
    virtual bool has(const Digest& digest) = 0;
    virtual Result<std::unique_ptr<BlobWriter>> begin() = 0;
};

} // namespace mybuild
