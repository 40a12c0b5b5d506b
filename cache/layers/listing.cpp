#include "cache/layers/listing.hpp"

#include "base/fs.hpp"
#include "cache/layers/canonical_search.hpp"
#include "cache/layers/listing_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>

namespace mybuild {
namespace {

using listing_format::Header;
using listing_format::Record;

tl::unexpected<Error> damaged(std::string_view why) {
    return fail({ErrorCode::corrupt, fmt::format("damaged listing: {}", why)});
}

/// A read-only private mapping of a whole file.
class Mapping {
  public:
    Mapping() = default;
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    Mapping(Mapping&& other) noexcept
        : m_data(std::exchange(other.m_data, nullptr)), m_size(std::exchange(other.m_size, 0)) {}
    Mapping& operator=(Mapping&& other) noexcept {
        std::swap(m_data, other.m_data);
        std::swap(m_size, other.m_size);
        return *this;
    }
    ~Mapping() {
        if (m_data != nullptr) ::munmap(m_data, m_size);
    }
    static Result<Mapping> of(int fd) {
        struct stat info {};
        if (::fstat(fd, &info) != 0) return fail(errno_error("cannot stat", errno));
        Mapping mapping;
        mapping.m_size = static_cast<std::size_t>(info.st_size);
        if (mapping.m_size == 0) return mapping;
        // Validation reads every page anyway: one call instead of a fault for each.
        void* data = ::mmap(nullptr, mapping.m_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
        if (data == MAP_FAILED) return fail(errno_error("cannot map", errno));
        mapping.m_data = data;
        return mapping;
    }
    [[nodiscard]] std::string_view bytes() const {
        return {static_cast<const char*>(m_data), m_size};
    }

  private:
    void* m_data = nullptr;
    std::size_t m_size = 0;
};

template <class Struct>
Struct load(std::string_view bytes, std::size_t offset) {
    Struct value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

/// Takes `size` bytes off the front of `rest`; none if there are fewer.
std::optional<std::string_view> take(std::string_view& rest, std::size_t size) {
    if (size > rest.size()) return std::nullopt;
    const auto part = rest.substr(0, size);
    rest.remove_prefix(size);
    return part;
}

struct NamedBytes {
    std::string_view name;
    std::string_view value;
};

/// One `(u32 name size, u32 value size, name, value)` off the front of `rest`.
std::optional<NamedBytes> take_named(std::string_view& rest) {
    const auto head = take(rest, 8);
    if (!head) return std::nullopt;
    const auto name = take(rest, load<std::uint32_t>(*head, 0));
    if (!name) return std::nullopt;
    const auto value = take(rest, load<std::uint32_t>(*head, 4));
    if (!value) return std::nullopt;
    return NamedBytes{*name, *value};
}

/// The order of a byte in canonical order: the end of a path, then `/`, then all others.
unsigned rank(std::string_view path, std::size_t at) {
    if (at == path.size()) return 0;
    return path[at] == '/' ? 1U : static_cast<unsigned char>(path[at]) + 2U;
}

/// Whether `path` is clean and stands after `before`, which is clean ("": there is none). The part
/// they share was checked with `before`.
bool follows(std::string_view before, std::string_view path) {
    const auto shorter = std::min(before.size(), path.size());
    const auto end = before.begin() + static_cast<std::ptrdiff_t>(shorter);
    const auto at = static_cast<std::size_t>(
        std::mismatch(before.begin(), end, path.begin()).first - before.begin());
    if (rank(before, at) >= rank(path, at)) return false;
    if (at == before.size() && !before.empty() && path[at] == '/')
        return listing_format::is_clean_path(path.substr(at + 1));
    const auto slash = at == 0 ? std::string_view::npos : path.rfind('/', at - 1);
    return listing_format::is_clean_path(slash == std::string_view::npos ? path
                                                                         : path.substr(slash + 1));
}

class BytesListing final : public Listing {
  public:
    static Result<std::shared_ptr<const Listing>> make(Mapping mapping, std::string owned) {
        auto listing = std::shared_ptr<BytesListing>(new BytesListing);
        listing->m_mapping = std::move(mapping);
        listing->m_owned = std::move(owned);
        listing->m_bytes = listing->m_owned.empty() ? listing->m_mapping.bytes() : listing->m_owned;
        TRY(listing->read_header());
        TRY(listing->check_records());
        TRY(listing->read_kept());
        return listing;
    }

    [[nodiscard]] std::size_t size() const override { return m_count; }
    [[nodiscard]] std::string_view path(std::size_t index) const override {
        return path_of(record(index));
    }
    [[nodiscard]] EntryType type(std::size_t index) const override {
        return static_cast<EntryType>(record(index).type);
    }
    [[nodiscard]] bool opaque(std::size_t index) const override {
        return record(index).opaque != 0;
    }
    [[nodiscard]] LayerEntry entry(std::size_t index) const override;
    [[nodiscard]] std::size_t lower_bound(std::string_view path) const override;
    [[nodiscard]] std::optional<std::size_t> find(std::string_view wanted) const override {
        const auto index = lower_bound(wanted);
        if (index == m_count || path(index) != wanted) return std::nullopt;
        return index;
    }
    [[nodiscard]] const Digest& content_id() const override { return m_content_id; }
    [[nodiscard]] std::string_view bytes() const override { return m_bytes; }
    [[nodiscard]] std::uint64_t file_bytes() const override { return m_file_bytes; }
    [[nodiscard]] std::optional<std::string_view> kept(std::string_view path) const override {
        for (const auto& file : m_kept)
            if (file.name == path) return file.value;
        return std::nullopt;
    }

  private:
    BytesListing() = default;
    Status read_header();
    Status check_records();
    Status check_record(const Record& record, std::size_t index, std::string_view before) const;
    Status check_xattrs(const Record& record) const;
    Status read_kept();

    [[nodiscard]] Record record(std::size_t index) const {
        if (index >= m_count) throw std::out_of_range("listing index");
        return load<Record>(m_records, index * sizeof(Record));
    }
    [[nodiscard]] std::string_view path_of(const Record& record) const {
        return m_pool.substr(record.path_offset, record.path_size);
    }
    [[nodiscard]] bool in_pool(std::size_t offset, std::size_t size) const {
        return offset <= m_pool.size() && size <= m_pool.size() - offset;
    }

    Mapping m_mapping;
    std::string m_owned;
    std::string_view m_bytes;
    std::string_view m_records;
    std::string_view m_pool;
    std::string_view m_kept_bytes;
    std::size_t m_count = 0;
    std::uint64_t m_file_bytes = 0;
    Digest m_content_id;
    std::vector<NamedBytes> m_kept;
};

Status BytesListing::read_header() {
    if (m_bytes.size() < sizeof(Header)) return damaged("it is shorter than its header");
    const auto header = load<Header>(m_bytes, 0);
    if (header.magic != listing_format::magic) return damaged("it is no listing");
    if (header.version != listing_format::version || header.record_size != sizeof(Record))
        return damaged(fmt::format("version {} is not known", header.version));
    if (header.header_checksum !=
        listing_format::checksum(m_bytes.substr(0, listing_format::header_checked)))
        return damaged("wrong checksum of the header");
    if (header.reserved != decltype(header.reserved){}) return damaged("unknown fields");

    auto rest = m_bytes.substr(sizeof(Header));
    if (header.body_checksum != listing_format::checksum(rest)) return damaged("wrong checksum");
    if (header.count > rest.size() / sizeof(Record)) return damaged("it is truncated");
    const auto records = take(rest, header.count * sizeof(Record));
    const auto pool = take(rest, header.pool_size);
    if (!records || !pool || rest.size() != header.kept_size) return damaged("sizes do not add up");
    m_count = header.count;
    m_records = *records;
    m_pool = *pool;
    m_kept_bytes = rest;
    m_file_bytes = header.file_bytes;
    m_content_id.bytes = header.content_id;
    return {};
}

Status BytesListing::check_records() {
    std::uint64_t file_bytes = 0;
    std::string_view before;
    for (std::size_t i = 0; i < m_count; ++i) {
        const auto current = record(i);
        TRY(check_record(current, i, before));
        before = path_of(current);
        file_bytes += current.size;
    }
    if (file_bytes != m_file_bytes) return damaged("file sizes do not add up");
    return {};
}

Status BytesListing::check_record(const Record& current, std::size_t index,
                                  std::string_view before) const {
    if (!in_pool(current.path_offset, current.path_size) ||
        !in_pool(current.link_offset, current.link_size) ||
        !in_pool(current.xattrs_offset, current.xattrs_size))
        return damaged("an entry points outside");
    const auto type = static_cast<EntryType>(current.type);
    if (type > EntryType::whiteout || current.mode > 07777 || current.opaque > 1)
        return damaged("an entry has an unknown type or mode");
    if (current.opaque != 0 && type != EntryType::directory)
        return damaged("an entry that is no directory is opaque");
    if (current.size != 0 && type != EntryType::file)
        return damaged("an entry that is no file has a size");
    if (!follows(before, path_of(current))) return damaged("its entries are not in order");
    if (type == EntryType::hard_link) {
        const auto target = find(m_pool.substr(current.link_offset, current.link_size));
        if (!target || *target >= index) return damaged("a hard link names no earlier entry");
        const auto named = this->type(*target);
        if (named == EntryType::directory || named == EntryType::hard_link ||
            named == EntryType::whiteout)
            return damaged("a hard link names no file");
    }
    return check_xattrs(current);
}

Status BytesListing::check_xattrs(const Record& current) const {
    auto rest = m_pool.substr(current.xattrs_offset, current.xattrs_size);
    std::string_view before;
    bool first = true;
    while (!rest.empty()) {
        const auto xattr = take_named(rest);
        if (!xattr) return damaged("an entry's xattrs are truncated");
        if (!first && before >= xattr->name) return damaged("an entry's xattrs are not sorted");
        before = xattr->name;
        first = false;
    }
    return {};
}

Status BytesListing::read_kept() {
    auto rest = m_kept_bytes;
    while (!rest.empty()) {
        const auto file = take_named(rest);
        if (!file) return damaged("a kept file is truncated");
        m_kept.push_back(*file);
    }
    return {};
}

LayerEntry BytesListing::entry(std::size_t index) const {
    const auto stored = record(index);
    LayerEntry entry;
    entry.path = path_of(stored);
    entry.type = static_cast<EntryType>(stored.type);
    entry.opaque = stored.opaque != 0;
    entry.mode = stored.mode;
    entry.uid = stored.uid;
    entry.gid = stored.gid;
    entry.size = stored.size;
    entry.mtime = stored.mtime;
    entry.link = m_pool.substr(stored.link_offset, stored.link_size);
    entry.device_major = stored.device_major;
    entry.device_minor = stored.device_minor;
    entry.content.bytes = stored.content;
    auto rest = m_pool.substr(stored.xattrs_offset, stored.xattrs_size);
    while (const auto xattr = take_named(rest))
        entry.xattrs.push_back({std::string(xattr->name), std::string(xattr->value)});
    return entry;
}

std::size_t BytesListing::lower_bound(std::string_view wanted) const {
    return canonical_lower_bound(m_count, wanted, [this](std::size_t at) { return path(at); });
}

} // namespace

Result<std::shared_ptr<const Listing>> Listing::open(int dir, const std::string& name) {
    TRY_ASSIGN(const auto fd, fs::open_at(dir, name, O_RDONLY | O_NOFOLLOW));
    auto mapping = Mapping::of(fd.get());
    if (!mapping) return fail(std::move(mapping).error().in(name));
    if (mapping->bytes().empty()) return damaged("it is empty");
    return BytesListing::make(std::move(*mapping), {});
}

Result<std::shared_ptr<const Listing>> Listing::from_bytes(std::string bytes) {
    if (bytes.empty()) return damaged("it is empty");
    return BytesListing::make({}, std::move(bytes));
}

} // namespace mybuild
