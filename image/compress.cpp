#include "image/compress.hpp"

#include "image/compress_codecs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace mybuild {

namespace {

class Plain final : public DecompressSource {
  public:
    explicit Plain(std::unique_ptr<ByteSource> in) : m_in(std::move(in)) {}
    Result<std::size_t> read(std::span<std::byte> out) override { return m_in->read(out); }
    [[nodiscard]] Compression compression() const override { return Compression::none; }
    [[nodiscard]] bool is_whole() const override { return true; }

  private:
    std::unique_ptr<ByteSource> m_in;
};

class PlainSink final : public CompressSink {
  public:
    explicit PlainSink(ByteSink& out) : m_out(out) {}
    Status write(std::span<const std::byte> bytes) override { return m_out.write(bytes); }
    Status finish() override { return {}; }

  private:
    ByteSink& m_out;
};

Status check_level(const CompressOptions& options, int highest) {
    if (options.level >= 0 && options.level <= highest) return {};
    return fail(Error{.code = ErrorCode::unsupported,
                      .message = fmt::format("{} has no compression level {}",
                                             to_string(options.kind), options.level),
                      .hint = fmt::format("levels go from 1 to {}", highest)});
}

} // namespace

namespace codec {

Result<std::size_t> Replay::read(std::span<std::byte> out) {
    const std::size_t count = std::min(out.size(), m_start.size() - m_at);
    if (count > 0) std::memcpy(out.data(), m_start.data() + m_at, count);
    m_at += count;
    if (count == out.size()) return count;
    TRY_ASSIGN(const auto more, m_rest.read(out.subspan(count)));
    return count + more;
}

Error damaged(Compression kind, std::string_view why) {
    return Error{.code = ErrorCode::corrupt,
                 .message = fmt::format("the {} data is damaged: {}", to_string(kind), why)};
}

Result<std::size_t> PieceReader::read(std::span<std::byte> out) {
    std::size_t filled = 0;
    while (filled < out.size() && !m_error) {
        auto count = some(out.subspan(filled));
        if (!count)
            m_error = std::move(count).error();
        else if (*count == 0)
            return filled;
        else
            filled += *count;
    }
    if (filled == 0 && m_error) return fail(*m_error);
    return filled;
}

Status PieceSink::write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const auto count = std::min(bytes.size(), m_size - m_piece.size());
        m_piece.insert(m_piece.end(), bytes.begin(), bytes.begin() + static_cast<long>(count));
        bytes = bytes.subspan(count);
        if (m_piece.size() < m_size) continue;
        TRY(piece(m_piece, false));
        m_piece.clear();
        m_piece.reserve(m_size);
    }
    return {};
}

Status PieceSink::finish() {
    return piece(m_piece, true);
}

} // namespace codec

std::string_view to_string(Compression compression) {
    switch (compression) {
    case Compression::none:
        return "none";
    case Compression::gzip:
        return "gzip";
    case Compression::zstd:
        return "zstd";
    case Compression::xz:
        return "xz";
    case Compression::bzip2:
        return "bzip2";
    }
    return "none";
}

Compression detect_compression(std::span<const std::byte> start) {
    const std::string_view bytes(reinterpret_cast<const char*>(start.data()), start.size());
    if (bytes.starts_with("\x1f\x8b")) return Compression::gzip;
    if (bytes.starts_with("\x28\xb5\x2f\xfd")) return Compression::zstd;
    // zstd's skippable frames (RFC 8878): 0x184D2A50 to 0x184D2A5F, little endian.
    if (bytes.size() >= 4 && (static_cast<unsigned char>(bytes[0]) & 0xF0U) == 0x50 &&
        bytes.substr(1, 3) == "\x2a\x4d\x18")
        return Compression::zstd;
    if (bytes.starts_with(std::string_view("\xfd"
                                           "7zXZ\0",
                                           6)))
        return Compression::xz;
    // `BZh`, a level, and the first byte of a block or of the end mark.
    if (bytes.size() >= 5 && bytes.starts_with("BZh") && bytes[3] >= '1' && bytes[3] <= '9' &&
        (bytes[4] == '\x31' || bytes[4] == '\x17'))
        return Compression::bzip2;
    return Compression::none;
}

Status finish_reading(DecompressSource& plain) {
    std::vector<std::byte> buffer(std::size_t{64} * 1024);
    for (;;) {
        const auto count = plain.read(buffer);
        if (count && *count == 0) return {};
        if (count) continue;
        if (count.error().code == ErrorCode::corrupt && plain.is_whole()) return {};
        return fail(count.error());
    }
}

Result<std::unique_ptr<DecompressSource>> make_decompressor(ByteSource& in) {
    std::vector<std::byte> start(6);
    std::size_t have = 0;
    while (have < start.size()) {
        TRY_ASSIGN(const auto count, in.read(std::span(start).subspan(have)));
        if (count == 0) break;
        have += count;
    }
    start.resize(have);
    const Compression kind = detect_compression(start);
    auto source = std::make_unique<codec::Replay>(std::move(start), in);
    switch (kind) {
    case Compression::none:
        return std::make_unique<Plain>(std::move(source));
    case Compression::gzip:
        return codec::gunzip(std::move(source));
    case Compression::zstd:
        return codec::unzstd(std::move(source));
    case Compression::xz:
    case Compression::bzip2:
        return codec::unpack_other(kind, std::move(source));
    }
    return std::make_unique<Plain>(std::move(source));
}

Result<std::unique_ptr<CompressSink>> make_compressor(const CompressOptions& options,
                                                      ByteSink& out) {
    switch (options.kind) {
    case Compression::none:
        return std::make_unique<PlainSink>(out);
    case Compression::gzip:
        TRY(check_level(options, 3));
        return codec::make_gzip(options.level == 0 ? 1 : options.level, options.threads, out);
    case Compression::zstd:
        TRY(check_level(options, 19));
        return codec::make_zstd(options.level == 0 ? 3 : options.level, out);
    case Compression::xz:
    case Compression::bzip2:
        break;
    }
    return fail(
        Error{.code = ErrorCode::unsupported,
              .message = fmt::format("layers are not compressed with {}", to_string(options.kind)),
              .hint = "use gzip or zstd"});
}

} // namespace mybuild
