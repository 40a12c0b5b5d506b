#pragma once

// What every grammar here is written in: iterator, parse state, context, and the few parsers that
// depend on them. Only .cpp files of parser/ include it; no X3 type leaves that folder.

#include "parser/lines.hpp"
#include "parser/text.hpp"

#include <boost/range/iterator_range.hpp>
#include <boost/spirit/home/x3.hpp>

#include <string>
#include <string_view>

namespace mybuild::grammar {

namespace x3 = boost::spirit::x3;

using Iterator = char const*;
using Range = boost::iterator_range<Iterator>;

[[nodiscard]] inline std::string_view view(Range range) {
    return {range.begin(), static_cast<std::size_t>(range.size())};
}

/// Travels with every parse, as the one thing in its context.
struct ParseState {
    char escape = '\\';
    int depth = 0; ///< of nested rules: see `nested`
};
struct state_tag;

/// Rules are instantiated for this context and no other: a rule that is used in another one is a
/// linker error. No rule has a skipper, since blanks mean something everywhere.
using Context = x3::context<state_tag, ParseState, x3::unused_type>;

/// Parses all of `text`; false if the rule does not match it. Expectation failures pass through.
template <class Rule, class Attribute>
bool parse_all(std::string_view text, ParseState& state, const Rule& rule, Attribute& out) {
    auto at = text.data();
    const auto end = at + text.size();
    return x3::parse(at, end, x3::with<state_tag>(state)[rule], out) && at == end;
}

/// The file's escape character.
struct EscapeParser : x3::parser<EscapeParser> {
    using attribute_type = x3::unused_type;
    static constexpr bool has_attribute = false;
    template <class It, class Ctx, class RuleCtx, class Attr>
    bool parse(It& at, const It& end, const Ctx& context, RuleCtx&, Attr&) const {
        if (at == end || *at != x3::get<state_tag>(context).escape) return false;
        ++at;
        return true;
    }
};
inline constexpr EscapeParser escape_mark{};

/// One white-space character of Unicode.
struct SpaceParser : x3::parser<SpaceParser> {
    using attribute_type = x3::unused_type;
    static constexpr bool has_attribute = false;
    template <class It, class Ctx, class RuleCtx, class Attr>
    bool parse(It& at, const It& end, const Ctx&, RuleCtx&, Attr&) const {
        if (at == end) return false;
        const auto c = text::first({at, static_cast<std::size_t>(end - at)});
        if (!text::is_space(c.value)) return false;
        at += c.length;
        return true;
    }
};
inline constexpr SpaceParser space{};

/// Rules that contain themselves go through this one, so that no input can exhaust the stack.
template <class Subject>
struct Nested : x3::unary_parser<Subject, Nested<Subject>> {
    using base = x3::unary_parser<Subject, Nested<Subject>>;
    static constexpr bool is_pass_through_unary = true;
    static constexpr int deepest = 100;
    using base::base;
    template <class It, class Ctx, class RuleCtx, class Attr>
    bool parse(It& at, const It& end, const Ctx& context, RuleCtx& rule, Attr& attribute) const {
        auto& depth = x3::get<state_tag>(context).depth;
        if (depth >= deepest) return false;
        ++depth;
        const bool matched = this->subject.parse(at, end, context, rule, attribute);
        --depth;
        return matched;
    }
};
struct NestedDirective {
    template <class Subject>
    auto operator[](const Subject& subject) const {
        return Nested<typename x3::extension::as_parser<Subject>::value_type>(
            x3::as_parser(subject));
    }
};
inline constexpr NestedDirective nested{};

inline const auto blank = x3::char_("\t\v\f\r ");

} // namespace mybuild::grammar
