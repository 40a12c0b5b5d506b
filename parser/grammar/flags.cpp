#include "parser/grammar/context.hpp"
#include "parser/grammar/shapes.hpp"

#include <boost/fusion/include/adapt_struct.hpp>

namespace mybuild::grammar {
namespace {

struct FlagNode {
    std::string text;
    Range written;
};
struct HeadNode {
    Range keyword;
    std::vector<FlagNode> flags;
    Range arguments;
};

} // namespace
} // namespace mybuild::grammar

BOOST_FUSION_ADAPT_STRUCT(mybuild::grammar::HeadNode, keyword, flags, arguments)

namespace mybuild::grammar {
namespace {

const x3::rule<struct FlagTextId, std::string> flag_text = "text of a flag";
const x3::rule<struct FlagId, FlagNode> flag = "flag";
const x3::rule<struct HeadId, HeadNode> head = "instruction";

const auto append = [](auto& ctx) { x3::_val(ctx).push_back(x3::_attr(ctx)); };
const auto take_written = [](auto& ctx) { x3::_val(ctx).written = x3::_attr(ctx); };
const auto take_text = [](auto& ctx) { x3::_val(ctx).text = std::move(x3::_attr(ctx)); };

const auto white = x3::char_(" \t\n\v\f\r");
// The escape character protects any character, also in quotes; at the very end there is nothing to
// protect. A quote that is never closed reaches to the end of the line.
const auto escaped = escape_mark >> (x3::char_[append] | x3::eoi);
const auto in_single_quotes = '\'' >> *(escaped | (~x3::char_('\''))[append]) >> ('\'' | x3::eoi);
const auto in_double_quotes = '"' >> *(escaped | (~x3::char_('"'))[append]) >> ('"' | x3::eoi);
const auto end_of_flags = "--" >> (x3::eoi | &white);

const auto flag_text_def = &x3::lit("--") >> +(in_single_quotes | in_double_quotes | escaped |
                                               (x3::char_ - white)[append]);
const auto flag_def = x3::raw[flag_text[take_text]][take_written];
const auto head_def =
    x3::omit[*space] >> x3::raw[+(x3::char_ - blank)] >> x3::omit[*white] >>
    *(!end_of_flags >> flag >> x3::omit[*white]) >> x3::omit[-end_of_flags] >> x3::raw[*x3::char_];

BOOST_SPIRIT_DEFINE(flag_text, flag, head)

} // namespace

Head split_head(std::string_view line, char escape) {
    ParseState state{escape};
    HeadNode node;
    parse_all(line, state, head, node);
    Head out{view(node.keyword), {}, text::trim(view(node.arguments))};
    for (auto& flag_node : node.flags)
        out.flags.push_back({std::move(flag_node.text), view(flag_node.written)});
    return out;
}

} // namespace mybuild::grammar
