#include "parser/grammar/context.hpp"
#include "parser/grammar/shapes.hpp"

#include <boost/fusion/include/at_c.hpp>

#include <cmath>
#include <cstdlib>

namespace mybuild::grammar {
namespace {

struct ItemNode {
    std::optional<std::string> string;
    Range written;
};

const x3::rule<struct JsonStringId, std::string> json_string = "JSON string";
const x3::rule<struct JsonValueId> json_value = "JSON value";
const x3::rule<struct ItemId, ItemNode> item = "JSON value";
const x3::rule<struct JsonArrayId, std::vector<ItemNode>> json_array = "JSON array";

const auto append = [](auto& ctx) { x3::_val(ctx).push_back(x3::_attr(ctx)); };
const auto append_unit = [](auto& ctx) {
    // Two \u escapes that make one character have it in UTF-16; a lone half is no character.
    std::uint32_t unit = x3::_attr(ctx);
    if (unit >= 0xD800 && unit <= 0xDFFF) unit = 0xFFFD;
    text::append(x3::_val(ctx), unit);
};
const auto append_pair = [](auto& ctx) {
    const std::uint32_t high = boost::fusion::at_c<0>(x3::_attr(ctx));
    const std::uint32_t low = boost::fusion::at_c<1>(x3::_attr(ctx));
    text::append(x3::_val(ctx), 0x10000 + ((high - 0xD800) << 10U) + (low - 0xDC00));
};
const auto high_half = [](auto& ctx) {
    x3::_val(ctx) = x3::_attr(ctx);
    x3::_pass(ctx) = x3::_attr(ctx) >= 0xD800 && x3::_attr(ctx) <= 0xDBFF;
};
const auto low_half = [](auto& ctx) {
    x3::_val(ctx) = x3::_attr(ctx);
    x3::_pass(ctx) = x3::_attr(ctx) >= 0xDC00 && x3::_attr(ctx) <= 0xDFFF;
};
// To Go, whose reader Docker uses, a number beyond its largest is no JSON.
const auto is_finite = [](auto& ctx) {
    const std::string digits(x3::_attr(ctx).begin(), x3::_attr(ctx).end());
    x3::_pass(ctx) = std::isfinite(std::strtod(digits.c_str(), nullptr));
};
const auto take_written = [](auto& ctx) { x3::_val(ctx).written = x3::_attr(ctx); };
const auto take_string = [](auto& ctx) { x3::_val(ctx).string = std::move(x3::_attr(ctx)); };

struct SimpleEscapes : x3::symbols<char> {
    SimpleEscapes() {
        add("\"", '"')("\\", '\\')("/", '/')("b", '\b')("f", '\f')("n", '\n')("r", '\r')("t", '\t');
    }
} const simple_escape;

const auto ws = *x3::char_(" \t\r\n");
const x3::uint_parser<std::uint32_t, 16, 4, 4> hex4{};
const x3::rule<struct HighId, std::uint32_t> high = "high surrogate";
const x3::rule<struct LowId, std::uint32_t> low = "low surrogate";
const auto high_def = "\\u" >> hex4[high_half];
const auto low_def = "\\u" >> hex4[low_half];

const auto json_string_def = '"' >> *((high >> low)[append_pair] | ("\\u" >> hex4)[append_unit] |
                                      ('\\' >> simple_escape)[append] |
                                      (~x3::char_("\"\\") - x3::char_('\0', '\x1f'))[append]) >>
                             '"';

const auto digits = -x3::lit('-') >> ('0' | (x3::char_('1', '9') >> *x3::digit)) >>
                    -('.' >> +x3::digit) >> -(x3::char_("eE") >> -x3::char_("+-") >> +x3::digit);
const auto number = x3::raw[digits][is_finite];
const auto array = '[' >> ws >> -(json_value % (ws >> ',' >> ws)) >> ws >> ']';
const auto member = json_string >> ws >> ':' >> ws >> json_value;
const auto object = '{' >> ws >> -(member % (ws >> ',' >> ws)) >> ws >> '}';
const auto json_value_def =
    x3::omit[json_string | number | "true" | "false" | "null" | nested[array] | nested[object]];

const auto item_def = x3::raw[json_string[take_string] | json_value][take_written];
const auto json_array_def = '[' >> x3::omit[ws] >>
                            -(item % x3::omit[ws >> ',' >> ws]) >> x3::omit[ws] >>
                            ']' >> x3::omit[ws];

BOOST_SPIRIT_DEFINE(high, low, json_string, json_value, item, json_array)

// `[ -f x ]` and `[ "$a" = b ]` are commands: a first word followed by a comma, or a quoted one by
// `]` or another quoted one.
const auto quoted_word = (('\'' >> *~x3::char_('\'') >> '\'') | ('"' >> *~x3::char_('"') >> '"'));
const auto plain_word = +(x3::char_ - x3::char_(" \t,\"'[]"));
const auto nearly_array = '[' >> ws >>
                          ((quoted_word >> ws >> &x3::char_(",]'\"")) | (plain_word >> ','));
// No command begins like this, wherever it ends.
const auto begins_as_array = '[' >> quoted_word >> ws >> (x3::eoi | &x3::char_(",]'\""));

} // namespace

std::optional<std::vector<JsonItem>> parse_json_array(std::string_view text) {
    if (!text.starts_with('[')) return std::nullopt;
    ParseState state;
    std::vector<ItemNode> nodes;
    if (!parse_all(text, state, json_array, nodes)) return std::nullopt;
    std::vector<JsonItem> items;
    items.reserve(nodes.size());
    for (auto& node : nodes)
        items.push_back({std::move(node.string), view(node.written)});
    return items;
}

bool resembles_json_array(std::string_view text) {
    if (!text.starts_with('[')) return false;
    const auto begins_as = [&](const auto& rule) {
        auto at = text.data();
        return x3::parse(at, at + text.size(), x3::omit[rule]);
    };
    if (!begins_as(begins_as_array) && !(text.ends_with(']') && begins_as(nearly_array)))
        return false;
    return !parse_json_array(text);
}

} // namespace mybuild::grammar
