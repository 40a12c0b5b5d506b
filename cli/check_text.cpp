#include "base/render.hpp"
#include "cli/check_report.hpp"
#include "lint/rule.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild::cli {
namespace {

constexpr std::string_view ruler = "--------------------\n";
constexpr std::uint32_t most_lines = 12; // of an instruction, on either side of the mark
constexpr std::size_t most_carets = 160;

struct Lines {
    std::uint32_t first, last;
};

Lines lines_of(const Source& source, Span span) {
    const auto end = std::max(span.end, span.begin + 1) - 1;
    const auto first = source.position(span.begin).line;
    return {first, std::max(first, source.position(end).line)};
}

/// As many blanks as a text takes when it is shown; tabs stay.
std::string blanks(std::string_view shown) {
    std::string out;
    for (const char c : shown)
        if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) out += c == '\t' ? '\t' : ' ';
    return out;
}

/// Carets under what is marked of its first line.
std::string carets(const Source& source, Span mark) {
    const auto line = source.line(source.position(mark.begin).line);
    const auto start = static_cast<std::size_t>(line.data() - source.text().data());
    const auto begin = std::min<std::size_t>(mark.begin - start, line.size());
    const auto end = std::clamp<std::size_t>(mark.end - start, begin, line.size());
    const auto width = blanks(printable(line.substr(begin, end - begin))).size();
    return blanks(printable(line.substr(0, begin))) +
           std::string(std::clamp<std::size_t>(width, 1, most_carets), '^');
}

/// As Docker prints a place: the lines, marked by `>>>`, with some around them; under the first
/// marked one carets show what is meant.
std::string excerpt(const Source& source, Span lines, Span mark) {
    const auto [first, last] = lines_of(source, lines);
    const auto at = source.position(mark.begin);
    const std::uint32_t around = first == last ? 2 : 1;
    const auto begin = std::max(first > around ? first - around : 1,
                                at.line > most_lines ? at.line - most_lines : 1);
    const auto end = std::min({last + around, source.line_count(), at.line + most_lines});
    std::string out =
        fmt::format("{}:{}:{}\n{}", printable(source.name()), at.line, at.column, ruler);
    for (auto number = begin; number <= end; ++number) {
        const bool marked = first <= number && number <= last;
        auto line = fmt::format(" {:3} | {} {}", number, marked ? ">>>" : "   ",
                                printable(source.line(number)));
        while (line.ends_with(' '))
            line.pop_back();
        out += line + '\n';
        if (number == at.line) out += fmt::format("     |     {}\n", carets(source, mark));
    }
    return out.append(ruler);
}

/// The lines of what is reported together with the place that is meant, which may be elsewhere.
Span shown_lines(const Source& source, const lint::Finding& finding) {
    const auto lines = lines_of(source, finding.lines);
    const auto line = source.position(finding.mark.begin).line;
    return lines.first <= line && line <= lines.last ? finding.lines : finding.mark;
}

std::string finding_text(const Source& source, const lint::Finding& finding) {
    const auto& rule = *finding.rule;
    auto out = fmt::format("\nWARNING: {}", rule.name);
    if (!rule.url.empty()) out += fmt::format(" - {}", rule.url);
    out += fmt::format("\n{}\n", printable(finding.message));
    out += excerpt(source, shown_lines(source, finding), finding.mark);
    if (!finding.fix.empty()) out += fmt::format("fix: {}\n", printable(finding.fix));
    for (const auto& note : finding.notes)
        out += fmt::format("note: {}\n", printable(note));
    // The page is in the documentation, and in the program for those who have nothing else.
    return out + fmt::format("more: docs/checks/{0}.md (mybuild lint --explain {0})\n", rule.name);
}

std::string headline(const CheckReport& report) {
    const auto count = report.findings.size();
    if (count == 1) return "Check complete, 1 warning has been found!\n";
    if (count > 1) return fmt::format("Check complete, {} warnings have been found!\n", count);
    return report.errors.empty() ? "Check complete, no warnings found.\n" : "";
}

} // namespace

std::string check_text(const CheckReport& report) {
    std::string out = headline(report);
    for (const auto& finding : report.findings)
        out += finding_text(*report.source, finding);
    for (const auto& error : report.errors) {
        if (!out.empty()) out += '\n';
        out += render(error);
    }
    return out;
}

} // namespace mybuild::cli
