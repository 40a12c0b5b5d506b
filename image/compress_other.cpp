#include "base/render.hpp"
#include "image/archive_library.hpp"
#include "image/compress_codecs.hpp"

#include <cerrno>
#include <new>
#include <optional>

namespace mybuild::codec {

namespace {

constexpr std::size_t input_size = 128 * 1024;

/// xz and bzip2 by libarchive's filters over its `raw` format.
class Reader final : public PieceReader {
  public:
    Reader(const ArchiveLibrary& library, Compression kind, std::unique_ptr<ByteSource> in)
        : m_library(library), m_kind(kind), m_in(std::move(in)), m_buffer(input_size),
          m_reader(nullptr, library.read_free) {}
    Status open();
    [[nodiscard]] Compression compression() const override { return m_kind; }
    [[nodiscard]] bool is_whole() const override { return m_reader == nullptr; }

  protected:
    Result<std::size_t> some(std::span<std::byte> out) override;

  private:
    static la_ssize_t fetch(struct archive* reader, void* data, const void** out);
    Error error();
    Status drain();

    const ArchiveLibrary& m_library;
    Compression m_kind;
    std::unique_ptr<ByteSource> m_in;
    std::vector<std::byte> m_buffer;
    std::optional<Error> m_source_error;
    bool m_empty = false;
    std::unique_ptr<struct archive, decltype(ArchiveLibrary::read_free)> m_reader;
};

la_ssize_t Reader::fetch(struct archive* reader, void* data, const void** out) {
    auto& self = *static_cast<Reader*>(data);
    auto count = self.m_in->read(self.m_buffer);
    if (!count) {
        self.m_source_error = std::move(count).error();
        self.m_library.set_error(reader, EIO, "the source failed");
        return ARCHIVE_FATAL;
    }
    *out = self.m_buffer.data();
    return static_cast<la_ssize_t>(*count);
}

Error Reader::error() {
    if (m_source_error) return *m_source_error;
    const char* text = m_library.error_string(m_reader.get());
    return damaged(m_kind, text == nullptr ? "unknown error" : printable(text));
}

Status Reader::open() {
    m_reader.reset(m_library.read_new());
    if (m_reader == nullptr) throw std::bad_alloc();
    auto* const reader = m_reader.get();
    const int filter = m_kind == Compression::xz ? m_library.read_support_filter_xz(reader)
                                                 : m_library.read_support_filter_bzip2(reader);
    if (filter != ARCHIVE_OK) {
        return fail(Error{.code = ErrorCode::unsupported,
                          .message = std::string("this machine's libarchive cannot read ") +
                                     std::string(to_string(m_kind))});
    }
    m_library.read_support_format_raw(reader);
    m_library.read_support_format_empty(reader);
    struct archive_entry* entry = nullptr;
    if (m_library.read_open(reader, this, nullptr, fetch, nullptr) != ARCHIVE_OK)
        return fail(error());
    const int status = m_library.read_next_header(reader, &entry);
    if (status != ARCHIVE_OK && status != ARCHIVE_EOF) return fail(error());
    // Where the filter does not take the data, `raw` would hand it on as it is.
    const int wanted = m_kind == Compression::xz ? ARCHIVE_FILTER_XZ : ARCHIVE_FILTER_BZIP2;
    if (m_library.filter_code(reader, 0) != wanted)
        return fail(damaged(m_kind, "its header is wrong"));
    m_empty = status == ARCHIVE_EOF;
    return {};
}

Status Reader::drain() {
    for (;;) {
        TRY_ASSIGN(const auto count, m_in->read(m_buffer));
        if (count == 0) return {};
    }
}

Result<std::size_t> Reader::some(std::span<std::byte> out) {
    if (m_reader == nullptr) return 0;
    const auto count = m_empty ? 0 : m_library.read_data(m_reader.get(), out.data(), out.size());
    if (count < 0) return fail(error());
    if (count == 0) {
        m_reader.reset();
        TRY(drain());
    }
    return static_cast<std::size_t>(count);
}

} // namespace

Result<std::unique_ptr<DecompressSource>> unpack_other(Compression kind,
                                                       std::unique_ptr<ByteSource> in) {
    const auto& library = archive_library();
    if (!library) return fail(library.error());
    auto reader = std::make_unique<Reader>(*library, kind, std::move(in));
    TRY(reader->open());
    return reader;
}

} // namespace mybuild::codec
