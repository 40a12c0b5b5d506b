#include "parser/lines.hpp"

#include "parser/text.hpp"

#include <algorithm>

namespace mybuild {
namespace {

std::string_view without_line_ending(std::string_view line) {
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r'))
        line.remove_suffix(1);
    return line;
}

bool is_comment(std::string_view line) {
    const auto rest = text::trim_left(line);
    return !rest.empty() && rest.front() == '#';
}

/// Keeps the text of a comment line for the instruction below it. An empty comment starts anew. The
/// first byte goes whatever it is, so an indented comment keeps its `#` (as BuildKit has it).
void note_comment(std::vector<std::string>& comments, std::string_view line) {
    const auto words = text::trim(line.substr(1));
    if (words.empty())
        comments.clear();
    else
        comments.emplace_back(words);
}

/// The length of `line` without the escape character that makes it continue, or nothing if it does
/// not. An escape character before the last one means no continuation, even if it is escaped
/// itself.
std::optional<std::size_t> continued_length(std::string_view line, char escape) {
    const auto last = line.find_last_not_of(" \t");
    if (last == std::string_view::npos || line[last] != escape) return std::nullopt;
    if (last > 0 && line[last - 1] == escape) return std::nullopt;
    return last;
}

} // namespace

void OffsetMap::add(std::size_t text_offset, std::uint32_t source_offset) {
    m_pieces.push_back({text_offset, source_offset});
}

OffsetMap OffsetMap::fixed(Span span) {
    OffsetMap map;
    map.m_fixed = span;
    return map;
}

void OffsetMap::clear() {
    m_pieces.clear();
    m_fixed.reset();
}

std::uint32_t OffsetMap::at(std::size_t text_offset) const {
    const auto after = std::upper_bound(
        m_pieces.begin(), m_pieces.end(), text_offset,
        [](std::size_t offset, const Piece& piece) { return offset < piece.text; });
    if (after == m_pieces.begin()) return 0;
    const auto& piece = *std::prev(after);
    return piece.source + static_cast<std::uint32_t>(text_offset - piece.text);
}

Span OffsetMap::span(std::size_t begin, std::size_t end) const {
    if (m_fixed) return *m_fixed;
    const auto from = at(begin);
    return {from, end > begin ? at(end - 1) + 1 : from};
}

LineReader::LineReader(std::string_view text, std::uint32_t begin, char escape,
                       std::size_t line_limit)
    : m_text(text), m_at(begin), m_escape(escape), m_line_limit(line_limit) {}

std::optional<LineReader::Physical> LineReader::take() {
    if (m_at >= m_text.size() || m_overlong) return std::nullopt;
    const auto newline = m_text.find('\n', m_at);
    const auto next = newline == std::string_view::npos ? m_text.size() : newline + 1;
    const auto line = without_line_ending(m_text.substr(m_at, next - m_at));
    const Physical physical{m_at, static_cast<std::uint32_t>(m_at + line.size()),
                            static_cast<std::uint32_t>(next)};
    if (line.size() > m_line_limit) {
        m_overlong = Span{physical.begin, physical.end};
        return std::nullopt;
    }
    if (line.size() > docker_line_limit && !m_long) m_long = Span{physical.begin, physical.end};
    m_at = physical.next;
    return physical;
}

bool LineReader::append(LogicalLine& line, Physical physical) const {
    const auto content = m_text.substr(physical.begin, physical.end - physical.begin);
    const auto length = continued_length(content, m_escape);
    line.map.add(line.text.size(), physical.begin);
    line.text += content.substr(0, length.value_or(content.size()));
    line.span.end = physical.end;
    return length.has_value();
}

bool LineReader::next(LogicalLine& line) {
    line.comments.clear();
    while (auto physical = take()) {
        const auto whole = m_text.substr(physical->begin, physical->end - physical->begin);
        if (is_comment(whole)) {
            note_comment(line.comments, whole);
            continue;
        }
        const auto content = text::trim_left(whole);
        if (content.empty()) continue;

        line.text.clear();
        line.map.clear();
        line.empty_lines.clear();
        physical->begin += static_cast<std::uint32_t>(whole.size() - content.size());
        line.span.begin = physical->begin;
        for (bool continues = append(line, *physical); continues;) {
            const auto more = take();
            if (!more) break;
            const auto text = m_text.substr(more->begin, more->end - more->begin);
            if (is_comment(text)) continue;
            if (text::trim_left(text).empty())
                line.empty_lines.push_back({more->begin, more->end});
            else
                continues = append(line, *more);
        }
        if (m_overlong) return false;
        line.text.resize(text::trim_right(line.text).size());
        // Nothing but an escape character is no instruction.
        if (!text::trim_left(line.text).empty()) return true;
    }
    return false;
}

std::optional<HeredocBody> LineReader::heredoc(std::string_view name, bool strip_tabs) {
    const auto begin = m_at;
    while (const auto physical = take()) {
        auto line = m_text.substr(physical->begin, physical->end - physical->begin);
        if (strip_tabs) line.remove_prefix(std::min(line.find_first_not_of('\t'), line.size()));
        if (line == name) {
            return HeredocBody{m_text.substr(begin, physical->begin - begin),
                               {begin, physical->begin},
                               physical->end};
        }
    }
    return std::nullopt;
}

} // namespace mybuild
