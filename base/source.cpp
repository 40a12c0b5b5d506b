#include "base/source.hpp"

#include <algorithm>

namespace mybuild {

Source::Source(std::string name, std::string text)
    : m_name(std::move(name)), m_text(std::move(text)), m_line_starts{0} {
    for (std::size_t at = 0; at < m_text.size(); ++at)
        if (m_text[at] == '\n') m_line_starts.push_back(static_cast<std::uint32_t>(at + 1));
}

Source::Position Source::position(std::uint32_t offset) const {
    offset = std::min(offset, static_cast<std::uint32_t>(m_text.size()));
    const auto next = std::upper_bound(m_line_starts.begin(), m_line_starts.end(), offset);
    const auto line = static_cast<std::uint32_t>(next - m_line_starts.begin());
    const auto start = m_line_starts[line - 1];
    std::uint32_t column = 1;
    for (auto at = start; at < offset; ++at)
        if ((static_cast<unsigned char>(m_text[at]) & 0xC0U) != 0x80U) ++column;
    return {line, column};
}

std::string_view Source::line(std::uint32_t number) const {
    if (number == 0 || number > m_line_starts.size()) return {};
    const auto begin = m_line_starts[number - 1];
    const auto end =
        number < m_line_starts.size() ? m_line_starts[number] : std::uint32_t(m_text.size());
    auto line = std::string_view(m_text).substr(begin, end - begin);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r'))
        line.remove_suffix(1);
    return line;
}

std::uint32_t Source::line_count() const {
    return static_cast<std::uint32_t>(m_line_starts.size());
}

std::string_view Source::slice(Span span) const {
    const auto begin = std::min<std::size_t>(span.begin, m_text.size());
    const auto end = std::clamp<std::size_t>(span.end, begin, m_text.size());
    return std::string_view(m_text).substr(begin, end - begin);
}

} // namespace mybuild
