#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild {

/// A compiled wildcard pattern, for COPY sources and for ignore rules. Matching takes time in
/// proportion to pattern times name at worst: all ways through the pattern are followed at once.
class Glob {
  public:
    enum class Language : std::uint8_t {
        wildcard, ///< Go's filepath.Match
        ignore,   ///< the same and `**` (dockerfile-language.md, section 7)
    };
    /// ErrorCode::syntax: `syntax error in pattern`, with what is wrong.
    static Result<Glob> parse(std::string_view pattern, Language language);

    [[nodiscard]] bool matches(std::string_view name) const;
    /// Whether a name that begins with `directory` and `/` can match.
    [[nodiscard]] bool can_match_below(std::string_view directory) const;

  private:
    struct Range {
        std::uint32_t from, to;
    };
    struct Token {
        enum class Kind : std::uint8_t {
            literal,
            any_character,   ///< `?`: but no slash
            any_name,        ///< `*`: no slash
            set,             ///< `[...]`, a slash too if it fits
            any_directories, ///< `**` before something: nothing, or anything that ends in a slash
            anything,        ///< `**` at the end
        } kind;
        std::uint32_t literal = 0;
        bool negated = false;
        std::vector<Range> ranges = {};
    };
    class Reader;
    class Run;
    [[nodiscard]] static bool fits(const Token& token, std::uint32_t c);
    void find_literal_ends();

    std::vector<Token> m_tokens;
    // Most names are told apart by these alone: literal text at both ends of the pattern.
    std::string m_head;
    std::string m_tail;
    bool m_literal = false; ///< m_head is all of it
};

} // namespace mybuild
