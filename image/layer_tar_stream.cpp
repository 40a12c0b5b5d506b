#include "image/layer_tar_stream.hpp"

#include "base/render.hpp"
#include "image/layer_tar_fields.hpp"
#include "image/layer_tar_pax.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

// The reader is our own and not a library's because a layer's names are bytes: libarchive converts
// and normalises those in PAX headers, and loses a link target whose ustar field is empty, which is
// what Go's writers leave of a target without ASCII characters. Where readers disagree, what Go's
// archive/tar does counts: every registry and engine has read the image with that.
namespace mybuild::tar {

namespace {

constexpr std::size_t window_size = 256 * 1024;

tl::unexpected<Error> corrupt(std::string message) {
    return fail(Error{.code = ErrorCode::corrupt, .message = std::move(message)});
}

/// Exact reads and skips on a source, through a window so that it is asked for large pieces.
class Input {
  public:
    Input(ByteSource& source, SkippingSource* skipper)
        : m_source(source), m_skipper(skipper), m_window(window_size) {}

    /// As much of `out` as there is.
    Result<std::size_t> read(std::span<std::byte> out);
    /// All of `out`, else ErrorCode::corrupt.
    Status read_all(std::span<std::byte> out);
    Status skip(std::uint64_t count);
    [[nodiscard]] std::uint64_t position() const { return m_fetched - m_ready.size(); }

  private:
    Result<std::size_t> fetch(std::span<std::byte> out) {
        TRY_ASSIGN(const auto count, m_source.read(out));
        m_fetched += count;
        return count;
    }

    ByteSource& m_source;
    SkippingSource* m_skipper;
    std::vector<std::byte> m_window;
    std::span<const std::byte> m_ready;
    std::uint64_t m_fetched = 0; ///< bytes taken from the source, by reading or skipping
};

Result<std::size_t> Input::read(std::span<std::byte> out) {
    std::size_t filled = 0;
    while (filled < out.size()) {
        if (m_ready.empty()) {
            const auto rest = out.subspan(filled);
            if (rest.size() >= m_window.size()) {
                TRY_ASSIGN(const auto count, fetch(rest));
                if (count == 0) break;
                filled += count;
                continue;
            }
            TRY_ASSIGN(const auto count, fetch(m_window));
            if (count == 0) break;
            m_ready = std::span(m_window).first(count);
        }
        const auto count = std::min(out.size() - filled, m_ready.size());
        std::memcpy(out.data() + filled, m_ready.data(), count);
        m_ready = m_ready.subspan(count);
        filled += count;
    }
    return filled;
}

Status Input::read_all(std::span<std::byte> out) {
    TRY_ASSIGN(const auto count, read(out));
    if (count < out.size()) return corrupt("it ends too early");
    return {};
}

Status Input::skip(std::uint64_t count) {
    const auto at_hand = static_cast<std::size_t>(std::min<std::uint64_t>(count, m_ready.size()));
    m_ready = m_ready.subspan(at_hand);
    count -= at_hand;
    // The last byte is always read: skipping over the end of a file would not be noticed.
    if (m_skipper != nullptr && count > 1) {
        TRY_ASSIGN(const auto skipped, m_skipper->skip(count - 1));
        count -= skipped;
        m_fetched += skipped;
    }
    while (count > 0) {
        if (m_ready.empty()) {
            TRY_ASSIGN(const auto filled, fetch(m_window));
            if (filled == 0) return corrupt("it ends too early");
            m_ready = std::span(m_window).first(filled);
        }
        const auto some = static_cast<std::size_t>(std::min<std::uint64_t>(count, m_ready.size()));
        m_ready = m_ready.subspan(some);
        count -= some;
    }
    return {};
}

Result<std::uint32_t> entry_id(std::int64_t id, std::string_view which) {
    if (id < 0 || id > std::numeric_limits<std::uint32_t>::max())
        return corrupt(fmt::format("the {} {} is out of range", which, id));
    return static_cast<std::uint32_t>(id);
}

/// The type of an entry by its flag, once those that are no entries are dealt with.
Result<EntryType> entry_type(char flag, std::string_view name) {
    switch (flag) {
    case '\0': // V7
    case '0':
    case '7':                                                                // contiguous
        return name.ends_with('/') ? EntryType::directory : EntryType::file; // V7's directories
    case 'S':
        return EntryType::file;
    case '1':
        return EntryType::hard_link;
    case '2':
        return EntryType::symlink;
    case '3':
        return EntryType::char_device;
    case '4':
        return EntryType::block_device;
    case '5':
    case 'D':
        return EntryType::directory; // D: GNU's, with a listing as content
    case '6':
        return EntryType::fifo;
    default:
        return corrupt(fmt::format("an entry of unknown type '{}'", printable({&flag, 1})));
    }
}

/// Whether the size field of an entry says how much data follows. That of links and the like is to
/// be ignored.
bool has_data(char flag) {
    return flag == '\0' || flag == '0' || flag == '7' || flag == 'S' || flag == 'D';
}

} // namespace

struct Stream::State {
    State(ByteSource& source, SkippingSource* skipper, std::string name)
        : input(source, skipper), what(std::move(name)) {}

