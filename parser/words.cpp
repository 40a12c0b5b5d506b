#include "parser/words.hpp"

#include "base/render.hpp"
#include "parser/substitution.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

// Expansion is recursive descent by hand and no X3 grammar: what a ${...} reads depends on how its
// quotes, escapes and end marks are set at that level, its words are looked up while it is read,
// and a result must remember which of its blanks were protected. A grammar would build a tree for
// each of these only to walk over it once.

namespace mybuild {
namespace {

using Text = Result<std::string>;

constexpr int deepest = 100;

tl::unexpected<Error> bad(std::string message, ErrorCode code = ErrorCode::syntax) {
    return fail(Error{code, std::move(message)});
}

/// Collects the result, and the words it falls apart into where blanks are not protected.
class Output {
  public:
    enum class Wanted : std::uint8_t { text, words };
    explicit Output(Wanted wanted) : m_wanted(wanted) {}

    /// Characters whose blanks separate words.
    void add(std::string_view text) {
        m_text += text;
        if (m_wanted == Wanted::text) return;
        while (!text.empty()) {
            const auto c = text::first(text);
            if (text::is_space(c.value))
                end_word();
            else
                m_word += text.substr(0, c.length);
            text.remove_prefix(c.length);
        }
    }
    void add_protected(std::string_view text) {
        m_text += text;
        if (m_wanted == Wanted::words) m_word += text;
    }
    [[nodiscard]] std::size_t size() const { return m_text.size(); }
    std::string take_text() { return std::move(m_text); }
    std::vector<std::string> take_words() {
        end_word();
        return std::move(m_words);
    }

  private:
    void end_word() {
        if (!m_word.empty()) m_words.push_back(std::move(m_word));
        m_word.clear();
    }
    Wanted m_wanted;
    std::string m_text;
    std::string m_word;
    std::vector<std::string> m_words;
};

class Expander {
  public:
    struct Mode {
        char escape = '\\';
        bool quotes = true; ///< ' and " group, and are removed
    };

    Expander(std::string_view text, const VariableLookup& lookup, Mode mode, UnsetNames* unset)
        : m_rest(text), m_lookup(lookup), m_mode(mode), m_unset(unset) {}

    Status run(Output& out) { return until('\0', false, out); }

    /// Bytes that were not read yet when the outermost variable or quote began.
    [[nodiscard]] std::size_t left_at_construct() const { return m_left_at_construct; }

  private:
    /// The `/` and `}` of a ${...} end a part of it; in `raw` parts, which are patterns, escapes
    /// stay.
    enum class Ended : std::uint8_t { no, yes };

    static tl::unexpected<Error> too_long() {
        return bad("the result is too long", ErrorCode::unsupported);
    }

    [[nodiscard]] bool at_end() const { return m_rest.empty(); }
    [[nodiscard]] char peek() const { return m_rest.empty() ? '\0' : m_rest.front(); }
    std::string_view take(std::size_t length) {
        const auto taken = m_rest.substr(0, length);
        m_rest.remove_prefix(taken.size());
        return taken;
    }
    std::string_view take_character() { return take(at_end() ? 0 : text::first(m_rest).length); }

    /// Reads up to `stop`, which is taken too; up to the end where `stop` is 0. In `raw` parts of a
    /// ${...}, which are patterns and replacements, escape characters stay.
    Status until(char stop, bool raw, Output& out) {
        while (!at_end()) {
            if (out.size() > largest_expansion) return too_long();
            const char c = peek();
            if (stop == '\0') m_left_at_construct = m_rest.size();
            if (stop != '\0' && c == stop) {
                take(1);
                return {};
            }
            if (c == '$') {
                TRY_ASSIGN(const auto value, dollar());
                out.add(value);
            } else if (m_mode.quotes && c == '\'') {
                TRY_ASSIGN(const auto quoted, single_quoted());
                out.add_protected(quoted);
            } else if (m_mode.quotes && c == '"') {
                TRY_ASSIGN(const auto quoted, double_quoted(raw));
                out.add_protected(quoted);
            } else if (c == m_mode.escape) {
                const auto mark = take(1);
                if (raw) out.add_protected(mark);
                out.add_protected(take_character());
            } else {
                out.add(take_plain(stop));
            }
        }
        if (stop == '\0') return {};
        return bad(fmt::format("unexpected end of statement while looking for matching {}", stop));
    }

