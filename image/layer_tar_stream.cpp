#include "image/layer_tar_stream.hpp"

#include "base/render.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <locale.h>
#include <new>
#include <string_view>
#include <vector>

// libarchive converts the names in PAX headers from UTF-8 to the locale's character set and on the
// way normalises them (so that names composed in another way would change). In the C locale it
// finds that it cannot, warns, and hands on the bytes as they are: just what a layer needs. Every
// call that looks at names is therefore made in the C locale, whatever the process has.
namespace mybuild::tar {

namespace {

constexpr std::size_t read_size = 256 * 1024;

class CLocale {
  public:
    CLocale() : m_before(::uselocale(c_locale())) {}
    ~CLocale() { ::uselocale(m_before); }
    CLocale(const CLocale&) = delete;
    CLocale& operator=(const CLocale&) = delete;

  private:
    static locale_t c_locale() {
        static const locale_t locale = ::newlocale(LC_ALL_MASK, "C", nullptr);
        if (locale == nullptr) throw std::bad_alloc();
        return locale;
    }
    locale_t m_before;
};

struct FreeReader {
    void operator()(struct archive* reader) const { ::archive_read_free(reader); }
};

Result<EntryType> entry_type(struct archive_entry* raw) {
    if (::archive_entry_hardlink(raw) != nullptr) return EntryType::hard_link;
    switch (::archive_entry_filetype(raw)) {
    case AE_IFREG:
        return EntryType::file;
    case AE_IFLNK:
        return EntryType::symlink;
    case AE_IFDIR:
        return EntryType::directory;
    case AE_IFCHR:
        return EntryType::char_device;
    case AE_IFBLK:
        return EntryType::block_device;
    case AE_IFIFO:
        return EntryType::fifo;
    default:
        return fail(Error{.code = ErrorCode::corrupt, .message = "it is of no known type"});
    }
}

Result<std::uint32_t> entry_id(std::int64_t id, std::string_view which) {
    if (id < 0 || id > std::numeric_limits<std::uint32_t>::max()) {
        return fail(Error{.code = ErrorCode::corrupt,
                          .message = fmt::format("its {} {} is out of range", which, id)});
    }
    return static_cast<std::uint32_t>(id);
}

std::vector<Xattr> entry_xattrs(struct archive_entry* raw) {
    std::vector<Xattr> xattrs;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    ::archive_entry_xattr_reset(raw);
    while (::archive_entry_xattr_next(raw, &name, &value, &size) == ARCHIVE_OK) {
        if (name == nullptr) continue;
        xattrs.push_back(
            {name, size == 0 ? std::string() : std::string(static_cast<const char*>(value), size)});
    }
    // bsdtar writes every attribute twice, in two spellings.
    std::ranges::stable_sort(xattrs, {}, &Xattr::name);
    const auto again = std::ranges::unique(xattrs, {}, &Xattr::name);
    xattrs.erase(again.begin(), again.end());
    return xattrs;
}

} // namespace

struct Stream::State {
    State(ByteSource& bytes, SkippingSource* skipping, std::string name)
        : source(bytes), skipper(skipping), what(std::move(name)), buffer(read_size) {}

    static la_ssize_t read_some(struct archive* reader, void* data, const void** out);
    static la_int64_t skip_some(struct archive* reader, void* data, la_int64_t request);

    Status open();
    Error error(std::string_view doing);
    Result<LayerEntry> translate(struct archive_entry* raw) const;
    /// Fetches the next run of data of the current file; false at its end.
    Result<bool> next_block();

    ByteSource& source;
    SkippingSource* skipper;
    std::string what;
    std::vector<std::byte> buffer;
    std::unique_ptr<struct archive, FreeReader> reader;
    std::optional<Error> source_error;
    std::string last_name; ///< for errors: where in the archive we are

