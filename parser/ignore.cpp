#include "parser/ignore.hpp"

#include "parser/glob.hpp"
#include "parser/path.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

namespace mybuild {
namespace {

constexpr std::size_t longest_line = 65535;

Error illegal_exclusion() {
    Error error{ErrorCode::syntax, "illegal exclusion pattern: \"!\""};
    error.hint = "write a pattern after the !";
    return error;
}

} // namespace

struct IgnoreRules::Written {
    std::string pattern; ///< clean; empty: a blank line, or a `!` with nothing after it
    bool exception = false;

    /// A line of an ignore file.
    static Written of_line(std::string_view text) {
        text = text::trim(text);
        if (text.empty()) return {};
        Written line;
        line.exception = text.front() == '!';
        if (line.exception) text = text::trim(text.substr(1));
        if (text.empty()) return line;
        line.pattern = clean_path(text);
        if (line.pattern.size() > 1 && line.pattern.front() == '/') line.pattern.erase(0, 1);
        return line;
    }
    /// A pattern that no ignore file has been read for.
    static Written of_pattern(std::string_view text) {
        text = text::trim(text);
        if (text.empty()) return {};
        Written line;
        line.pattern = clean_path(text);
        line.exception = line.pattern.front() == '!';
        if (line.exception) line.pattern.erase(0, 1);
        return line;
    }
};

struct IgnoreRules::Pattern {
    Glob glob;
    bool exception = false;
};

IgnoreRules::IgnoreRules() = default;
IgnoreRules::~IgnoreRules() = default;
IgnoreRules::IgnoreRules(const IgnoreRules&) = default;
IgnoreRules& IgnoreRules::operator=(const IgnoreRules&) = default;
IgnoreRules::IgnoreRules(IgnoreRules&&) noexcept = default;
IgnoreRules& IgnoreRules::operator=(IgnoreRules&&) noexcept = default;

Status IgnoreRules::add(const Written& line) {
    if (line.pattern.empty() && line.exception) return fail(illegal_exclusion());
    if (line.pattern.empty()) return {};
    TRY_ASSIGN(auto glob, Glob::parse(line.pattern, Glob::Language::ignore));
    m_patterns.push_back({std::move(glob), line.exception});
    m_has_exceptions = m_has_exceptions || line.exception;
    return {};
}

Result<IgnoreRules> IgnoreRules::parse(const std::shared_ptr<const Source>& source) {
    IgnoreRules rules;
    const auto text = source->text();
    std::size_t begin = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    while (begin < text.size()) {
        const auto end = std::min(text.find('\n', begin), text.size());
        const auto line = text.substr(begin, end - begin);
        const Span span{static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
        begin = end + 1;
        if (line.size() > longest_line) {
            return fail(Error{ErrorCode::syntax,
                              fmt::format("line greater than max allowed size of {}", longest_line)}
                            .at(source, span));
        }
        if (line.starts_with('#')) continue;
        if (auto added = rules.add(Written::of_line(line)); !added)
            return fail(std::move(added).error().at(source, span));
    }
    return rules;
}

Result<IgnoreRules> IgnoreRules::from_patterns(std::span<const std::string> patterns) {
    IgnoreRules rules;
    for (const auto& pattern : patterns)
        TRY(rules.add(Written::of_pattern(pattern)));
    return rules;
}

bool IgnoreRules::empty() const {
    return m_patterns.empty();
}

bool IgnoreRules::has_exceptions() const {
    return m_has_exceptions;
}

bool IgnoreRules::ignored(std::string_view path) const {
    Verdict above;
    for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
        auto verdict = judge(path.substr(0, end), above.covers.empty() ? nullptr : &above);
        if (end == std::string_view::npos || verdict.prune) return verdict.ignored;
        above = std::move(verdict);
    }
}

IgnoreRules::Verdict IgnoreRules::judge(std::string_view path, const Verdict* parent) const {
    Verdict verdict;
    verdict.covers.resize(m_patterns.size());
    std::size_t decisive = m_patterns.size();
    for (std::size_t i = 0; i < m_patterns.size(); ++i) {
        const auto& pattern = m_patterns[i];
        // A pattern that would change nothing is not looked at, so an exception does not cover a
        // directory that nothing has excluded: what is excluded below it stays so.
        const bool matters = pattern.exception == verdict.ignored;
        verdict.covers[i] =
            (parent && parent->covers[i]) || (matters && pattern.glob.matches(path));
        if (!verdict.covers[i]) continue;
        verdict.ignored = !pattern.exception;
        decisive = i;
    }
    verdict.prune = verdict.ignored;
    if (!verdict.ignored) return verdict;
    // Only an exception after the pattern that covers the directory can bring something back.
    for (std::size_t i = decisive + 1; i < m_patterns.size(); ++i)
        if (m_patterns[i].exception && m_patterns[i].glob.can_match_below(path))
            verdict.prune = false;
    return verdict;
}

} // namespace mybuild
