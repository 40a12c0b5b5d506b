#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild {

/// No expansion is longer, in bytes: a few ENV lines that double a value would fill any memory.
inline constexpr std::size_t largest_expansion = std::size_t{64} << 20U;

/// The pattern of `${v#p}`, `${v%p}` and `${v/p/r}`: `*` is any text and `?` any character, both
/// without newlines; `\*`, `\?`, `\\` are literal.
class SubstitutionPattern {
  public:
    /// ErrorCode::syntax without the pattern's text: `invalid escape '\x'`.
    static Result<SubstitutionPattern> parse(std::string_view pattern);

    enum class Length : std::uint8_t { shortest, longest };
    /// `value` without the shortest or longest prefix (suffix) that matches; none: all of it.
    /// Nothing if pattern and value are so long that it would take minutes.
    [[nodiscard]] std::optional<std::string> without_prefix(std::string_view value,
                                                            Length length) const;
    [[nodiscard]] std::optional<std::string> without_suffix(std::string_view value,
                                                            Length length) const;
    /// The first match, or every one, replaced; matches are the leftmost and longest.
    [[nodiscard]] std::optional<std::string> replace(std::string_view value, std::string_view by,
                                                     bool every) const;

  private:
    struct Token {
        enum class Kind : std::uint8_t { literal, any_character, any_text } kind;
        std::uint32_t literal = 0;
    };
    struct Match {
        std::size_t begin, end;
    };
    using Characters = std::vector<std::uint32_t>;

    [[nodiscard]] std::optional<std::size_t> match_at_start(const Characters& text,
                                                            Length length) const;
    /// The pattern as text, if it is nothing but ASCII characters that stand for themselves.
    [[nodiscard]] std::optional<std::string> plain_text() const;
    [[nodiscard]] std::optional<Match> find(const Characters& text, std::size_t from) const;
    [[nodiscard]] bool too_costly(std::string_view value) const;

    std::vector<Token> m_tokens;
};

} // namespace mybuild
