#include "image/layer_tar_fields.hpp"

#include "base/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace mybuild::tar {

namespace {

std::optional<std::int64_t> parse_base_256(std::string_view field) {
    const bool negative = (static_cast<unsigned char>(field[0]) & 0x40U) != 0;
    std::uint64_t value = negative ? ~0ULL : 0;
    for (std::size_t i = 0; i < field.size(); ++i) {
        unsigned byte = static_cast<unsigned char>(field[i]);
        if (i == 0) byte = negative ? byte | 0x80U : byte & 0x7FU; // the mark is no digit
        const std::uint64_t lost = value >> 56U;
        if (lost != (negative ? 0xFFU : 0U)) return std::nullopt;
        value = (value << 8U) | byte;
    }
    const auto number = static_cast<std::int64_t>(value);
    if ((number < 0) != negative) return std::nullopt;
    return number;
}

Dialect dialect_of(const Block& block) {
    const auto magic = slice(block, 257, 8);
    if (magic == std::string_view("ustar  \0", 8)) return Dialect::gnu;
    if (!magic.starts_with(std::string_view("ustar\0", 6))) return Dialect::v7;
    return slice(block, 508, 4) == std::string_view("tar\0", 4) ? Dialect::star : Dialect::ustar;
}

std::string name_of(const Block& block, Dialect dialect) {
    std::string name(text_of(slice(block, 0, 100)));
    std::string_view prefix;
    if (dialect == Dialect::ustar) prefix = text_of(slice(block, 345, 155));
    if (dialect == Dialect::star) prefix = text_of(slice(block, 345, 131));
    return prefix.empty() ? name : std::string(prefix) + "/" + name;
}

} // namespace

std::string_view slice(const Block& block, std::size_t offset, std::size_t length) {
    return std::string_view(block.data(), block.size()).substr(offset, length);
}

std::string_view text_of(std::string_view field) {
    return field.substr(0, field.find('\0'));
}

bool is_zero(const Block& block) {
    return std::ranges::all_of(block, [](char byte) { return byte == '\0'; });
}

std::optional<std::int64_t> parse_number(std::string_view field) {
    if (!field.empty() && (static_cast<unsigned char>(field[0]) & 0x80U) != 0)
        return parse_base_256(field);
    constexpr std::string_view around(" \0", 2);
    const auto begin = field.find_first_not_of(around);
    if (begin == field.npos) return 0;
    const auto digits = field.substr(begin, field.find_last_not_of(around) + 1 - begin);
    std::uint64_t value = 0;
    for (const char digit : digits) {
        if (digit < '0' || digit > '7' || value >> 60U != 0) return std::nullopt;
        value = value * 8 + static_cast<unsigned>(digit - '0');
    }
    return static_cast<std::int64_t>(value); // at most 2^63 - 1, see above
}

bool checksum_fits(const Block& block) {
    std::int64_t with_unsigned = 0;
    std::int64_t with_signed = 0;
    for (std::size_t i = 0; i < block.size(); ++i) {
        const char byte = i >= 148 && i < 156 ? ' ' : block[i];
        with_unsigned += static_cast<unsigned char>(byte);
        with_signed += static_cast<signed char>(byte);
    }
    const auto stored = parse_number(slice(block, 148, 8));
    return stored && (*stored == with_unsigned || *stored == with_signed);
}

Result<Fields> parse_fields(const Block& block) {
    Fields fields;
    fields.dialect = dialect_of(block);
    fields.name = name_of(block, fields.dialect);
    fields.link = text_of(slice(block, 157, 100));
    fields.type = block[156];
    const auto number = [&](std::string_view what, std::size_t offset,
                            std::size_t length) -> Result<std::int64_t> {
        const auto value = parse_number(slice(block, offset, length));
        if (value) return *value;
        return fail(Error{
            .code = ErrorCode::corrupt,
            .message = fmt::format("the {} of {} is no number", what, printable(fields.name))});
    };
    TRY_ASSIGN(const auto mode, number("mode", 100, 8));
    fields.mode = static_cast<std::uint32_t>(mode & 0xFFFF);
    TRY_ASSIGN(fields.uid, number("user id", 108, 8));
    TRY_ASSIGN(fields.gid, number("group id", 116, 8));
    TRY_ASSIGN(fields.size, number("size", 124, 12));
    TRY_ASSIGN(fields.mtime, number("time", 136, 12));
    if (fields.type == '3' || fields.type == '4') {
        TRY_ASSIGN(fields.device_major, number("device number", 329, 8));
        TRY_ASSIGN(fields.device_minor, number("device number", 337, 8));
    }
    return fields;
}

} // namespace mybuild::tar
