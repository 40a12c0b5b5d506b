#include "parser/grammar/context.hpp"
#include "parser/grammar/shapes.hpp"

#include <algorithm>

namespace mybuild::grammar {
namespace {

const x3::rule<struct QuotedWordId, Range> quoted_word = "word";
const x3::rule<struct QuotedWordsId, std::vector<Range>> quoted_words = "words";

// Where the escape character is the last of all, it is dropped.
const auto dangling = escape_mark >> x3::eoi;
const auto pair = escape_mark >> x3::char_;
const auto in_single_quotes = '\'' >> *~x3::char_('\'') >> ('\'' | x3::eoi);
const auto in_double_quotes = '"' >> *(pair | (~x3::char_('"') - dangling)) >>
                              ('"' | x3::eoi | &dangling);

const auto quoted_word_def =
    x3::raw[+(in_single_quotes | in_double_quotes | pair | (x3::char_ - (space | dangling)))];
const auto quoted_words_def = x3::omit[*space] >>
                              *(quoted_word >> x3::omit[*space]) >> x3::omit[-dangling];

BOOST_SPIRIT_DEFINE(quoted_word, quoted_words)

std::vector<std::string_view> views(const std::vector<Range>& ranges) {
    std::vector<std::string_view> out;
    out.reserve(ranges.size());
    for (const auto& range : ranges)
        out.push_back(view(range));
    return out;
}

} // namespace

std::vector<std::string_view> split_blanks(std::string_view text) {
    std::vector<std::string_view> words;
    for (std::size_t at = 0; at < text.size();) {
        const auto begin = text.find_first_not_of("\t\v\f\r ", at);
        if (begin == std::string_view::npos) break;
        at = std::min(text.find_first_of("\t\v\f\r ", begin), text.size());
        words.push_back(text.substr(begin, at - begin));
    }
    return words;
}

std::vector<std::string_view> split_quoted(std::string_view text, char escape) {
    ParseState state{escape};
    std::vector<Range> ranges;
    parse_all(text, state, quoted_words, ranges);
    return views(ranges);
}

} // namespace mybuild::grammar
