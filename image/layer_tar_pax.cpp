#include "image/layer_tar_pax.hpp"

#include "base/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace mybuild::tar {

namespace {

constexpr std::string_view xattr_prefix = "SCHILY.xattr.";

tl::unexpected<Error> malformed(std::string_view what) {
    return fail(Error{.code = ErrorCode::corrupt,
                      .message = fmt::format("a PAX header is malformed: {}", what)});
}

struct Record {
    std::string_view key;
    std::string_view value;
};

/// Cuts the first record off `rest`.
Result<Record> next_record(std::string_view& rest) {
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
    const auto digits = static_cast<std::size_t>(end - rest.data());
    if (error != std::errc() || digits >= rest.size() || *end != ' ')
        return malformed("a record does not begin with its length");
    if (length < digits + 3 || length > rest.size() || rest[length - 1] != '\n')
        return malformed("a record has a wrong length");
    const auto body = rest.substr(digits + 1, length - digits - 2);
    rest.remove_prefix(length);
    const auto equals = body.find('=');
    if (equals == body.npos || equals == 0) return malformed("a record has no key");
    return Record{body.substr(0, equals), body.substr(equals + 1)};
}

/// `-1700000000.123456789` as whole seconds, rounded down.
std::optional<std::int64_t> parse_time(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    const auto dot = text.find('.');
    const auto whole = parse_decimal(text.substr(0, dot));
    if (!whole) return std::nullopt;
    const auto fraction = dot == text.npos ? std::string_view() : text.substr(dot + 1);
    if (fraction.find_first_not_of("0123456789") != fraction.npos) return std::nullopt;
    if (!negative) return *whole;
    const bool between = fraction.find_first_not_of('0') != fraction.npos;
    return -*whole - (between ? 1 : 0);
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    const auto value = parse_decimal(text);
    return value && negative ? std::optional(-*value) : value;
}

class Collector {
  public:
    Status add(const Record& record);
    Result<Pax> finish();

  private:
    using Number = std::optional<std::int64_t> Pax::*;
    using Text = std::optional<std::string> Pax::*;

    Status number(Number member, const Record& record,
                  std::optional<std::int64_t> (*parse)(std::string_view));
    Status name(Text member, const Record& record);
    Status sparse(const Record& record);

    Pax m_pax;
    std::optional<std::uint64_t> m_sparse_offset; ///< form 0.0: waits for its length
};

Status Collector::number(Number member, const Record& record,
                         std::optional<std::int64_t> (*parse)(std::string_view)) {
    (m_pax.*member).reset();
    if (record.value.empty()) return {};
    m_pax.*member = parse(record.value);
    if (!(m_pax.*member)) return malformed(fmt::format("{} is no number", printable(record.key)));
    return {};
}

Status Collector::name(Text member, const Record& record) {
    if (record.value.find('\0') != record.value.npos)
        return malformed(fmt::format("there is a NUL byte in {}", printable(record.key)));
    (m_pax.*member).reset();
    if (!record.value.empty()) m_pax.*member = std::string(record.value);
    return {};
}

Status Collector::sparse(const Record& record) {
    const auto what = record.key.substr(std::string_view("GNU.sparse.").size());
    if (what == "name") return name(&Pax::sparse_name, record);
    if (what == "realsize" || what == "size")
        return number(&Pax::sparse_size, record, parse_decimal);
    if (what == "map") {
        TRY_ASSIGN(m_pax.sparse_map, parse_sparse_list(record.value));
    } else if (what == "offset" || what == "numbytes") {
        const auto value = parse_decimal(record.value);
        if (!value || (what == "offset") == m_sparse_offset.has_value())
            return malformed("the map of a sparse file is wrong");
        if (what == "offset") {
            m_sparse_offset = static_cast<std::uint64_t>(*value);
            return {};
        }
        if (!m_pax.sparse_map) m_pax.sparse_map.emplace();
        m_pax.sparse_map->push_back({*m_sparse_offset, static_cast<std::uint64_t>(*value)});
        m_sparse_offset.reset();
    } else if (what == "major" && record.value == "1") {
        m_pax.sparse_in_data = true;
    } else if (what == "major" ||
               (what == "minor" && record.value != "0" && m_pax.sparse_in_data)) {
        if (record.value != "0") return malformed("sparse files of an unknown version");
    }
    return {};
}

Status Collector::add(const Record& record) {
    if (record.key == "path") return name(&Pax::path, record);
    if (record.key == "linkpath") return name(&Pax::link, record);
    if (record.key == "uid") return number(&Pax::uid, record, parse_integer);
    if (record.key == "gid") return number(&Pax::gid, record, parse_integer);
    if (record.key == "size") return number(&Pax::size, record, parse_decimal);
    if (record.key == "mtime") return number(&Pax::mtime, record, parse_time);
    if (record.key.starts_with("GNU.sparse.")) return sparse(record);
    if (record.key.starts_with(xattr_prefix)) {
        const auto attribute = record.key.substr(xattr_prefix.size());
        if (attribute.empty() || attribute.find('\0') != attribute.npos)
            return malformed("an extended attribute has no valid name");
        m_pax.xattrs.push_back({std::string(attribute), std::string(record.value)});
    }
    return {};
}

Result<Pax> Collector::finish() {
    if (m_sparse_offset) return malformed("the map of a sparse file is wrong");
    // The last of equal names counts, as for every record.
    std::ranges::reverse(m_pax.xattrs);
    std::ranges::stable_sort(m_pax.xattrs, {}, &Xattr::name);
    const auto same_name = [](const Xattr& a, const Xattr& b) { return a.name == b.name; };
    m_pax.xattrs.erase(std::unique(m_pax.xattrs.begin(), m_pax.xattrs.end(), same_name),
                       m_pax.xattrs.end());
    return std::move(m_pax);
}

} // namespace

Result<Pax> parse_pax(std::string_view records) {
    Collector collector;
    while (!records.empty()) {
        TRY_ASSIGN(const auto record, next_record(records));
        TRY(collector.add(record));
    }
    return collector.finish();
}

} // namespace mybuild::tar