    /// Everything up to the next character that means something.
    std::string_view take_plain(char stop) {
        std::size_t length = 1;
        const auto special = [&](char c) {
            return c == '$' || c == stop || c == m_mode.escape ||
                   (m_mode.quotes && (c == '\'' || c == '"'));
        };
        while (length < m_rest.size() && !special(m_rest[length]))
            ++length;
        return take(length);
    }

    Text single_quoted() {
        take(1);
        const auto end = m_rest.find('\'');
        if (end == std::string_view::npos) {
            m_rest = {};
            return bad("unexpected end of statement while looking for matching single-quote");
        }
        std::string out(take(end));
        take(1);
        return out;
    }

    Text double_quoted(bool raw) {
        take(1);
        std::string out;
        while (!at_end() && out.size() <= largest_expansion) {
            const char c = peek();
            if (c == '"') {
                take(1);
                return out;
            }
            if (c == '$') {
                TRY_ASSIGN(const auto value, dollar());
                out += value;
            } else if (c == m_mode.escape) {
                const auto mark = take(1);
                const char next = peek();
                const bool protects =
                    !at_end() && (next == '"' || next == '$' || next == m_mode.escape);
                // In a pattern an escape character that protects nothing is itself a literal one.
                if (raw || (!protects && !at_end())) out += mark;
                if (raw && !protects && !at_end()) out += mark;
                if (protects) out += take(1);
            } else {
                out += take_plain('"');
            }
        }
        if (!at_end()) return too_long();
        return bad("unexpected end of statement while looking for matching double-quote");
    }

    std::optional<std::string> get(std::string_view name) {
        auto value = m_lookup ? m_lookup(name) : std::nullopt;
        if (!value && m_unset) m_unset->emplace_back(name);
        return value;
    }

    /// After a `$`: a special parameter, the digits of a positional one, or a name; may be empty.
    std::string_view take_name() {
        constexpr std::string_view special = "@*#?-$!0";
        std::size_t length = 0;
        if (text::is_digit(peek())) {
            while (length < m_rest.size() && text::is_digit(m_rest[length]))
                ++length;
        } else if (!at_end() && special.find(peek()) != std::string_view::npos) {
            length = 1;
        } else {
            while (length < m_rest.size()) {
                const auto c = text::first(m_rest.substr(length));
                if (!text::is_name_character(c.value)) break;
                length += c.length;
            }
        }
        return take(length);
    }

    Text dollar() {
        take(1);
        if (peek() == '{') return braced();
        const auto name = take_name();
        if (name.empty()) return std::string("$");
        return get(name).value_or("");
    }

    Text braced() {
        take(1);
        if (at_end()) return bad("syntax error: missing '}'");
        if (peek() == '{' || peek() == '}' || peek() == ':')
            return bad("syntax error: bad substitution");
        if (m_depth == deepest) return bad("too many ${} inside each other");
        ++m_depth;
        auto value = modified(take_name());
        --m_depth;
        return value;
    }

    /// After `${name`.
    Text modified(std::string_view name) {
        if (at_end()) return bad("syntax error: missing '}'");
        const bool colon = peek() == ':';
        const auto colon_text = colon ? take(1) : std::string_view();
        if (at_end()) return bad("syntax error: missing '}'");
        const auto sign = take_character();
        if (sign == "\n") return bad("syntax error: missing '}'"); // of a heredoc's line
        const auto unsupported = [&] {
            return bad(fmt::format("unsupported modifier ({}{}) in substitution", colon_text,
                                   printable(sign)));
        };
        if (sign == "}" && !colon) return get(name).value_or("");
        if (sign == "/" && !colon) return replaced(name);
        const bool trims = sign == "#" || sign == "%";
        if (!colon && !trims && sign != "-" && sign != "+" && sign != "?") return unsupported();
        if (colon && trims) return unsupported();

        TRY_ASSIGN(const auto word, part('}', trims, "syntax error: missing '}'"));
        if (trims) return trimmed(name, sign.front(), word);
        if (sign != "-" && sign != "+" && sign != "?") return unsupported();
        return chosen(name, sign.front(), colon, word);
    }

    /// A part of a ${...} up to `stop`. The words of it are of no account: only its text is.
    Text part(char stop, bool raw, std::string_view when_missing) {
        Output out(Output::Wanted::text);
        if (auto status = until(stop, raw, out); !status) {
            if (at_end()) return bad(std::string(when_missing));
            return fail(std::move(status).error());
        }
        return out.take_text();
    }

