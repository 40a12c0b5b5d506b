#pragma once

#include "image/byte_stream.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace mybuild {

enum class Compression : std::uint8_t { none, gzip, zstd, xz, bzip2 };

/// `none`, `gzip`, `zstd`, `xz`, `bzip2`.
[[nodiscard]] std::string_view to_string(Compression compression);

/// By magic number; six bytes suffice. What is not known counts as uncompressed.
[[nodiscard]] Compression detect_compression(std::span<const std::byte> start);

/// Decompressed bytes, and what they were compressed with.
class DecompressSource : public ByteSource {
  public:
    [[nodiscard]] virtual Compression compression() const = 0;
    /// Whether what was given out so far is all of one or more complete streams, checked: what
    /// comes behind it, if anything, need not be one.
    [[nodiscard]] virtual bool is_whole() const = 0;
};

/// Detects the compression of `in` and undoes it: gzip (members may be concatenated), zstd (several
/// frames, skippable ones, a window up to 128 MiB), xz, bzip2, or none. `in` must outlive the
/// result and has been read to its end when the result has. Damaged or truncated data, wrong
/// checksums and bytes after the end are ErrorCode::corrupt; errors of `in` are passed on as they
/// are.
Result<std::unique_ptr<DecompressSource>> make_decompressor(ByteSource& in);

/// Reads what is left behind the end of an archive, so that its checksums are checked, too. Bytes
/// behind a complete stream count for nothing, as with gzip(1). Errors: ErrorCode::corrupt, and
/// those of the source.
Status finish_reading(DecompressSource& plain);

struct CompressOptions {
    Compression kind = Compression::gzip; ///< none, gzip or zstd
    int level = 0; ///< 0: the default. gzip: 1 to 3 (igzip's), default 1; zstd: 1 to 19, default 3
    unsigned threads = 1; ///< gzip: how many compress at once; never changes the bytes
};

/// Compresses into another sink. What is written before finish() is no complete stream.
class CompressSink : public ByteSink {
  public:
    /// Writes the end of the stream. Call it once, last.
    virtual Status finish() = 0;
};

/// The bytes depend on kind, level and input alone, not on the sizes of writes, threads or the
/// clock: gzip with time 0, no name, OS 255; zstd with a checksum and without a content size. Other
/// kinds or levels are ErrorCode::unsupported. `out` must outlive the result and is written only
/// during calls of write() and finish(), from the calling thread.
Result<std::unique_ptr<CompressSink>> make_compressor(const CompressOptions& options,
                                                      ByteSink& out);

} // namespace mybuild
