#include "parser/substitution.hpp"

#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild {
namespace {

constexpr std::size_t nowhere = SIZE_MAX;
// Matching takes at most this many steps, a second or so.
constexpr std::size_t most_steps = std::size_t{1} << 28U;

// A byte that is no UTF-8 must come out as it went in: it is kept as a value above Unicode's last.
constexpr std::uint32_t raw_byte = 0x110000;

std::vector<std::uint32_t> decode(std::string_view text) {
    std::vector<std::uint32_t> out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto c = text::first(text);
        const auto byte = static_cast<unsigned char>(text.front());
        out.push_back(c.length == 1 && byte >= 0x80 ? raw_byte + byte : c.value);
        text.remove_prefix(c.length);
    }
    return out;
}

void encode(std::string& out, std::uint32_t c) {
    if (c >= raw_byte)
        out.push_back(static_cast<char>(c - raw_byte));
    else
        text::append(out, c);
}

std::string encode(const std::vector<std::uint32_t>& characters, std::size_t begin,
                   std::size_t end) {
    std::string out;
    for (auto i = begin; i < end; ++i)
        encode(out, characters[i]);
    return out;
}

} // namespace

Result<SubstitutionPattern> SubstitutionPattern::parse(std::string_view pattern) {
    SubstitutionPattern out;
    const auto characters = decode(pattern);
    for (std::size_t i = 0; i < characters.size(); ++i) {
        auto c = characters[i];
        if (c == '*') {
            out.m_tokens.push_back({Token::Kind::any_text});
            continue;
        }
        if (c == '?') {
            out.m_tokens.push_back({Token::Kind::any_character});
            continue;
        }
        if (c == '\\') {
            const auto next = i + 1 < characters.size() ? characters[i + 1] : 0;
            // These two are written so only to keep the ${} open.
            if (next == '}' || next == '/') continue;
            if (next != '*' && next != '?' && next != '\\') {
                std::string shown;
                if (next != 0) encode(shown, next);
                return fail(Error{ErrorCode::syntax,
                                  fmt::format("invalid escape '\\{}'", shown),
                                  {},
                                  "in a pattern a backslash may stand before * ? \\ / and }"});
            }
            c = next;
            ++i;
        }
        out.m_tokens.push_back({Token::Kind::literal, c});
    }
    return out;
}

bool SubstitutionPattern::too_costly(std::string_view value) const {
    return (value.size() + 1) > most_steps / (m_tokens.size() + 1);
}

/// All the ways through the pattern are followed at once, so nothing is ever tried twice.
/// `starts[t]` is where the leftmost attempt began that has got as far as token t.
std::optional<SubstitutionPattern::Match> SubstitutionPattern::find(const Characters& text,
                                                                    std::size_t from) const {
    const auto count = m_tokens.size();
    std::vector<std::size_t> starts(count + 1, nowhere), next(count + 1, nowhere);
    std::optional<Match> best;
    const auto pass_empty = [&](std::vector<std::size_t>& at) {
        for (std::size_t t = 0; t < count; ++t)
            if (m_tokens[t].kind == Token::Kind::any_text) at[t + 1] = std::min(at[t + 1], at[t]);
    };
    for (auto i = from;; ++i) {
        if (!best) starts[0] = std::min(starts[0], i);
        pass_empty(starts);
        if (starts[count] != nowhere && (!best || starts[count] <= best->begin))
            best = Match{starts[count], i};
        if (i == text.size()) return best;

        std::fill(next.begin(), next.end(), nowhere);
        bool alive = false;
        for (std::size_t t = 0; t < count; ++t) {
            // What began after the best match can no longer win.
            if (starts[t] == nowhere || (best && starts[t] > best->begin)) continue;
            const auto& token = m_tokens[t];
            const bool fits =
                token.kind == Token::Kind::literal ? token.literal == text[i] : text[i] != '\n';
            if (!fits) continue;
            const auto to = token.kind == Token::Kind::any_text ? t : t + 1;
            next[to] = std::min(next[to], starts[t]);
            alive = true;
        }
        if (best && !alive) return best;
        starts.swap(next);
    }
}

