#pragma once

#include "image/compress.hpp"

#include <optional>
#include <string>
#include <vector>

/// The parts of compress.hpp, one for each format.
namespace mybuild::codec {

/// A source behind a few bytes that were read of it already.
class Replay final : public ByteSource {
  public:
    Replay(std::vector<std::byte> start, ByteSource& rest)
        : m_start(std::move(start)), m_rest(rest) {}
    Result<std::size_t> read(std::span<std::byte> out) override;

  private:
    std::vector<std::byte> m_start;
    std::size_t m_at = 0;
    ByteSource& m_rest;
};

/// ErrorCode::corrupt for data that cannot be decompressed.
[[nodiscard]] Error damaged(Compression kind, std::string_view why);

/// Gives out what comes before damaged data before it says so: an archive may end earlier.
class PieceReader : public DecompressSource {
  public:
    Result<std::size_t> read(std::span<std::byte> out) final;

  protected:
    /// The next bytes, at least one; 0 at the end.
    virtual Result<std::size_t> some(std::span<std::byte> out) = 0;

  private:
    std::optional<Error> m_error; ///< of the next read
};

std::unique_ptr<DecompressSource> gunzip(std::unique_ptr<ByteSource> in);
Result<std::unique_ptr<DecompressSource>> unzstd(std::unique_ptr<ByteSource> in);
/// xz and bzip2.
Result<std::unique_ptr<DecompressSource>> unpack_other(Compression kind,
                                                       std::unique_ptr<ByteSource> in);

/// Collects what is written into pieces of one size, so that how it was written cannot matter.
class PieceSink : public CompressSink {
  public:
    explicit PieceSink(std::size_t piece_size) : m_size(piece_size) { m_piece.reserve(piece_size); }
    Status write(std::span<const std::byte> bytes) final;
    Status finish() final;

  protected:
    /// A full piece, or at last a shorter (perhaps empty) one. The sink may keep the vector.
    virtual Status piece(std::vector<std::byte>& bytes, bool last) = 0;

  private:
    std::size_t m_size;
    std::vector<std::byte> m_piece;
};

std::unique_ptr<CompressSink> make_gzip(int level, unsigned threads, ByteSink& out);
Result<std::unique_ptr<CompressSink>> make_zstd(int level, ByteSink& out);

} // namespace mybuild::codec
