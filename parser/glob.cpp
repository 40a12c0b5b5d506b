#include "parser/glob.hpp"

#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild {

/// Turns a pattern into tokens.
class Glob::Reader {
  public:
    Reader(std::string_view pattern, Language language)
        : m_pattern(pattern), m_rest(pattern), m_language(language) {}

    Result<std::vector<Token>> run() {
        std::vector<Token> tokens;
        while (!m_rest.empty()) {
            const bool at_start = m_rest.size() == m_pattern.size();
            const auto c = take();
            if (c == '*') {
                tokens.push_back(star(at_start));
            } else if (c == '?') {
                tokens.push_back({Token::Kind::any_character});
            } else if (c == '[') {
                TRY_ASSIGN(auto set, read_set());
                tokens.push_back(std::move(set));
            } else if (c == '\\') {
                if (m_rest.empty()) return bad("nothing follows the backslash");
                tokens.push_back({Token::Kind::literal, take()});
            } else {
                tokens.push_back({Token::Kind::literal, c});
            }
        }
        return tokens;
    }

  private:
    tl::unexpected<Error> bad(std::string_view why) const {
        Error error{ErrorCode::syntax,
                    fmt::format("syntax error in pattern {}: {}", text::quoted(m_pattern), why)};
        error.hint = "write \\[ for a bracket that means itself";
        return fail(std::move(error));
    }

    std::uint32_t take() {
        const auto c = text::first(m_rest);
        // Bytes that are no UTF-8 stand for themselves only, and not for each other.
        const auto byte = static_cast<unsigned char>(m_rest.front());
        m_rest.remove_prefix(c.length);
        return c.length == 1 && byte >= 0x80 ? 0x110000U + byte : c.value;
    }

    Token star(bool at_start) {
        if (m_language == Language::wildcard || !m_rest.starts_with('*'))
            return {Token::Kind::any_name};
        m_rest.remove_prefix(1);
        const bool slash = m_rest.starts_with('/');
        if (slash) m_rest.remove_prefix(1);
        if (m_rest.empty()) return {Token::Kind::anything};
        // `**.log` is a plain suffix, where nothing else in the pattern is special.
        const bool plain_rest = m_rest.find_first_of("*?[]\\") == std::string_view::npos;
        if (at_start && !slash && plain_rest) return {Token::Kind::anything};
        return {Token::Kind::any_directories};
    }

    Result<std::uint32_t> set_character() {
        if (m_rest.empty()) return bad("a bracket is not closed");
        if (m_rest.front() == '-' || m_rest.front() == ']')
            return bad("a bracket is empty, or has a stray - or ]");
        if (m_rest.front() == '\\') m_rest.remove_prefix(1);
        if (m_rest.empty()) return bad("a bracket is not closed");
        return take();
    }

    Result<Token> read_set() {
        Token set{Token::Kind::set};
        if (m_rest.starts_with('^')) {
            set.negated = true;
            m_rest.remove_prefix(1);
        }
        while (!m_rest.starts_with(']') || set.ranges.empty()) {
            TRY_ASSIGN(const auto from, set_character());
            auto to = from;
            if (m_rest.starts_with('-')) {
                m_rest.remove_prefix(1);
                TRY_ASSIGN(to, set_character());
                if (to < from) return bad("a range in brackets ends before it begins");
            }
            set.ranges.push_back({from, to});
        }
        m_rest.remove_prefix(1);
        return set;
    }

    std::string_view m_pattern;
    std::string_view m_rest;
    Language m_language;
};

/// All places in the pattern that a name read so far can have led to. Place 2t is before token t;
/// 2t+1 is inside it, where it is `**` that still needs a slash.
class Glob::Run {
  public:
    explicit Run(const Glob& glob) : m_tokens(glob.m_tokens), m_seen(2 * m_tokens.size() + 1) {
        reach(0);
        m_current.swap(m_next);
    }

