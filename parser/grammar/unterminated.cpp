#include "parser/grammar/unterminated.hpp"

#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild::grammar {
namespace {

/// What keeps `line` from being the end that it looks like; empty: it does not look like it.
std::string what_is_wrong(std::string_view line, const Opener& opener) {
    const auto word = text::trim(line);
    const std::string_view name = opener.name;
    if (word == name) {
        const bool only_tabs =
            line.ends_with(name) && line.find_first_not_of('\t') == line.size() - name.size();
        if (only_tabs) return fmt::format("begins with a tab: remove it, or write <<-{}", name);
        return "has blanks around it: remove them";
    }
    const bool quoted = word.size() == name.size() + 2 && word.substr(1, name.size()) == name &&
                        (word.front() == '"' || word.front() == '\'') &&
                        word.back() == word.front();
    if (quoted) return "has quotes around it: remove them";
    if (text::equal_ignoring_case(word, name)) return "is written in another case";
    return {};
}

/// The first line that was meant to be the end, as a hint.
std::string nearly_ended(const Clause& clause, const Opener& opener, std::string_view body) {
    if (!clause.source) return {};
    for (std::size_t at = 0; at < body.size();) {
        const auto end = std::min(body.find('\n', at), body.size());
        auto line = body.substr(at, end - at);
        while (line.ends_with('\r'))
            line.remove_suffix(1);
        const auto wrong = what_is_wrong(line, opener);
        const auto offset = body.data() + at - clause.source->text().data();
        at = end + 1;
        if (wrong.empty()) continue;
        return fmt::format("line {} {}",
                           clause.source->position(static_cast<std::uint32_t>(offset)).line, wrong);
    }
    return {};
}

} // namespace

Error unterminated_heredoc(const Clause& clause, const Opener& opener, std::string_view body) {
    const auto name = text::shortened(opener.name);
    auto hint = nearly_ended(clause, opener, body);
    if (hint.empty()) hint = fmt::format("end it with a line that is exactly {}", name);
    if (text::is_digit(name.front()))
        hint += "; if a shift is meant, write << without blanks around it";
    return clause.malformed("unterminated heredoc", opener.written, std::move(hint));
}

} // namespace mybuild::grammar
