#include "image/layer_tar_header.hpp"

#include "base/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

namespace mybuild::tar {

namespace {

// Offsets and lengths of the ustar header's fields.
struct Field {
    std::size_t offset;
    std::size_t length;
};
constexpr Field name_field = {0, 100};
constexpr Field mode_field = {100, 8};
constexpr Field uid_field = {108, 8};
constexpr Field gid_field = {116, 8};
constexpr Field size_field = {124, 12};
constexpr Field mtime_field = {136, 12};
constexpr Field checksum_field = {148, 8};
constexpr std::size_t type_offset = 156;
constexpr Field link_field = {157, 100};
constexpr Field magic_field = {257, 8};
constexpr Field major_field = {329, 8};
constexpr Field minor_field = {337, 8};

// Readers refuse larger ones (Go's archive/tar and libarchive: 1 MiB).
constexpr std::size_t max_pax = 1024 * 1024;

using Block = std::array<char, block_size>;

void put_text(Block& block, Field field, std::string_view text) {
    text.copy(block.data() + field.offset, field.length);
}

constexpr std::uint64_t max_octal(Field field) {
    return (1ULL << (3 * (field.length - 1))) - 1;
}

/// Zero-padded octal with a NUL at the end; 0 where the value does not fit (a PAX record has it).
void put_octal(Block& block, Field field, std::uint64_t value) {
    if (value > max_octal(field)) value = 0;
    for (std::size_t i = field.length - 1; i-- > 0; value /= 8)
        block[field.offset + i] = static_cast<char>('0' + value % 8);
}

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char byte) { return static_cast<signed char>(byte) > 0; });
}

/// A name for readers that know no PAX: ASCII, cut, without a `/` at the end unless it is a
/// directory's.
std::string fallback(std::string_view text, bool directory) {
    std::string out;
    for (const char byte : text) {
        if (out.size() == name_field.length) break;
        out += static_cast<signed char>(byte) > 0 ? byte : '_';
    }
    while (!out.empty() && out.back() == '/')
        out.pop_back();
    if (directory) {
        out.resize(std::min(out.size(), name_field.length - 1));
        out += '/';
    }
    return out;
}

using Records = std::vector<std::pair<std::string, std::string_view>>;

/// `LENGTH KEY=VALUE\n`, where the length counts its own digits.
void append_record(std::string& out, std::string_view key, std::string_view value) {
    const std::size_t rest = key.size() + value.size() + 3;
    std::size_t length = rest + 1;
    while (rest + std::to_string(length).size() != length)
        length = rest + std::to_string(length).size();
    out += std::to_string(length);
    out += ' ';
    out += key;
    out += '=';
    out += value;
    out += '\n';
}

void append_block(std::string& out, const Header& header) {
    Block block{};
    put_text(block, name_field, header.name);
    put_octal(block, mode_field, header.mode);
    put_octal(block, uid_field, header.uid);
    put_octal(block, gid_field, header.gid);
    put_octal(block, size_field, header.size);
    put_octal(block, mtime_field, header.mtime < 0 ? 0 : static_cast<std::uint64_t>(header.mtime));
    block[type_offset] = header.type;
    put_text(block, link_field, header.link);
    put_text(block, magic_field, std::string_view("ustar\00000", 8));
    put_octal(block, major_field, header.device_major);
    put_octal(block, minor_field, header.device_minor);
    // The checksum is computed with blanks in its place and ends with NUL and a blank.
    std::memset(block.data() + checksum_field.offset, ' ', checksum_field.length);
    unsigned sum = 0;
    for (const char byte : block)
        sum += static_cast<unsigned char>(byte);
    put_octal(block, {checksum_field.offset, checksum_field.length - 1}, sum);
    block[checksum_field.offset + 6] = '\0';
    out.append(block.data(), block.size());
}

/// What ustar cannot hold, sorted by key. `texts` keeps numbers alive.
Records pax_records(const Header& header, std::array<std::string, 4>& texts) {
    Records records;
    if (header.xattrs != nullptr) {
        for (const Xattr& xattr : *header.xattrs)
            records.emplace_back("SCHILY.xattr." + xattr.name, xattr.value);
    }
    const auto number = [&](const char* key, std::string& text, auto value) {
        text = std::to_string(value);
        records.emplace_back(key, text);
    };
    const auto too_long = [](std::string_view text, Field field) {
        return text.size() > field.length || !is_ascii(text);
    };
    if (header.gid > max_octal(gid_field)) number("gid", texts[0], header.gid);
    if (too_long(header.link, link_field)) records.emplace_back("linkpath", header.link);
    if (header.mtime < 0 || static_cast<std::uint64_t>(header.mtime) > max_octal(mtime_field))
        number("mtime", texts[1], header.mtime);
    if (too_long(header.name, name_field)) records.emplace_back("path", header.name);
    if (header.size > max_octal(size_field)) number("size", texts[2], header.size);
    if (header.uid > max_octal(uid_field)) number("uid", texts[3], header.uid);
    return records;
}

Status check(const Header& header) {
    const auto refuse = [&](std::string_view why) {
        return fail(Error{.code = ErrorCode::invalid,
                          .message = fmt::format("{} cannot be put into a tar archive: {}",
                                                 printable(header.name), why)});
    };
    if (header.name.empty()) return refuse("it has no name");
    if (header.name.find('\0') != header.name.npos || header.link.find('\0') != header.link.npos)
        return refuse("there is a NUL byte in its name or link target");
    if (header.device_major > max_octal(major_field) ||
        header.device_minor > max_octal(minor_field))
        return refuse("its device number is too large");
    if (header.xattrs == nullptr) return {};
    for (const Xattr& xattr : *header.xattrs) {
        if (xattr.name.empty() || xattr.name.find('=') != xattr.name.npos ||
            xattr.name.find('\0') != xattr.name.npos) {
            return refuse(fmt::format("its extended attribute \"{}\" has a name that no PAX record "
                                      "can hold",
                                      printable(xattr.name)));
        }
    }
    return {};
}

} // namespace

Status append_header(std::string& out, const Header& header) {
    TRY(check(header));
    std::array<std::string, 4> texts;
    const Records records = pax_records(header, texts);
    if (records.empty()) {
        append_block(out, header);
        return {};
    }
    std::string pax;
    for (const auto& [key, value] : records)
        append_record(pax, key, value);
    if (pax.size() > max_pax) {
        return fail(Error{.code = ErrorCode::invalid,
                          .message = fmt::format("the extended attributes of {} take {} bytes, and "
                                                 "tar readers accept 1 MiB",
                                                 printable(header.name), pax.size())});
    }
    append_block(out, {.name = "PaxHeader", .type = 'x', .size = pax.size()});
    out += pax;
    out.append(padding(pax.size()), '\0');
    const std::string name = fallback(header.name, header.type == '5');
    const std::string link = fallback(header.link, false);
    Header ustar = header;
    if (header.name.size() > name_field.length || !is_ascii(header.name)) ustar.name = name;
    if (header.link.size() > link_field.length || !is_ascii(header.link)) ustar.link = link;
    append_block(out, ustar);
    return {};
}

} // namespace mybuild::tar