    // The current file: `position` of `size` bytes are read; the data at hand stands at
    // block_offset.
    std::uint64_t size = 0;
    std::uint64_t position = 0;
    std::uint64_t block_offset = 0;
    std::string_view block;
    bool at_end = true;
};

la_ssize_t Stream::State::read_some(struct archive* reader, void* data, const void** out) {
    auto& state = *static_cast<State*>(data);
    auto count = state.source.read(state.buffer);
    if (!count) {
        state.source_error = std::move(count).error();
        ::archive_set_error(reader, EIO, "the source failed");
        return ARCHIVE_FATAL;
    }
    *out = state.buffer.data();
    return static_cast<la_ssize_t>(*count);
}

la_int64_t Stream::State::skip_some(struct archive* reader, void* data, la_int64_t request) {
    auto& state = *static_cast<State*>(data);
    auto count = state.skipper->skip(static_cast<std::uint64_t>(std::max<la_int64_t>(request, 0)));
    if (!count) {
        state.source_error = std::move(count).error();
        ::archive_set_error(reader, EIO, "the source failed");
        return ARCHIVE_FATAL;
    }
    return static_cast<la_int64_t>(*count);
}

Status Stream::State::open() {
    reader.reset(::archive_read_new());
    if (reader == nullptr) throw std::bad_alloc();
    // `empty` is for a stream of no bytes, which is the shortest archive.
    if (::archive_read_support_format_tar(reader.get()) != ARCHIVE_OK ||
        ::archive_read_support_format_empty(reader.get()) != ARCHIVE_OK)
        return fail(error("opening it"));
    ::archive_read_set_read_callback(reader.get(), read_some);
    if (skipper != nullptr) ::archive_read_set_skip_callback(reader.get(), skip_some);
    ::archive_read_set_callback_data(reader.get(), this);
    if (::archive_read_open1(reader.get()) != ARCHIVE_OK) return fail(error("opening it"));
    return {};
}

Error Stream::State::error(std::string_view doing) {
    if (source_error) return *source_error;
    const char* text = ::archive_error_string(reader.get());
    std::string where;
    if (!last_name.empty()) where = fmt::format(" (at or after {})", printable(last_name));
    return Error{.code = ErrorCode::corrupt,
                 .message = fmt::format("{} is damaged: {}{}: {}", what, doing, where,
                                        text == nullptr ? "unknown error" : printable(text))};
}

Result<LayerEntry> Stream::State::translate(struct archive_entry* raw) const {
    LayerEntry entry;
    entry.path = last_name;
    TRY_ASSIGN(entry.type, entry_type(raw));
    entry.mode = static_cast<std::uint32_t>(::archive_entry_perm(raw)) & 07777U;
    TRY_ASSIGN(entry.uid, entry_id(::archive_entry_uid(raw), "user id"));
    TRY_ASSIGN(entry.gid, entry_id(::archive_entry_gid(raw), "group id"));
    entry.mtime = ::archive_entry_mtime(raw);
    if (entry.type == EntryType::file) {
        if (::archive_entry_size(raw) < 0)
            return fail(Error{.code = ErrorCode::corrupt, .message = "its size is negative"});
        entry.size = static_cast<std::uint64_t>(::archive_entry_size(raw));
    }
    const char* link = entry.type == EntryType::hard_link ? ::archive_entry_hardlink(raw)
                       : entry.type == EntryType::symlink ? ::archive_entry_symlink(raw)
                                                          : nullptr;
    if (link != nullptr) entry.link = link;
    if (entry.type == EntryType::char_device || entry.type == EntryType::block_device) {
        entry.device_major = static_cast<std::uint32_t>(::archive_entry_rdevmajor(raw));
        entry.device_minor = static_cast<std::uint32_t>(::archive_entry_rdevminor(raw));
    }
    entry.xattrs = entry_xattrs(raw);
    return entry;
}

Stream::Stream(ByteSource& source, std::string what)
    : m_state(std::make_unique<State>(source, nullptr, std::move(what))) {}
Stream::Stream(SkippingSource& source, std::string what)
    : m_state(std::make_unique<State>(source, &source, std::move(what))) {}
Stream::~Stream() = default;

Result<std::optional<LayerEntry>> Stream::next() {
    State& state = *m_state;
    const CLocale locale;
    if (state.source_error) return fail(*state.source_error);
    if (state.reader == nullptr) TRY(state.open());
    state.block = {};
    state.at_end = true;
    struct archive_entry* raw = nullptr;
    const int status = ::archive_read_next_header(state.reader.get(), &raw);
    if (status == ARCHIVE_EOF) return std::nullopt;
    const char* text =
        status == ARCHIVE_WARN ? ::archive_error_string(state.reader.get()) : nullptr;
    const bool only_charset =
        text != nullptr &&
        std::string_view(text).find("can't be converted") != std::string_view::npos;
    if (status != ARCHIVE_OK && !only_charset) return fail(state.error("reading a header"));
    const char* name = ::archive_entry_pathname(raw);
    state.last_name = name == nullptr ? "" : name;
    auto entry = state.translate(raw);
    if (!entry) {
        return fail(std::move(entry).error().in(
            fmt::format("{}: {}", state.what, printable(state.last_name))));
    }
    state.size = entry->size;
    state.position = 0;
    state.block_offset = 0;
    state.at_end = entry->type != EntryType::file;
    return std::optional(std::move(*entry));
}

Result<bool> Stream::State::next_block() {
    const void* data = nullptr;
    std::size_t length = 0;
    la_int64_t offset = 0;
    const int status = ::archive_read_data_block(reader.get(), &data, &length, &offset);
    if (status == ARCHIVE_EOF) return false;
    if (status != ARCHIVE_OK) return fail(error("reading a file"));
    block = {static_cast<const char*>(data), length};
    block_offset = static_cast<std::uint64_t>(offset);
    if (offset < 0 || block_offset < position || block_offset > size ||
        length > size - block_offset) {
        return fail(
            Error{.code = ErrorCode::corrupt,
                  .message = fmt::format("{} is damaged: the parts of the sparse file {} do "
                                         "not fit together",
                                         what, printable(last_name))});
    }
    return true;
}

Result<std::size_t> Stream::read(std::span<std::byte> out) {
    State& state = *m_state;
    std::size_t filled = 0;
    while (filled < out.size() && !(state.at_end && state.position == state.size)) {
        if (state.block.empty() && !state.at_end) {
            TRY_ASSIGN(const bool more, state.next_block());
            if (!more) {
                state.at_end = true;
                state.block_offset = state.size; // a hole up to the end
            }
            continue;
        }
        const std::size_t room = out.size() - filled;
        std::size_t count = 0;
        if (state.position < state.block_offset) {
            count = static_cast<std::size_t>(
                std::min<std::uint64_t>(room, state.block_offset - state.position));
            std::memset(out.data() + filled, 0, count);
        } else {
            count = std::min(room, state.block.size());
            std::memcpy(out.data() + filled, state.block.data(), count);
            state.block.remove_prefix(count);
            state.block_offset += count;
        }
        filled += count;
        state.position += count;
    }
    return filled;
}

} // namespace mybuild::tar
