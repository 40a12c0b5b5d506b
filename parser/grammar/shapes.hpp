#pragma once

#include "parser/ast.hpp"
#include "parser/lines.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The shapes that arguments come in (dockerfile-language.md, 2.6 to 2.9). Texts are parts of one
/// logical line; what is returned refers to them by view.
namespace mybuild::grammar {

/// A flag with its quotes and escapes removed, and what it was read from.
struct RawFlag {
    std::string text;
    std::string_view written;
};

struct Head {
    std::string_view keyword;
    std::vector<RawFlag> flags;
    std::string_view arguments; ///< trimmed
};
/// Splits a logical line into keyword, flags and the rest.
[[nodiscard]] Head split_head(std::string_view line, char escape);

struct JsonItem {
    std::optional<std::string> string; ///< none: a value of another type
    std::string_view written;
};
/// The elements, if the text is a JSON array (RFC 8259) as a whole.
[[nodiscard]] std::optional<std::vector<JsonItem>> parse_json_array(std::string_view text);
/// Not JSON, but so like it that it was meant to be: `['a', 'b']`, `["a", "b",]`, `["a" "b"]`,
/// `[a, b]`, `["a"] # comment`.
[[nodiscard]] bool resembles_json_array(std::string_view text);

/// At blanks; quotes mean nothing.
[[nodiscard]] std::vector<std::string_view> split_blanks(std::string_view text);
/// At white space outside quotes; quotes and escapes are kept in the words.
[[nodiscard]] std::vector<std::string_view> split_quoted(std::string_view text, char escape);

/// Heredoc openers of a line, without bodies.
struct Opener {
    std::string name;
    bool expand = true;
    bool strip_tabs = false;
    std::optional<int> fd;
    std::string_view written;
};
struct Openers {
    std::vector<Opener> found;
    /// Why something that looks like an opener was not taken for one; else empty.
    std::string trouble;
    std::string_view culprit;    ///< the part of the line that is the cause
    std::string_view looks_like; ///< the delimiter of what looks like an opener
};
[[nodiscard]] Openers find_openers(std::string_view line);
/// The text as one opener and nothing else.
[[nodiscard]] std::optional<Opener> parse_opener(std::string_view word);

} // namespace mybuild::grammar
