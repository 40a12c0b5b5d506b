#include "parser/grammar/unknown.hpp"

#include "parser/suggest.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild::grammar {
namespace {

/// The last line above the clause that is neither blank nor a comment, without blanks at its end.
std::string_view line_above(const Clause& clause) {
    if (!clause.source) return {};
    const auto begin = clause.span(clause.head.keyword).begin;
    for (auto number = clause.source->position(begin).line; --number > 0;) {
        const auto line = text::trim(clause.source->line(number));
        if (!line.empty() && line.front() != '#') return line;
    }
    return {};
}

/// What keeps the line above from going on, if it looks as if it was meant to.
std::string continuation_hint(const Clause& clause) {
    const auto above = line_above(clause);
    const char other = clause.escape == '\\' ? '`' : '\\';
    if (above.ends_with(std::string(2, clause.escape)))
        return fmt::format("the line above ends in two {0}, which does not continue it: write one",
                           clause.escape);
    if (above.ends_with(other))
        return fmt::format("the line above ends in {}, but lines of this file continue with {}",
                           other, clause.escape);
    for (const std::string_view end : {"&&", "||", "|", ";", ",", "[", "("})
        if (above.ends_with(end))
            return fmt::format("the line above ends in {}: if it goes on here, write {} after that",
                               end, clause.escape);
    return {};
}

bool is_conflict_mark(std::string_view word) {
    return word.starts_with("<<<<<<<") || word.starts_with(">>>>>>>") ||
           word.starts_with("=======") || word.starts_with("|||||||");
}

std::string other_hint(const Clause& clause) {
    const auto word = clause.head.keyword;
    if (is_conflict_mark(word)) return "a merge has left this mark: choose one of its sides";
    if (word.starts_with("//") || word.starts_with("--") || word.starts_with("/*"))
        return "a comment begins with #";
    auto hint = continuation_hint(clause);
    if (!hint.empty()) return hint;
    return fmt::format("write RUN before it if it is a command; if it continues the line above, "
                       "end that with {}",
                       clause.escape);
}

} // namespace

Error unknown_instruction(const Clause& clause, std::span<const std::string_view> known) {
    const auto word = clause.head.keyword;
    auto hint = did_you_mean(word, known);
    if (hint.empty()) hint = other_hint(clause);
    return clause.invalid(fmt::format("unknown instruction: {}", text::shortened(word)), word,
                          std::move(hint));
}

} // namespace mybuild::grammar
