#include "parser/grammar/directives.hpp"

#include "parser/grammar/context.hpp"

#include <boost/fusion/include/adapt_struct.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace mybuild::grammar {
namespace {

struct DirectiveNode {
    std::string name;
    Range value;
};

} // namespace
} // namespace mybuild::grammar

BOOST_FUSION_ADAPT_STRUCT(mybuild::grammar::DirectiveNode, name, value)

namespace mybuild::grammar {
namespace {

const x3::rule<struct DirectiveId, DirectiveNode> directive = "parser directive";
const auto known_name =
    x3::no_case[x3::string("escape") | x3::string("syntax") | x3::string("check")];
const auto directive_def =
    '#' >> x3::omit[*space] >> known_name >> x3::omit[*space] >> '=' >> x3::raw[+x3::char_];
BOOST_SPIRIT_DEFINE(directive)

struct Found {
    std::string name; ///< lower case
    std::string_view value;
};

/// The directive that `line` is, if it is one we know. A value of nothing but blanks counts as one
/// blank.
std::optional<Found> parse_directive(std::string_view line) {
    ParseState state;
    DirectiveNode node;
    if (!parse_all(line, state, directive, node)) return std::nullopt;
    const auto value = text::trim(view(node.value));
    return Found{text::lower(node.name), value.empty() ? view(node.value).substr(0, 1) : value};
}

/// Walks over the lines of a text.
class Lines {
  public:
    Lines(std::string_view text, std::size_t begin) : m_text(text), m_at(begin) {}
    bool done() const { return m_at >= m_text.size(); }
    std::string_view peek() const {
        auto line = m_text.substr(m_at, m_text.find('\n', m_at) - m_at);
        while (line.ends_with('\r'))
            line.remove_suffix(1);
        return line;
    }
    void skip() {
        const auto end = m_text.find('\n', m_at);
        m_at = end == std::string_view::npos ? m_text.size() : end + 1;
    }
    std::uint32_t at() const { return static_cast<std::uint32_t>(m_at); }

  private:
    std::string_view m_text;
    std::size_t m_at;
};

Span span_in(std::string_view text, std::string_view part) {
    const auto begin = static_cast<std::uint32_t>(part.data() - text.data());
    return {begin, begin + static_cast<std::uint32_t>(part.size())};
}

/// Syntax and check are looked for by another reader than escape in BuildKit: it passes over a
/// shebang, takes no indented line, and keeps the first of a name up to the first blank.
void read_for_frontend(std::string_view text, std::size_t begin, Directives& directives) {
    Lines lines(text, begin);
    if (!lines.done() && lines.peek().starts_with("#!")) lines.skip();
    for (; !lines.done(); lines.skip()) {
        const auto found = parse_directive(lines.peek());
        if (!found) return;
        const auto value = found->value.substr(0, found->value.find(' '));
        auto& word = found->name == "syntax" ? directives.syntax : directives.check;
        if (found->name != "escape" && !word) word = Word{std::string(value), span_in(text, value)};
    }
}

} // namespace

DirectiveZone read_directives(const std::shared_ptr<const Source>& source) {
    const auto text = source->text();
    const std::size_t begin = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    DirectiveZone zone;
    read_for_frontend(text, begin, zone.directives);

    std::vector<std::string> seen;
    Lines lines(text, begin);
    for (; !lines.done(); lines.skip()) {
        const auto line = text::trim_left(lines.peek());
        const auto found = parse_directive(line);
        if (!found) break;
        const auto report = [&](std::string message, std::string_view where, std::string hint) {
            zone.errors.push_back(Error{ErrorCode::syntax, std::move(message),
                                        SourceLocation{source, span_in(text, where)},
                                        std::move(hint)});
        };
        if (std::find(seen.begin(), seen.end(), found->name) != seen.end()) {
            report(fmt::format("only one {} parser directive can be used", found->name), line,
                   "remove one of them");
            continue;
        }
        seen.push_back(found->name);
        if (found->name != "escape") continue;
        if (found->value == "\\" || found->value == "`") {
            zone.directives.escape = found->value.front();
        } else {
            report(fmt::format("invalid escape token '{}' does not match ` or \\",
                               text::shortened(found->value)),
                   found->value, "write # escape=` or # escape=\\");
        }
    }
    zone.end = lines.at();
    return zone;
}

} // namespace mybuild::grammar
