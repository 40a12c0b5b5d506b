#include "base/render.hpp"

#include "base/error_list.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild {
namespace {

constexpr std::size_t max_shown_line = 160;

struct CodePoint {
    std::uint32_t value;
    std::size_t length; ///< bytes; 0 when the bytes are not UTF-8
};

CodePoint decode(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return {lead, 1};
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {0, 0};
    std::uint32_t value = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) return {0, 0};
        value = (value << 6U) | (byte(i) & 0x3FU);
    }
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < smallest[length] || value > 0x10FFFF || surrogate) return {0, 0};
    return {value, length};
}

bool is_obeyed_by_terminals(std::uint32_t c) {
    const bool control = (c < 0x20 && c != '\t') || (c >= 0x7F && c < 0xA0);
    const bool bidi = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    return control || bidi || c == 0x2028 || c == 0x2029;
}

std::string multi_line_printable(std::string_view text) {
    std::string out;
    for (std::size_t at = 0;;) {
        const auto end = text.find('\n', at);
        out += printable(text.substr(at, end - at));
        if (end == std::string_view::npos) return out;
        out += '\n';
        at = end + 1;
    }
}

std::string excerpt(const SourceLocation& where) {
    const auto& source = *where.source;
    const auto start = source.position(where.span.begin);
    const auto line = source.line(start.line);
    std::string out =
        fmt::format("  --> {}:{}:{}\n", printable(source.name()), start.line, start.column);
    const auto number = std::to_string(start.line);
    const std::string gutter(number.size() + 1, ' ');

    const auto line_begin = static_cast<std::size_t>(line.data() - source.text().data());
    const auto mark_begin = std::min<std::size_t>(where.span.begin - line_begin, line.size());
    const auto mark_end =
        std::clamp<std::size_t>(where.span.end - line_begin, mark_begin, line.size());
    // Long lines are shown from a little before the mark, so that the caret is always in sight.
    std::size_t from = mark_begin > max_shown_line / 2 ? mark_begin - max_shown_line / 2 : 0;
    while (from > 0 && (static_cast<unsigned char>(line[from]) & 0xC0U) == 0x80U)
        --from;
    const auto shown = line.substr(from, max_shown_line);
    std::string pad = printable(line.substr(from, mark_begin - from));
    std::replace_if(
        pad.begin(), pad.end(), [](char c) { return c != '\t'; }, ' ');
    // One blank a character, not a byte.
    const auto before = line.substr(from, mark_begin - from);
    const auto continuation =
        static_cast<std::size_t>(std::count_if(before.begin(), before.end(), [](char c) {
            return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
        }));
    if (continuation < pad.size()) pad.resize(pad.size() - continuation);
    const auto marked = line.substr(mark_begin, std::min(mark_end, from + shown.size()) -
                                                    std::min(mark_begin, from + shown.size()));
    const auto width =
        static_cast<std::size_t>(std::count_if(marked.begin(), marked.end(), [](char c) {
            return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
        }));
    out += fmt::format("{} |\n {} | {}\n{} | {}{}\n", gutter, number, printable(shown), gutter, pad,
                       std::string(std::max<std::size_t>(width, 1), '^'));
    return out;
}

std::string render_one(std::string_view label, const Error& error) {
    std::string out = fmt::format("{}: {}\n", label, multi_line_printable(error.message));
    if (error.where && error.where->source) out += excerpt(*error.where);
    for (const auto& note : error.notes)
        out += fmt::format("note: {}\n", multi_line_printable(note));
    if (!error.hint.empty()) out += fmt::format("hint: {}\n", multi_line_printable(error.hint));
    return out;
}

std::string render_as(std::string_view label, const Error& error) {
    const auto all = separated(error);
    const auto shown = std::min(all.size(), most_shown_errors);
    std::string out;
    for (std::size_t i = 0; i < shown; ++i) {
        if (i > 0) out += '\n';
        out += render_one(label, all[i]);
    }
    const auto left = all.size() - shown;
    if (left > 0) out += fmt::format("\nand {} more {}{}\n", left, label, left > 1 ? "s" : "");
    return out;
}

} // namespace

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto point = decode(text);
        if (point.length == 0) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
            text.remove_prefix(1);
            continue;
        }
        if (!is_obeyed_by_terminals(point.value))
            out += text.substr(0, point.length);
        else if (point.value < 0x100)
            out += fmt::format("\\x{:02x}", point.value);
        else
            out += fmt::format("\\u{{{:x}}}", point.value);
        text.remove_prefix(point.length);
    }
    return out;
}

std::string render(const Error& error) {
    return render_as("error", error);
}

std::string render_warning(const Error& warning) {
    return render_as("warning", warning);
}

} // namespace mybuild
