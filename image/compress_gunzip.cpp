#include "image/compress_codecs.hpp"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <array>
#include <limits>

namespace mybuild::codec {

namespace {

constexpr std::size_t input_size = 128 * 1024;

// Flags of a member's header (RFC 1952).
constexpr unsigned has_header_crc = 2;
constexpr unsigned has_extra = 4;
constexpr unsigned has_name = 8;
constexpr unsigned has_comment = 16;
constexpr unsigned reserved = 0xE0;

Error wrong(std::string_view why) {
    return damaged(Compression::gzip, why);
}

/// gzip members one after the other (RFC 1952), inflated by igzip, which checks CRC and size too.
/// The headers are read here: igzip 2.30 loses its place in one that comes in pieces.
class Reader final : public PieceReader {
  public:
    explicit Reader(std::unique_ptr<ByteSource> in) : m_in(std::move(in)), m_buffer(input_size) {
        ::isal_inflate_init(&m_state);
    }
    [[nodiscard]] Compression compression() const override { return Compression::gzip; }
    [[nodiscard]] bool is_whole() const override { return m_has_member && !m_in_member; }

  protected:
    Result<std::size_t> some(std::span<std::byte> out) override;

  private:
    Status fill();
    Result<unsigned> header_byte();
    Status skip_text();
    Status header();
    Result<bool> next_member();
    Result<std::size_t> inflate(std::span<std::byte> out);

    std::unique_ptr<ByteSource> m_in;
    std::vector<std::byte> m_buffer;
    struct inflate_state m_state {};
    std::uint32_t m_header_crc = 0;
    bool m_in_member = false;
    bool m_has_member = false; ///< the first one was begun
    bool m_in_ended = false;
    bool m_done = false;
    int m_status = 0; ///< negative: what igzip said of the data behind what it has written
};

Status Reader::fill() {
    if (m_state.avail_in > 0 || m_in_ended) return {};
    TRY_ASSIGN(const auto count, m_in->read(m_buffer));
    m_state.next_in = reinterpret_cast<std::uint8_t*>(m_buffer.data());
    m_state.avail_in = static_cast<std::uint32_t>(count);
    m_in_ended = count == 0;
    return {};
}

Result<unsigned> Reader::header_byte() {
    TRY(fill());
    if (m_state.avail_in == 0) return fail(wrong("it ends too early"));
    const unsigned char byte = *m_state.next_in++;
    --m_state.avail_in;
    m_header_crc = ::crc32_gzip_refl(m_header_crc, &byte, 1);
    return byte;
}

/// A text of the header up to its NUL.
Status Reader::skip_text() {
    for (;;) {
        TRY_ASSIGN(const auto byte, header_byte());
        if (byte == 0) return {};
    }
}

Status Reader::header() {
    m_header_crc = 0;
    std::array<unsigned, 10> fixed{};
    for (unsigned& byte : fixed) {
        TRY_ASSIGN(byte, header_byte());
    }
    const unsigned flags = fixed[3];
    if (fixed[0] != 0x1F || fixed[1] != 0x8B || (flags & reserved) != 0)
        return fail(wrong("its header is wrong"));
    if (fixed[2] != 8) return fail(wrong("its compression method is unknown"));
    if ((flags & has_extra) != 0) {
        TRY_ASSIGN(auto length, header_byte());
        TRY_ASSIGN(const auto high, header_byte());
        for (length += high << 8U; length > 0; --length)
            TRY(header_byte());
    }
    if ((flags & has_name) != 0) TRY(skip_text());
    if ((flags & has_comment) != 0) TRY(skip_text());
    if ((flags & has_header_crc) != 0) {
        const auto expected = m_header_crc & 0xFFFFU;
        TRY_ASSIGN(const auto low, header_byte());
        TRY_ASSIGN(const auto high, header_byte());
        if ((low | high << 8U) != expected) return fail(wrong("its header's checksum is wrong"));
    }
    return {};
}

/// Begins the next member, or says that there is none.
Result<bool> Reader::next_member() {
    TRY(fill());
    if (m_state.avail_in == 0) return false;
    if (*m_state.next_in != 0x1F) return fail(wrong("there is something after its end"));
    TRY(header());
    auto* const next = m_state.next_in;
    const auto available = m_state.avail_in;
    ::isal_inflate_reset(&m_state);
    m_state.crc_flag = ISAL_GZIP_NO_HDR_VER;
    m_state.next_in = next;
    m_state.avail_in = available;
    m_in_member = true;
    m_has_member = true;
    return true;
}

std::string_view reason(int status) {
    switch (status) {
    case ISAL_INCORRECT_CHECKSUM:
        return "its checksum is wrong";
    case ISAL_INVALID_WRAPPER:
        return "its header is wrong";
    case ISAL_UNSUPPORTED_METHOD:
        return "its compression method is unknown";
    default:
        return "it is no valid deflate stream";
    }
}

Result<std::size_t> Reader::inflate(std::span<std::byte> out) {
    const auto room = static_cast<std::uint32_t>(
        std::min<std::size_t>(out.size(), std::numeric_limits<std::uint32_t>::max()));
    if (m_status < 0) return fail(wrong(reason(m_status)));
    m_state.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    m_state.avail_out = room;
    const auto input_before = m_state.avail_in;
    m_status = ::isal_inflate(&m_state);
    const std::size_t written = room - m_state.avail_out;
    // Positive: more input or room is needed, which is no error by itself.
    if (m_status < 0 && written > 0) return written;
    if (m_status < 0) return fail(wrong(reason(m_status)));
    m_in_member = m_state.block_state != ISAL_BLOCK_FINISH;
    const bool stuck = written == 0 && m_state.avail_in == input_before;
    if (m_in_ended && stuck && m_in_member) return fail(wrong("it ends too early"));
    return written;
}

Result<std::size_t> Reader::some(std::span<std::byte> out) {
    while (!m_done) {
        if (!m_in_member) {
            TRY_ASSIGN(const bool more, next_member());
            m_done = !more;
            continue;
        }
        TRY(fill());
        TRY_ASSIGN(const auto count, inflate(out));
        if (count > 0) return count;
    }
    return 0;
}

} // namespace

std::unique_ptr<DecompressSource> gunzip(std::unique_ptr<ByteSource> in) {
    return std::make_unique<Reader>(std::move(in));
}

} // namespace mybuild::codec
