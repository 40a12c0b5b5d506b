#include "cache/key.hpp"

#include "base/render.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <optional>

// What a key is the SHA-256 of, version 1:
//
//     encoding = "mybuild-key 1\n" string(kind) *field
//     field    = string(name) value
//     value    = "s" string | "d" 32 bytes of a digest | "u" u64 | "b" ( 0x00 | 0x01 )
//              | "l" u64(count) count * string
//     string   = u64(length in bytes) bytes
//     u64      = 8 bytes, least significant first
//
// Every part says its type and its length, so no two sequences of fields have the same encoding.
// The keys of all stores and remote caches change with it: a change needs a new version in the
// first line, and the golden digests in the tests are there to notice one that was not meant.
//
// How fields are stored for people, version 1:
//
//     text  = "fields 1\n" *( name "=" value "\n" )
//     name  = *( any byte but "=", LF and "\" | escape )
//     value = *( any byte but LF and "\" | escape )
//     escape = "\\" | "\n" | "\=" | "\x" 2 lower-case hex digits

namespace mybuild {
namespace {

constexpr std::string_view key_version = "mybuild-key 1\n";
constexpr std::string_view fields_version = "fields 1\n";

void append_number(std::string& out, std::uint64_t value) {
    for (unsigned shift = 0; shift < 64; shift += 8)
        out += static_cast<char>((value >> shift) & 0xFFU);
}

void append_string(std::string& out, std::string_view value) {
    append_number(out, value.size());
    out += value;
}

/// A list as people read it, its boundaries kept: `["a b","c"]`.
std::string readable(const std::vector<std::string>& values) {
    std::string out = "[";
    for (const auto& value : values) {
        if (out.size() > 1) out += ',';
        out += '"';
        for (const char c : value) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        out += '"';
    }
    return out + ']';
}

void append_escaped(std::string& out, std::string_view text, bool is_name) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\\') {
            out += "\\\\";
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '=' && is_name) {
            out += "\\=";
        } else if ((byte < 0x20 && c != '\t') || byte == 0x7F) {
            out += "\\x";
            out += digits[byte >> 4U];
            out += digits[byte & 0xFU];
        } else {
            out += c;
        }
    }
}

std::optional<unsigned> hex_value(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10U;
    return std::nullopt;
}

/// Takes one escape, whose backslash is gone already, from the front of `rest`.
std::optional<char> take_escape(std::string_view& rest) {
    if (rest.empty()) return std::nullopt;
    const char kind = rest.front();
    rest.remove_prefix(1);
    if (kind == '\\' || kind == '=') return kind;
    if (kind == 'n') return '\n';
    if (kind != 'x' || rest.size() < 2) return std::nullopt;
    const auto high = hex_value(rest[0]);
    const auto low = hex_value(rest[1]);
    if (!high || !low) return std::nullopt;
    rest.remove_prefix(2);
    return std::bit_cast<char>(static_cast<unsigned char>(*high * 16 + *low));
}

/// Takes escaped text and the `end` after it from the front of `rest`.
std::optional<std::string> take_text(std::string_view& rest, char end) {
    std::string out;
    while (!rest.empty()) {
        const char c = rest.front();
        rest.remove_prefix(1);
        if (c == end) return out;
        if (c == '\n') return std::nullopt;
        if (c != '\\') {
            out += c;
            continue;
        }
        const auto escaped = take_escape(rest);
        if (!escaped) return std::nullopt;
        out += *escaped;
    }
    return std::nullopt;
}

} // namespace

KeyBuilder::KeyBuilder(std::string_view kind) : m_encoded(key_version) {
    append_string(m_encoded, kind);
}

KeyBuilder& KeyBuilder::add(std::string_view name, std::string_view value) {
    append_string(m_encoded, name);
    m_encoded += 's';
    append_string(m_encoded, value);
    m_fields.emplace_back(name, value);
    return *this;
}

KeyBuilder& KeyBuilder::add(std::string_view name, const Digest& value) {
    append_string(m_encoded, name);
    m_encoded += 'd';
    for (const auto byte : value.bytes)
        m_encoded += std::bit_cast<char>(byte);
    m_fields.emplace_back(name, value.str());
    return *this;
}

KeyBuilder& KeyBuilder::add(std::string_view name, std::uint64_t value) {
    append_string(m_encoded, name);
    m_encoded += 'u';
    append_number(m_encoded, value);
    m_fields.emplace_back(name, std::to_string(value));
    return *this;
}

KeyBuilder& KeyBuilder::add(std::string_view name, bool value) {
    append_string(m_encoded, name);
    m_encoded += 'b';
    m_encoded += static_cast<char>(value ? 1 : 0);
    m_fields.emplace_back(name, value ? "true" : "false");
    return *this;
}

KeyBuilder& KeyBuilder::add(std::string_view name, const std::vector<std::string>& values) {
    append_string(m_encoded, name);
    m_encoded += 'l';
    append_number(m_encoded, values.size());
    for (const auto& value : values)
        append_string(m_encoded, value);
    m_fields.emplace_back(name, readable(values));
    return *this;
}

Digest KeyBuilder::digest() const {
    return Digest::of(m_encoded);
}

std::string encode_fields(const KeyFields& fields) {
    std::string out(fields_version);
    for (const auto& [name, value] : fields) {
        append_escaped(out, name, true);
        out += '=';
        append_escaped(out, value, false);
        out += '\n';
    }
    return out;
}

Result<KeyFields> decode_fields(std::string_view text) {
    if (!text.starts_with(fields_version)) {
        const auto first = text.substr(0, std::min<std::size_t>(text.find('\n'), 40));
        return fail(
            {ErrorCode::corrupt,
             fmt::format("key fields begin with '{}', not with 'fields 1'", printable(first))});
    }
    KeyFields fields;
    auto rest = text.substr(fields_version.size());
    while (!rest.empty()) {
        auto name = take_text(rest, '=');
        auto value = name ? take_text(rest, '\n') : std::nullopt;
        if (!value)
            return fail(
                {ErrorCode::corrupt, fmt::format("key field {} is malformed", fields.size() + 1)});
        fields.emplace_back(std::move(*name), std::move(*value));
    }
    return fields;
}

} // namespace mybuild