    /// False when no name that goes on from here can match.
    bool feed(std::string_view name) {
        while (!name.empty() && !m_current.empty()) {
            const auto c = text::first(name);
            const auto byte = static_cast<unsigned char>(name.front());
            step(c.length == 1 && byte >= 0x80 ? 0x110000U + byte : c.value);
            name.remove_prefix(c.length);
        }
        return !m_current.empty();
    }

    [[nodiscard]] bool complete() const {
        return std::find(m_current.begin(), m_current.end(), 2 * m_tokens.size()) !=
               m_current.end();
    }
    [[nodiscard]] bool can_go_on() const {
        return std::any_of(m_current.begin(), m_current.end(),
                           [this](std::size_t place) { return place < 2 * m_tokens.size(); });
    }

  private:
    using Kind = Token::Kind;

    /// Notes a place, and those behind tokens that may match nothing.
    void reach(std::size_t place) {
        while (m_seen[place] != m_round) {
            m_seen[place] = m_round;
            m_next.push_back(place);
            if (place % 2 == 1 || place == 2 * m_tokens.size()) return;
            const auto kind = m_tokens[place / 2].kind;
            if (kind != Kind::any_name && kind != Kind::any_directories && kind != Kind::anything)
                return;
            place += 2;
        }
    }

    void step(std::uint32_t c) {
        ++m_round;
        m_next.clear();
        for (const auto place : m_current) {
            const auto index = place / 2;
            if (index == m_tokens.size() || !fits(m_tokens[index], c)) continue;
            const auto kind = m_tokens[index].kind;
            if (kind == Kind::any_directories) {
                reach(2 * index + 1);
                if (c == '/') reach(2 * index + 2);
            } else {
                reach(kind == Kind::any_name || kind == Kind::anything ? place : place + 2);
            }
        }
        m_current.swap(m_next);
    }

    const std::vector<Token>& m_tokens;
    std::vector<std::size_t> m_current, m_next;
    std::vector<std::uint32_t> m_seen; ///< the round in which a place was last reached
    std::uint32_t m_round = 1;
};

Result<Glob> Glob::parse(std::string_view pattern, Language language) {
    Glob glob;
    TRY_ASSIGN(glob.m_tokens, Reader(pattern, language).run());
    glob.find_literal_ends();
    return glob;
}

void Glob::find_literal_ends() {
    const auto special = [](const Token& token) { return token.kind != Token::Kind::literal; };
    const auto put = [](std::string& out, std::uint32_t c) {
        if (c >= 0x110000U)
            out.push_back(static_cast<char>(c - 0x110000U));
        else
            text::append(out, c);
    };
    const auto head_end = std::find_if(m_tokens.begin(), m_tokens.end(), special);
    std::for_each(m_tokens.begin(), head_end, [&](const Token& t) { put(m_head, t.literal); });
    m_literal = head_end == m_tokens.end();
    if (m_literal) return;
    const auto tail_begin = std::find_if(m_tokens.rbegin(), m_tokens.rend(), special).base();
    std::for_each(tail_begin, m_tokens.end(), [&](const Token& t) { put(m_tail, t.literal); });
}

bool Glob::fits(const Token& token, std::uint32_t c) {
    switch (token.kind) {
    case Token::Kind::literal:
        return c == token.literal;
    case Token::Kind::any_character:
    case Token::Kind::any_name:
        return c != '/';
    case Token::Kind::set:
        return token.negated != std::any_of(token.ranges.begin(), token.ranges.end(),
                                            [c](Range r) { return c >= r.from && c <= r.to; });
    case Token::Kind::any_directories:
    case Token::Kind::anything:
        break;
    }
    return true;
}

bool Glob::matches(std::string_view name) const {
    if (m_literal) return name == m_head;
    if (!name.starts_with(m_head) || !name.ends_with(m_tail)) return false;
    Run run(*this);
    return run.feed(name) && run.complete();
}

bool Glob::can_match_below(std::string_view directory) const {
    const auto common = std::min(m_head.size(), directory.size());
    if (m_head.compare(0, common, directory, 0, common) != 0) return false;
    Run run(*this);
    return run.feed(directory) && run.feed("/") && run.can_go_on();
}

} // namespace mybuild