    Result<std::optional<LayerEntry>> next();
    Result<std::size_t> read(std::span<std::byte> out);

    /// What special headers say about the entry that follows them.
    struct Pending {
        Pax pax;
        std::optional<std::string> long_name;
        std::optional<std::string> long_link;
        bool any = false;
    };

    Result<bool> next_block(Block& block);
    Result<std::string> special_content(const Fields& fields);
    Result<bool> special_header(const Fields& fields, Pending& pending);
    Result<LayerEntry> entry(const Block& block, Fields fields, Pending pending);
    Status open_content(const Block& block, const Fields& fields, Pending& pending,
                        LayerEntry& entry);
    Result<bool> open_sparse(const Block& block, const Fields& fields, Pending& pending,
                             LayerEntry& entry);
    Error in_context(Error error) const;

    Input input;
    std::string what;
    std::string last_name; ///< for errors: where in the archive we are
    bool ended = false;
    std::optional<Error> failed;

    // The current file: what is stored of it, and which parts of it that is.
    std::uint64_t stored_left = 0;
    std::size_t padding_left = 0;
    SparseMap segments;
    std::size_t segment = 0;
    std::uint64_t size = 0;
    std::uint64_t position = 0;
};

/// Damage is told with the archive's name and the place in it; other errors are the source's own.
Error Stream::State::in_context(Error error) const {
    if (error.code != ErrorCode::corrupt) return error;
    if (!last_name.empty())
        error = std::move(error).in(fmt::format("at or after {}", printable(last_name)));
    return std::move(error).in(what + " is damaged");
}

/// False at the end: two zero blocks, or the end of the bytes between entries.
Result<bool> Stream::State::next_block(Block& block) {
    const auto bytes = std::as_writable_bytes(std::span(block));
    TRY_ASSIGN(const auto count, input.read(bytes));
    if (count == 0) return false;
    if (count < bytes.size()) return corrupt("it ends within a header");
    if (!is_zero(block)) {
        if (!checksum_fits(block)) return corrupt("a header has a wrong checksum");
        return true;
    }
    TRY_ASSIGN(const auto second, input.read(bytes));
    if (second == bytes.size() && !is_zero(block))
        return corrupt("there are entries after a block of zeros");
    return false;
}

Result<std::string> Stream::State::special_content(const Fields& fields) {
    if (fields.size < 0 || static_cast<std::uint64_t>(fields.size) > max_special)
        return corrupt("a special header is larger than 1 MiB");
    std::string content(static_cast<std::size_t>(fields.size), '\0');
    TRY(input.read_all(std::as_writable_bytes(std::span(content))));
    TRY(input.skip(padding(content.size())));
    return content;
}

/// Takes in a header that is no entry itself; false: it is an entry.
Result<bool> Stream::State::special_header(const Fields& fields, Pending& pending) {
    switch (fields.type) {
    case 'x':
    case 'X': { // X: Solaris
        TRY_ASSIGN(const auto records, special_content(fields));
        TRY_ASSIGN(pending.pax, parse_pax(records));
        pending.any = true;
        return true;
    }
    case 'L': {
        TRY_ASSIGN(const auto name, special_content(fields));
        pending.long_name = text_of(name);
        pending.any = true;
        return true;
    }
    case 'K': {
        TRY_ASSIGN(const auto link, special_content(fields));
        pending.long_link = text_of(link);
        pending.any = true;
        return true;
    }
    case 'g':   // defaults for what follows: layers have none (image-spec says nothing; Go ignores
                // it)
    case 'V':   // GNU: a volume's label
    case 'A': { // Solaris: an ACL
        if (fields.size < 0) return corrupt("a size is negative");
        const auto length = static_cast<std::uint64_t>(fields.size);
        TRY(input.skip(length));
        TRY(input.skip(padding(length)));
        return true;
    }
    default:
        return false;
    }
}

Result<std::optional<LayerEntry>> Stream::State::next() {
    segments.clear();
    TRY(input.skip(std::exchange(stored_left, 0)));
    TRY(input.skip(std::exchange(padding_left, 0)));
    size = position = 0;
    Pending pending;
    for (;;) {
        Block block;
        TRY_ASSIGN(const bool more, next_block(block));
        if (!more) {
            ended = true;
            if (pending.any) return corrupt("it ends after a header that belongs to an entry");
            return std::nullopt;
        }
        TRY_ASSIGN(auto fields, parse_fields(block));
        TRY_ASSIGN(const bool special, special_header(fields, pending));
        if (special) continue;
        TRY_ASSIGN(auto found, entry(block, std::move(fields), std::move(pending)));
        return std::optional(std::move(found));
    }
}

Result<LayerEntry> Stream::State::entry(const Block& block, Fields fields, Pending pending) {
    LayerEntry entry;
    entry.path = std::move(fields.name);
    if (pending.pax.path) entry.path = std::move(*pending.pax.path);
    if (pending.pax.sparse_name) entry.path = std::move(*pending.pax.sparse_name);
    if (pending.long_name) entry.path = std::move(*pending.long_name);
    last_name = entry.path;
    TRY_ASSIGN(entry.type, entry_type(fields.type, entry.path));
    entry.mode = fields.mode & 07777U;
    TRY_ASSIGN(entry.uid, entry_id(pending.pax.uid.value_or(fields.uid), "user id"));
    TRY_ASSIGN(entry.gid, entry_id(pending.pax.gid.value_or(fields.gid), "group id"));
    entry.mtime = pending.pax.mtime.value_or(fields.mtime);
    if (entry.type == EntryType::symlink || entry.type == EntryType::hard_link) {
        entry.link = std::move(fields.link);
        if (pending.pax.link) entry.link = std::move(*pending.pax.link);
        if (pending.long_link) entry.link = std::move(*pending.long_link);
    }
    if (entry.type == EntryType::char_device || entry.type == EntryType::block_device) {
        TRY_ASSIGN(entry.device_major, entry_id(fields.device_major, "device number"));
        TRY_ASSIGN(entry.device_minor, entry_id(fields.device_minor, "device number"));
    }
    entry.xattrs = std::move(pending.pax.xattrs);
    TRY(open_content(block, fields, pending, entry));
    return entry;
}

Status Stream::State::open_content(const Block& block, const Fields& fields, Pending& pending,
                                   LayerEntry& entry) {
    const std::int64_t stored = pending.pax.size.value_or(fields.size);
    if (stored < 0) return corrupt("a size is negative");
    if (!has_data(fields.type)) return {};
    stored_left = static_cast<std::uint64_t>(stored);
    padding_left = padding(stored_left);
    if (entry.type != EntryType::file) return {};
    TRY_ASSIGN(const bool sparse, open_sparse(block, fields, pending, entry));
    if (!sparse) {
        entry.size = stored_left;
        segments = {{0, stored_left}};
    }
    size = entry.size;
    return {};
}

/// Reads the map of a file with holes; false: it has none.
Result<bool> Stream::State::open_sparse(const Block& block, const Fields& fields, Pending& pending,
                                        LayerEntry& entry) {
    std::optional<std::int64_t> full_size = pending.pax.sparse_size;
    if (pending.pax.sparse_in_data) {
        SparseLines lines;
        Block part;
        for (std::size_t total = 0;; total += part.size()) {
            if (stored_left < part.size() || total > max_sparse_map)
                return corrupt("the map of a sparse file has no end");
            TRY(input.read_all(std::as_writable_bytes(std::span(part))));
            stored_left -= part.size();
            TRY_ASSIGN(const bool done, lines.feed({part.data(), part.size()}));
            if (done) break;
        }
        segments = lines.take();
    } else if (pending.pax.sparse_map) {
        segments = std::move(*pending.pax.sparse_map);
    } else if (fields.type == 'S') {
        full_size = parse_number(slice(block, 483, 12));
        TRY_ASSIGN(bool extended, parse_sparse_block(block, false, segments));
        while (extended) {
            Block part;
            TRY(input.read_all(std::as_writable_bytes(std::span(part))));
            TRY_ASSIGN(extended, parse_sparse_block(part, true, segments));
        }
    } else {
        return false;
    }
    if (!full_size || *full_size < 0) return corrupt("a sparse file has no valid size");
    entry.size = static_cast<std::uint64_t>(*full_size);
    TRY(check_sparse_map(segments, entry.size, stored_left));
    return true;
}

Result<std::size_t> Stream::State::read(std::span<std::byte> out) {
    std::size_t filled = 0;
    while (filled < out.size() && position < size) {
        while (segment < segments.size() &&
               position == segments[segment].offset + segments[segment].length)
            ++segment;
        const bool in_data = segment < segments.size() && position >= segments[segment].offset;
        const std::uint64_t end = segment == segments.size() ? size
                                  : in_data ? segments[segment].offset + segments[segment].length
                                            : segments[segment].offset;
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(out.size() - filled, end - position));
        if (in_data) {
            TRY(input.read_all(out.subspan(filled, count)));
            stored_left -= count;
        } else {
            std::memset(out.data() + filled, 0, count);
        }
        filled += count;
        position += count;
    }
    return filled;
}

Stream::Stream(ByteSource& source, std::string what)
    : m_state(std::make_unique<State>(source, nullptr, std::move(what))) {}
Stream::Stream(SkippingSource& source, std::string what)
    : m_state(std::make_unique<State>(source, &source, std::move(what))) {}
Stream::~Stream() = default;

Result<std::optional<LayerEntry>> Stream::next() {
    if (m_state->failed) return fail(*m_state->failed);
    if (m_state->ended) return std::nullopt;
    m_state->segment = 0;
    auto entry = m_state->next();
    if (entry) return entry;
    m_state->failed = m_state->in_context(std::move(entry).error());
    return fail(*m_state->failed);
}

std::optional<std::uint64_t> Stream::content_offset() const {
    const bool whole = m_state->segments.size() == 1 && m_state->segments[0].offset == 0 &&
                       m_state->segments[0].length == m_state->size;
    return whole ? std::optional(m_state->input.position()) : std::nullopt;
}

Result<std::size_t> Stream::read(std::span<std::byte> out) {
    if (m_state->failed) return fail(*m_state->failed);
    auto count = m_state->read(out);
    if (count) return count;
    m_state->failed = m_state->in_context(std::move(count).error());
    return fail(*m_state->failed);
}

} // namespace mybuild::tar