    Text chosen(std::string_view name, char sign, bool colon, const std::string& word) {
        auto value = get(name);
        const bool empty = !value || (colon && value->empty());
        if (sign == '-') return empty ? word : std::move(*value);
        if (sign == '+') return empty ? std::string() : word;
        if (!empty) return std::move(*value);
        const std::string why = value ? "is not allowed to be empty" : "is not allowed to be unset";
        return bad(fmt::format("{}: {}", name, word.empty() ? why : word), ErrorCode::invalid);
    }

    static Result<SubstitutionPattern> pattern(const std::string& text) {
        auto parsed = SubstitutionPattern::parse(text);
        if (parsed) return parsed;
        return fail(std::move(parsed).error().in(
            fmt::format("invalid pattern ({}) in substitution", text::shortened(text))));
    }

    static Text unless_too_costly(std::optional<std::string> result) {
        if (result) return std::move(*result);
        return bad("the result is too long, or value and pattern take too long to compare",
                   ErrorCode::unsupported);
    }

    Text trimmed(std::string_view name, char sign, std::string_view word) {
        const bool longest = word.starts_with(sign);
        if (longest) word.remove_prefix(1);
        const auto length =
            longest ? SubstitutionPattern::Length::longest : SubstitutionPattern::Length::shortest;
        const auto value = get(name).value_or("");
        TRY_ASSIGN(const auto compiled, pattern(std::string(word)));
        return unless_too_costly(sign == '#' ? compiled.without_prefix(value, length)
                                             : compiled.without_suffix(value, length));
    }

    Text replaced(std::string_view name) {
        const bool every = peek() == '/';
        if (every) take(1);
        TRY_ASSIGN(const auto from, part('/', true, "syntax error: missing '/' in ${}"));
        TRY_ASSIGN(const auto to, part('}', true, "syntax error: missing '}'"));
        const auto value = get(name).value_or("");
        TRY_ASSIGN(const auto compiled, pattern(from));
        return unless_too_costly(compiled.replace(value, to, every));
    }

    std::string_view m_rest;
    const VariableLookup& m_lookup;
    Mode m_mode;
    UnsetNames* m_unset;
    int m_depth = 0;
    std::size_t m_left_at_construct = 0;
};

/// What to write instead, by the end of the message.
std::string hint_for(std::string_view message) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 8> hints{{
        {"missing '}'", "close the ${ with }"},
        {"missing '/' in ${}", "write ${name/pattern/replacement}"},
        {"bad substitution", "write ${name}, with a name right after ${"},
        {"in substitution", "there are ${name-word}, ${name+word} and ${name?word}, each also with "
                            ": before the sign, and ${name#pattern}, ${name%pattern} and "
                            "${name/pattern/replacement}"},
        {"matching single-quote", "close the quote; an apostrophe is written \\'"},
        {"matching double-quote", "close the quote; one that means itself is written \\\""},
        {"is not allowed to be unset", "set it with ENV, or declare it with ARG and give it with "
                                       "--build-arg"},
        {"is not allowed to be empty", "give it a value with ENV or --build-arg"},
    }};
    for (const auto& [end, hint] : hints)
        if (message.ends_with(end)) return std::string(hint);
    return {};
}

Result<Output> process(std::string_view text, const VariableLookup& lookup, Expander::Mode mode,
                       UnsetNames* unset, Output::Wanted wanted = Output::Wanted::text,
                       std::size_t* failed_at = nullptr) {
    Output out(wanted);
    Expander expander(text, lookup, mode, unset);
    if (auto status = expander.run(out); !status) {
        if (failed_at != nullptr) *failed_at = text.size() - expander.left_at_construct();
        auto error = std::move(status).error();
        if (error.hint.empty()) error.hint = hint_for(error.message);
        return fail(std::move(error).in(fmt::format("failed to process {}", text::quoted(text))));
    }
    return out;
}

} // namespace

Result<std::string> expand(std::string_view word, const VariableLookup& lookup, char escape,
                           UnsetNames* unset) {
    TRY_ASSIGN(auto out, process(word, lookup, {escape, true}, unset));
    return out.take_text();
}

Result<std::vector<std::string>> expand_words(std::string_view word, const VariableLookup& lookup,
                                              char escape, UnsetNames* unset) {
    TRY_ASSIGN(auto out, process(word, lookup, {escape, true}, unset, Output::Wanted::words));
    return out.take_words();
}

Result<std::string> expand_heredoc(std::string_view body, const VariableLookup& lookup,
                                   UnsetNames* unset, std::size_t* failed_at) {
    TRY_ASSIGN(auto out,
               process(body, lookup, {'\\', false}, unset, Output::Wanted::text, failed_at));
    return out.take_text();
}

} // namespace mybuild
