#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Characters as the language sees them: UTF-8, where bytes that are none stand for themselves.
namespace mybuild::text {

struct CodePoint {
    std::uint32_t value; ///< of a byte that is not UTF-8: 0xFFFD
    std::size_t length;  ///< in bytes, at least 1
};
/// The first character; `text` is not empty.
[[nodiscard]] CodePoint first(std::string_view text);
/// The number of bytes of the last character; `text` is not empty.
[[nodiscard]] std::size_t last_length(std::string_view text);
void append(std::string& out, std::uint32_t code_point);

/// Unicode's White_Space, ASCII's included.
[[nodiscard]] bool is_space(std::uint32_t code_point);
[[nodiscard]] inline bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
/// Letters, digits and `_`; beyond ASCII everything that is no space, punctuation or symbol.
[[nodiscard]] bool is_name_character(std::uint32_t code_point);

/// What separates arguments on one line.
[[nodiscard]] inline bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

[[nodiscard]] std::string_view trim_left(std::string_view text);
[[nodiscard]] std::string_view trim_right(std::string_view text);
[[nodiscard]] std::string_view trim(std::string_view text);

/// ASCII letters only.
[[nodiscard]] std::string lower(std::string_view text);
[[nodiscard]] std::string upper(std::string_view text);
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

/// In double quotes, `"` and `\` escaped, for messages. Long texts are cut, with `...` in their
/// place.
[[nodiscard]] std::string quoted(std::string_view text);
/// As is, but cut where it is too long for a message.
[[nodiscard]] std::string shortened(std::string_view text);

} // namespace mybuild::text
