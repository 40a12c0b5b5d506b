#include "image/layer_tar_sparse.hpp"

#include <utility>

namespace mybuild::tar {

namespace {

tl::unexpected<Error> bad_map(const char* why) {
    return fail(Error{.code = ErrorCode::corrupt,
                      .message = std::string("the map of a sparse file is wrong: ") + why});
}

} // namespace

std::optional<std::int64_t> parse_decimal(std::string_view digits) {
    if (digits.empty() || digits.size() > 19) return std::nullopt;
    std::uint64_t value = 0; // 19 digits fit
    for (const char digit : digits) {
        if (digit < '0' || digit > '9') return std::nullopt;
        value = value * 10 + static_cast<unsigned>(digit - '0');
    }
    if (value > INT64_MAX) return std::nullopt;
    return static_cast<std::int64_t>(value);
}

Result<SparseMap> parse_sparse_list(std::string_view list) {
    SparseMap map;
    std::optional<std::uint64_t> offset;
    while (!list.empty()) {
        const auto comma = list.find(',');
        const auto number = parse_decimal(list.substr(0, comma));
        if (!number) return bad_map("there is something that is no number");
        const auto value = static_cast<std::uint64_t>(*number);
        if (offset)
            map.push_back({*std::exchange(offset, std::nullopt), value});
        else
            offset = value;
        list = comma == list.npos ? std::string_view() : list.substr(comma + 1);
    }
    if (offset) return bad_map("the last length is missing");
    return map;
}

Result<bool> parse_sparse_block(const Block& block, bool extension, SparseMap& map) {
    const std::size_t count = extension ? 21 : 4;
    std::size_t at = extension ? 0 : 386;
    bool ended = false;
    for (std::size_t i = 0; i < count; ++i, at += 24) {
        const auto offset_field = slice(block, at, 12);
        ended = ended || offset_field[0] == '\0';
        if (ended) continue;
        const auto offset = parse_number(offset_field);
        const auto length = parse_number(slice(block, at + 12, 12));
        if (!offset || !length || *offset < 0 || *length < 0)
            return bad_map("a number is malformed");
        map.push_back({static_cast<std::uint64_t>(*offset), static_cast<std::uint64_t>(*length)});
        if (map.size() * 24 > max_sparse_map) return bad_map("it is too long");
    }
    return block[extension ? 504 : 482] != '\0';
}

Result<bool> SparseLines::line(std::string_view digits) {
    const auto number = parse_decimal(digits);
    if (!number) return bad_map("there is something that is no number");
    const auto value = static_cast<std::uint64_t>(*number);
    if (!m_left) {
        if (value > max_sparse_map) return bad_map("it is too long");
        m_left = 2 * value;
    } else {
        --*m_left;
        if (m_offset)
            m_map.push_back({*std::exchange(m_offset, std::nullopt), value});
        else
            m_offset = value;
    }
    return *m_left == 0;
}

Result<bool> SparseLines::feed(std::string_view block) {
    while (!block.empty()) {
        const auto newline = block.find('\n');
        m_partial += block.substr(0, newline);
        if (m_partial.size() > 32) return bad_map("a number is too long");
        if (newline == block.npos) return false;
        block.remove_prefix(newline + 1);
        TRY_ASSIGN(const bool done, line(std::exchange(m_partial, {})));
        if (done) return true;
    }
    return false;
}

Status check_sparse_map(const SparseMap& map, std::uint64_t size, std::uint64_t stored) {
    std::uint64_t end = 0;
    std::uint64_t total = 0;
    for (const auto& [offset, length] : map) {
        if (offset < end || offset > size || length > size - offset)
            return bad_map("parts overlap or lie outside of the file");
        end = offset + length;
        total += length;
    }
    if (total > stored) return bad_map("it names more data than there is");
    return {};
}

} // namespace mybuild::tar
