#include "base/render.hpp"
#include "cache/layers/canonical_search.hpp"
#include "cache/layers/content_id.hpp"
#include "cache/layers/listing.hpp"
#include "cache/layers/listing_format.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace mybuild {
namespace {

using listing_format::Header;
using listing_format::Record;

constexpr std::size_t pool_limit = std::numeric_limits<std::uint32_t>::max();

template <class Struct>
void append(std::string& out, const Struct& value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string encode_xattrs(const std::vector<Xattr>& xattrs) {
    std::string block;
    for (const auto& xattr : xattrs) {
        append(block, static_cast<std::uint32_t>(xattr.name.size()));
        append(block, static_cast<std::uint32_t>(xattr.value.size()));
        block += xattr.name;
        block += xattr.value;
    }
    return block;
}

} // namespace

struct ListingBuilder::Impl {
    std::string records;
    std::string pool;
    std::string kept;
    std::string last_path;
    std::uint64_t count = 0;
    std::uint64_t file_bytes = 0;
    ContentId content_id;

    std::uint32_t put(std::string_view text) {
        const auto offset = pool.size();
        pool += text;
        return static_cast<std::uint32_t>(offset);
    }
    [[nodiscard]] Record record(std::size_t index) const {
        Record record;
        std::memcpy(&record, records.data() + index * sizeof record, sizeof record);
        return record;
    }
    [[nodiscard]] std::string_view path(std::size_t index) const {
        const auto stored = record(index);
        return std::string_view(pool).substr(stored.path_offset, stored.path_size);
    }
    [[nodiscard]] bool names_a_file(std::string_view wanted) const;
    [[nodiscard]] std::optional<std::size_t> find(std::string_view wanted) const;
};

std::optional<std::size_t> ListingBuilder::Impl::find(std::string_view wanted) const {
    const auto index =
        canonical_lower_bound(count, wanted, [this](std::size_t at) { return path(at); });
    if (index == count || path(index) != wanted) return std::nullopt;
    return index;
}

/// Whether a hard link may name this path: an earlier entry that is the first name of its inode.
bool ListingBuilder::Impl::names_a_file(std::string_view wanted) const {
    const auto index = find(wanted);
    if (!index) return false;
    const auto type = static_cast<EntryType>(record(*index).type);
    return type != EntryType::directory && type != EntryType::hard_link &&
           type != EntryType::whiteout;
}

ListingBuilder::ListingBuilder() : m_impl(std::make_unique<Impl>()) {}
ListingBuilder::~ListingBuilder() = default;
ListingBuilder::ListingBuilder(ListingBuilder&&) noexcept = default;
ListingBuilder& ListingBuilder::operator=(ListingBuilder&&) noexcept = default;

Status ListingBuilder::add(const LayerEntry& entry) {
    auto& impl = *m_impl;
    const auto refuse = [&](std::string_view why) {
        return fail(
            {ErrorCode::internal, fmt::format("layer entry {}: {}", printable(entry.path), why)});
    };
    if (const auto problem = listing_format::entry_problem(entry); !problem.empty())
        return refuse(problem);
    if (impl.count > 0 && compare_paths(impl.last_path, entry.path) >= 0)
        return refuse("it is out of order or was there before");
    if (entry.type == EntryType::hard_link && !impl.names_a_file(entry.link))
        return refuse("its hard link names no earlier file");

    const auto xattrs = encode_xattrs(entry.xattrs);
    if (impl.pool.size() + entry.path.size() + entry.link.size() + xattrs.size() > pool_limit)
        return fail({ErrorCode::unsupported, "a layer's names and attributes exceed 4 GiB"});

    Record record{};
    record.size = entry.size;
    record.mtime = entry.mtime;
    record.path_offset = impl.put(entry.path);
    record.link_offset = impl.put(entry.link);
    record.xattrs_offset = impl.put(xattrs);
    record.xattrs_size = static_cast<std::uint32_t>(xattrs.size());
    record.uid = entry.uid;
    record.gid = entry.gid;
    record.device_major = entry.device_major;
    record.device_minor = entry.device_minor;
    record.path_size = static_cast<std::uint16_t>(entry.path.size());
    record.link_size = static_cast<std::uint16_t>(entry.link.size());
    record.mode = static_cast<std::uint16_t>(entry.mode);
    record.type = static_cast<std::uint8_t>(entry.type);
    record.opaque = entry.opaque ? 1 : 0;
    record.content = entry.content.bytes;
    append(impl.records, record);

    impl.content_id.add(entry);
    impl.last_path = entry.path;
    impl.file_bytes += entry.size;
    ++impl.count;
    return {};
}

void ListingBuilder::keep(std::string_view path, std::string_view bytes) {
    append(m_impl->kept, static_cast<std::uint32_t>(path.size()));
    append(m_impl->kept, static_cast<std::uint32_t>(bytes.size()));
    m_impl->kept += path;
    m_impl->kept += bytes;
}

std::optional<LayerEntry> ListingBuilder::find(std::string_view path) const {
    const auto index = m_impl->find(path);
    if (!index) return std::nullopt;
    const auto record = m_impl->record(*index);
    LayerEntry entry;
    entry.path = path;
    entry.type = static_cast<EntryType>(record.type);
    entry.opaque = record.opaque != 0;
    entry.mode = record.mode;
    entry.uid = record.uid;
    entry.gid = record.gid;
    entry.size = record.size;
    entry.mtime = record.mtime;
    entry.link = m_impl->pool.substr(record.link_offset, record.link_size);
    entry.device_major = record.device_major;
    entry.device_minor = record.device_minor;
    entry.content.bytes = record.content;
    return entry;
}

std::string ListingBuilder::finish() {
    const auto impl = std::exchange(m_impl, std::make_unique<Impl>());
    Header header{};
    header.magic = listing_format::magic;
    header.version = listing_format::version;
    header.record_size = sizeof(Record);
    header.count = impl->count;
    header.pool_size = impl->pool.size();
    header.kept_size = impl->kept.size();
    header.file_bytes = impl->file_bytes;
    header.content_id = impl->content_id.finish().bytes;

    std::string bytes;
    bytes.reserve(sizeof header + impl->records.size() + impl->pool.size() + impl->kept.size());
    bytes.resize(sizeof header);
    bytes += impl->records;
    bytes += impl->pool;
    bytes += impl->kept;
    header.body_checksum = listing_format::checksum(std::string_view(bytes).substr(sizeof header));
    std::memcpy(bytes.data(), &header, sizeof header);
    header.header_checksum =
        listing_format::checksum(std::string_view(bytes).substr(0, listing_format::header_checked));
    std::memcpy(bytes.data(), &header, sizeof header);
    return bytes;
}

bool keeps_bytes(std::string_view path) {
    return path == "etc/passwd" || path == "etc/group";
}

} // namespace mybuild
