#include "parser/grammar/context.hpp"
#include "parser/grammar/shapes.hpp"

#include <limits>

namespace mybuild::grammar {
namespace {

struct OpenerNode {
    std::string name;
    bool quoted = false;
    bool strip_tabs = false;
    std::optional<std::uint64_t> fd;
};

const x3::rule<struct BracedId> braced = "${...}";
const x3::rule<struct DoubleQuotedId> double_quoted = "text in double quotes";
const x3::rule<struct LineWordId, Range> line_word = "word";
const x3::rule<struct OpenerId, OpenerNode> opener = "heredoc opener";

// The escape character here is always the backslash, whatever the directive says.
const auto pair = '\\' >> x3::char_;
const auto single_quoted = '\'' >> *~x3::char_('\'') >> '\'';

// ${name}, ${name-word} and so on: just the forms that expansion knows, since another one means
// that the line is not what it seems.
const auto special_name = x3::char_("@*#?$!0-");
const auto name = +x3::digit | special_name | *(x3::alnum | '_' | x3::char_('\x80', '\xff'));
const auto dollar = '$' >> !x3::lit('{');
// No part may be taken for plain characters when it turns out to be broken: trying both ways at
// every level of nesting would take exponential time.
const auto part = single_quoted | double_quoted | pair | braced | dollar;
const auto until_brace = *(part | ~x3::char_("}'\"\\$")) >> '}';
const auto until_slash = *(part | ~x3::char_("/'\"\\$")) >> '/';
const auto braced_def =
    x3::omit["${" >> !x3::char_("{}:") >>
             nested[name >> ('}' | ((-x3::lit(':') >> x3::char_("+?-")) >> until_brace) |
                             (x3::char_("#%") >> until_brace) |
                             ('/' >> -x3::lit('/') >> until_slash >> until_brace))]];
const auto double_quoted_def =
    x3::omit['"' >> *(pair | braced | dollar | ~x3::char_("\"$\\")) >> '"'];

const auto shift = "<<" >> *x3::char_("\t\r ");
const auto line_word_def = x3::raw[+(part | shift | (~x3::char_("'\"\\$") - space))];
const auto words_of_line = x3::omit[*space] >> *(line_word >> x3::omit[*space]);

const auto append = [](auto& ctx) { x3::_val(ctx).name.push_back(x3::_attr(ctx)); };
const auto append_range = [](auto& ctx) { x3::_val(ctx).name += view(x3::_attr(ctx)); };
const auto set_quoted = [](auto& ctx) { x3::_val(ctx).quoted = true; };
const auto set_strip = [](auto& ctx) { x3::_val(ctx).strip_tabs = true; };
const auto set_fd = [](auto& ctx) { x3::_val(ctx).fd = x3::_attr(ctx); };

const auto
    opener_def = -x3::ulong_[set_fd] >> "<<" >> (x3::lit('-')[set_strip] | x3::omit[*space]) >>
                 +((x3::lit('\'')[set_quoted] >> *(~x3::char_("'<"))[append] >> '\'') |
                   (x3::lit('"')[set_quoted] >>
                    *(('\\' >> x3::char_("\"$\\")[append]) | (~x3::char_("\"<"))[append]) >> '"') |
                   ('\\' >> (x3::char_ - '<')[append]) | x3::raw[braced][append_range] |
                   (x3::char_ - (space | '<' | '\'' | '"' | '\\' | "${"))[append]);

BOOST_SPIRIT_DEFINE(braced, double_quoted, line_word, opener)

/// The delimiter of what looks in the line as if a heredoc was meant; empty: nothing does.
std::string_view apparent_delimiter(std::string_view line) {
    for (auto at = line.find("<<"); at != std::string_view::npos; at = line.find("<<", at + 2)) {
        auto before = at;
        while (before > 0 && text::is_digit(line[before - 1]))
            --before;
        const bool starts_word = before == 0 || text::is_blank(line[before - 1]);
        const auto begin = line.find_first_not_of("-\t '\"", at + 2);
        if (!starts_word || begin == std::string_view::npos) continue;
        auto end = begin;
        while (end < line.size()) {
            const auto c = text::first(line.substr(end));
            if (!text::is_name_character(c.value)) break;
            end += c.length;
        }
        if (end > begin) return line.substr(begin, end - begin);
    }
    return {};
}

std::string reason(char stopped_at) {
    switch (stopped_at) {
    case '\'':
        return "a single quote is not closed";
    case '"':
        return "a double quote is not closed, or has an unsupported ${...} inside";
    case '$':
        return "a ${...} has a form that is not supported";
    default:
        return "the line ends in a backslash";
    }
}

} // namespace

Openers find_openers(std::string_view text) {
    Openers openers;
    ParseState state;
    std::vector<Range> words;
    auto at = text.data();
    const auto end = at + text.size();
    x3::parse(at, end, x3::with<state_tag>(state)[words_of_line], words);
    if (at != end) {
        openers.looks_like = apparent_delimiter(text);
        if (openers.looks_like.empty()) return openers;
        openers.trouble = reason(*at);
        openers.culprit = {at, 1};
        return openers;
    }
    for (const auto& word : words) {
        if (auto found = parse_opener(view(word)))
            openers.found.push_back(std::move(*found));
        else if (view(word).ends_with("<<-") && &word != &words.back()) {
            openers.trouble = "the delimiter must follow right after <<-";
            openers.culprit = view(word);
            openers.looks_like = view(*(&word + 1));
        }
    }
    return openers;
}

std::optional<Opener> parse_opener(std::string_view word) {
    ParseState state;
    OpenerNode node;
    if (!parse_all(word, state, opener, node) || node.name.empty()) return std::nullopt;
    Opener out{std::move(node.name), !node.quoted, node.strip_tabs, std::nullopt, word};
    if (node.fd && *node.fd <= static_cast<std::uint64_t>(std::numeric_limits<int>::max()))
        out.fd = static_cast<int>(*node.fd);
    return out;
}

} // namespace mybuild::grammar