std::optional<std::size_t> SubstitutionPattern::match_at_start(const Characters& text,
                                                               Length length) const {
    const auto count = m_tokens.size();
    std::vector<bool> reached(count + 1), next(count + 1);
    std::optional<std::size_t> end;
    reached[0] = true;
    for (std::size_t i = 0;; ++i) {
        for (std::size_t t = 0; t < count; ++t)
            if (reached[t] && m_tokens[t].kind == Token::Kind::any_text) reached[t + 1] = true;
        if (reached[count]) {
            end = i;
            if (length == Length::shortest) return end;
        }
        if (i == text.size()) return end;
        std::fill(next.begin(), next.end(), false);
        bool alive = false;
        for (std::size_t t = 0; t < count; ++t) {
            if (!reached[t]) continue;
            const auto& token = m_tokens[t];
            const bool fits =
                token.kind == Token::Kind::literal ? token.literal == text[i] : text[i] != '\n';
            if (!fits) continue;
            next[token.kind == Token::Kind::any_text ? t : t + 1] = true;
            alive = true;
        }
        if (!alive) return end;
        reached.swap(next);
    }
}

std::optional<std::string> SubstitutionPattern::without_prefix(std::string_view value,
                                                               Length length) const {
    if (too_costly(value)) return std::nullopt;
    const auto characters = decode(value);
    const auto end = match_at_start(characters, length);
    return encode(characters, end.value_or(0), characters.size());
}

std::optional<std::string> SubstitutionPattern::without_suffix(std::string_view value,
                                                               Length length) const {
    if (too_costly(value)) return std::nullopt;
    // The shortest suffix is the shortest prefix of the reversed text under the reversed pattern.
    auto reversed = *this;
    std::reverse(reversed.m_tokens.begin(), reversed.m_tokens.end());
    auto characters = decode(value);
    std::reverse(characters.begin(), characters.end());
    const auto end = reversed.match_at_start(characters, length);
    characters.erase(characters.begin(), characters.begin() + static_cast<long>(end.value_or(0)));
    std::reverse(characters.begin(), characters.end());
    return encode(characters, 0, characters.size());
}

std::optional<std::string> SubstitutionPattern::plain_text() const {
    std::string text;
    for (const auto& token : m_tokens) {
        if (token.kind != Token::Kind::literal || token.literal >= 0x80) return std::nullopt;
        text += static_cast<char>(token.literal);
    }
    if (text.empty()) return std::nullopt; // it matches everywhere
    return text;
}

namespace {

/// Most patterns are plain: `${v//./-}`.
std::optional<std::string> replace_text(std::string_view value, std::string_view text,
                                        std::string_view by, bool every) {
    std::string out;
    std::size_t copied = 0;
    for (auto at = value.find(text); at != value.npos; at = value.find(text, copied)) {
        out += value.substr(copied, at - copied);
        out += by;
        copied = at + text.size();
        if (out.size() > largest_expansion) return std::nullopt;
        if (!every) break;
    }
    return out += value.substr(copied);
}

} // namespace

std::optional<std::string> SubstitutionPattern::replace(std::string_view value, std::string_view by,
                                                        bool every) const {
    if (too_costly(value)) return std::nullopt;
    if (const auto text = plain_text()) return replace_text(value, *text, by, every);
    const auto characters = decode(value);
    std::string out;
    std::size_t copied = 0;
    for (std::size_t from = 0; from <= characters.size();) {
        const auto match = find(characters, from);
        if (!match) break;
        // An empty match right after another match is none.
        const bool counts = match->end > match->begin || match->begin > copied || match->begin == 0;
        if (counts) {
            out += encode(characters, copied, match->begin);
            out += by;
            copied = match->end;
            if (out.size() > largest_expansion) return std::nullopt;
        }
        if (!every) break;
        from = std::max(match->end, match->begin + (match->end == match->begin ? 1 : 0));
    }
    return out + encode(characters, copied, characters.size());
}

} // namespace mybuild
