#include "parser/grammar/clause.hpp"
#include "parser/grammar/context.hpp"

#include <boost/fusion/include/adapt_struct.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace mybuild::grammar {
namespace {

struct FromNode {
    Range image, as, alias;
};

const x3::rule<struct FromId, FromNode> from_arguments = "arguments of FROM";
const x3::rule<struct AsId, Range> as_keyword = "AS";
const x3::rule<struct EndId> end_of_line = "end of line";

const auto plain_word = x3::raw[+(x3::char_ - blank)];
const auto as_keyword_def = x3::raw[x3::no_case["as"] >> &(blank | x3::eoi)];
const auto end_of_line_def = x3::omit[*blank >> x3::eoi];
const auto set_image = [](auto& ctx) { x3::_val(ctx).image = x3::_attr(ctx); };
const auto set_as = [](auto& ctx) { x3::_val(ctx).as = x3::_attr(ctx); };
const auto set_alias = [](auto& ctx) { x3::_val(ctx).alias = x3::_attr(ctx); };
const auto as_alias = (+blank >> !x3::eoi) > as_keyword[set_as] > +blank > plain_word[set_alias];
const auto from_arguments_def = (plain_word[set_image] >> -as_alias) > end_of_line;

BOOST_SPIRIT_DEFINE(from_arguments, as_keyword, end_of_line)

bool valid_stage_name(std::string_view name) {
    const auto lower = text::lower(name);
    return lower.front() >= 'a' && lower.front() <= 'z' &&
           std::all_of(lower.begin(), lower.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || text::is_digit(c) || c == '-' || c == '_' ||
                      c == '.';
           });
}

Result<FromNode> parse_from(const Clause& clause) {
    const auto arguments = clause.arguments();
    const auto wrong = [&](std::string_view where) {
        std::string hint = "write FROM IMAGE or FROM IMAGE AS NAME";
        if (where.starts_with('#')) hint = "a comment needs a line of its own";
        if (where.starts_with("--")) hint = "flags stand before the image";
        if (text::equal_ignoring_case(where, "as")) hint = "write the stage's name after AS";
        return fail(
            clause.invalid("FROM requires either one or three arguments", where, std::move(hint)));
    };
    ParseState state;
    FromNode node;
    try {
        if (!parse_all(arguments, state, from_arguments, node)) return wrong(clause.whole());
    } catch (const x3::expectation_failure<Iterator>& failure) {
        const auto at = static_cast<std::size_t>(failure.where() - arguments.data());
        const auto rest = text::trim(arguments.substr(at));
        if (!rest.empty()) return wrong(rest);
        const auto words = split_blanks(arguments);
        return wrong(words.size() > 1 ? words.back() : clause.whole());
    }
    return node;
}

} // namespace

Result<InstructionBody> build_from(const Clause& clause) {
    TRY_ASSIGN(const auto node, parse_from(clause));
    TRY_ASSIGN(const auto flags, FlagValues::read(clause, {{"platform", FlagKind::text}}));
    From from;
    from.image = clause.word(view(node.image));
    from.platform = flags.text("platform");
    if (node.as.empty()) return from;
    const auto alias = view(node.alias);
    if (!valid_stage_name(alias)) {
        return fail(clause.invalid(
            fmt::format("invalid name for build stage: {}, name can't start with a number or "
                        "contain symbols",
                        text::quoted(alias)),
            alias,
            alias.find('$') == std::string_view::npos
                ? "use letters, digits, - _ and . and begin with a letter"
                : "variables are not replaced here: write the name itself"));
    }
    from.alias = clause.word(alias);
    from.as_span = clause.span(view(node.as));
    return from;
}

} // namespace mybuild::grammar
