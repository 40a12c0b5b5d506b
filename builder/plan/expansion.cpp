#include "builder/plan/expansion.hpp"

#include <algorithm>
#include <utility>

namespace mybuild::plan {

namespace {

bool goes_on_with_name(std::string_view text) {
    if (text.empty()) return false;
    const char byte = text.front();
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' ||
           (static_cast<unsigned char>(byte) & 0x80U);
}

/// Where in the file the line goes on that stands at an offset of a heredoc's content, which may
/// have lost tabs at the beginning of lines.
Span rest_of_line(const Heredoc& heredoc, std::string_view content, std::size_t at) {
    const std::string_view body = heredoc.body;
    const auto number = std::ranges::count(content.substr(0, at), '\n');
    std::size_t begin = 0;
    for (auto i = number; i > 0; --i)
        begin = body.find('\n', begin) + 1;
    const auto in_content = content.substr(0, at).rfind('\n') + 1; // 0 in the first line
    if (heredoc.strip_tabs) begin = std::min(body.find_first_not_of('\t', begin), body.size());
    begin += at - in_content;
    const auto end = std::min(body.find_first_of("\r\n", begin), body.size());
    const auto offset = heredoc.body_span.begin;
    return {offset + static_cast<std::uint32_t>(begin), offset + static_cast<std::uint32_t>(end)};
}

} // namespace

Span variable_span(const Source& source, const Word& word, std::string_view name) {
    const std::string_view text = source.slice(word.span);
    for (auto at = text.find('$'); at != text.npos; at = text.find('$', at + 1)) {
        const std::size_t begin = at + (text.substr(at + 1).starts_with('{') ? 2 : 1);
        const auto rest = text.substr(begin);
        if (!rest.starts_with(name) || goes_on_with_name(rest.substr(name.size()))) continue;
        return {.begin = static_cast<std::uint32_t>(word.span.begin + at),
                .end = static_cast<std::uint32_t>(word.span.begin + begin + name.size())};
    }
    return word.span;
}

Expander::Expander(const Dockerfile& file, VariableLookup lookup, IsDeclared declared,
                   GuessFor guess, std::vector<UnsetVariable>& unset)
    : m_file(file), m_lookup(std::move(lookup)), m_declared(std::move(declared)),
      m_guess(std::move(guess)), m_unset(unset) {}

Result<std::string> Expander::word(const Word& word) {
    return part(word.text, word);
}

Result<std::string> Expander::part(std::string_view raw, const Word& word) {
    UnsetNames unset;
    auto text = expand(raw, m_lookup, m_file.directives.escape, &unset);
    if (!text) return fail(std::move(text).error().at(m_file.source, word.span));
    note(unset, word);
    return text;
}

Result<std::vector<std::string>> Expander::words(const Word& word) {
    auto words = expand_words(word.text, m_lookup, m_file.directives.escape);
    if (!words) return fail(std::move(words).error().at(m_file.source, word.span));
    return words;
}

Result<std::string> Expander::heredoc(const Heredoc& heredoc) {
    UnsetNames unset;
    std::size_t failed_at = 0;
    const auto content = heredoc.content();
    auto text = expand_heredoc(content, m_lookup, &unset, &failed_at);
    if (!text)
        return fail(
            std::move(text).error().at(m_file.source, rest_of_line(heredoc, content, failed_at)));
    note(unset, {.text = content, .span = heredoc.body_span});
    return text;
}

void Expander::note(const UnsetNames& names, const Word& word) {
    for (const auto& name : names) {
        if (m_declared(name) || !m_noted.insert(name).second) continue;
        Guess guess = m_guess(name);
        m_unset.push_back({.name = name,
                           .near = std::move(guess.near),
                           .hint = std::move(guess.hint),
                           .where = variable_span(*m_file.source, word, name)});
    }
}

} // namespace mybuild::plan
