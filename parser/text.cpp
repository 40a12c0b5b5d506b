#include "parser/text.hpp"

#include <algorithm>
#include <array>

namespace mybuild::text {
namespace {

constexpr std::uint32_t replacement = 0xFFFD;
constexpr std::size_t longest_in_message = 200;

struct CodeRange {
    std::uint32_t from, to;
};

// Blocks that hold spaces, punctuation, symbols or nothing at all. Names beyond ASCII are rare and
// never ambiguous with what ends them (quotes, braces, slashes are ASCII), so a table of every
// letter would gain nothing.
constexpr std::array no_letters{
    CodeRange{0x80, 0xA9},     CodeRange{0xAB, 0xB4},     CodeRange{0xB6, 0xB9},
    CodeRange{0xBB, 0xBF},     CodeRange{0xD7, 0xD7},     CodeRange{0xF7, 0xF7},
    CodeRange{0x1680, 0x1680}, CodeRange{0x2000, 0x20FF}, CodeRange{0x2190, 0x2BFF},
    CodeRange{0x2E00, 0x2E7F}, CodeRange{0x3000, 0x3004}, CodeRange{0x3007, 0x3030},
    CodeRange{0xD800, 0xF8FF}, CodeRange{0xFE00, 0xFE6F}, CodeRange{0xFEFF, 0xFF0F},
    CodeRange{0xFF1A, 0xFF20}, CodeRange{0xFFF0, 0xFFFF}, CodeRange{0x1F000, 0x1FAFF},
};

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

char lower_char(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

char upper_char(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

} // namespace

CodePoint first(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::uint32_t lead = byte(0);
    if (lead < 0x80) return {lead, 1};
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {replacement, 1};
    std::uint32_t value = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if (!is_continuation(text[i])) return {replacement, 1};
        value = (value << 6U) | (byte(i) & 0x3FU);
    }
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < smallest[length] || value > 0x10FFFF || surrogate) return {replacement, 1};
    return {value, length};
}

std::size_t last_length(std::string_view text) {
    for (std::size_t length = 2; length <= 4 && length <= text.size(); ++length) {
        if (!is_continuation(text[text.size() - length + 1])) break;
        if (first(text.substr(text.size() - length)).length == length) return length;
    }
    return 1;
}

void append(std::string& out, std::uint32_t code_point) {
    const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    const auto tail = [&](unsigned shift) { put(0x80U | ((code_point >> shift) & 0x3FU)); };
    if (code_point < 0x80) {
        put(code_point);
    } else if (code_point < 0x800) {
        put(0xC0U | (code_point >> 6U));
        tail(0);
    } else if (code_point < 0x10000) {
        put(0xE0U | (code_point >> 12U));
        tail(6);
        tail(0);
    } else {
        put(0xF0U | (code_point >> 18U));
        tail(12);
        tail(6);
        tail(0);
    }
}

bool is_space(std::uint32_t c) {
    return (c >= 0x09 && c <= 0x0D) || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

bool is_name_character(std::uint32_t c) {
    if (c < 0x80) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    }
    return std::none_of(no_letters.begin(), no_letters.end(),
                        [c](CodeRange range) { return c >= range.from && c <= range.to; });
}

std::string_view trim_left(std::string_view text) {
    while (!text.empty()) {
        const auto c = first(text);
        if (!is_space(c.value)) break;
        text.remove_prefix(c.length);
    }
    return text;
}

std::string_view trim_right(std::string_view text) {
    while (!text.empty()) {
        const auto length = last_length(text);
        if (!is_space(first(text.substr(text.size() - length)).value)) break;
        text.remove_suffix(length);
    }
    return text;
}

std::string_view trim(std::string_view text) {
    return trim_right(trim_left(text));
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), lower_char);
    return out;
}

std::string upper(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), upper_char);
    return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower_char(x) == lower_char(y); });
}

std::string shortened(std::string_view text) {
    if (text.size() <= longest_in_message) return std::string(text);
    auto end = longest_in_message;
    while (end > 0 && is_continuation(text[end]))
        --end;
    return std::string(text.substr(0, end)) + "...";
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : shortened(text)) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n')
            out += "\\n";
        else
            out += c;
    }
    return out + '"';
}

} // namespace mybuild::text
