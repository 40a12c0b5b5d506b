#pragma once

#include "base/source.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild {

/// Where the characters of a text that was put together from pieces of a Source stand in it.
class OffsetMap {
  public:
    /// From `text_offset` on, the text continues what stands at `source_offset`. Ascending.
    void add(std::size_t text_offset, std::uint32_t source_offset);
    /// Everything stands at one place: for a text that is in no file.
    static OffsetMap fixed(Span span);
    void clear();

    /// The part of the source that [begin, end) came from, with all that was dropped in between.
    [[nodiscard]] Span span(std::size_t begin, std::size_t end) const;

  private:
    struct Piece {
        std::size_t text;
        std::uint32_t source;
    };
    [[nodiscard]] std::uint32_t at(std::size_t text_offset) const;
    std::vector<Piece> m_pieces;
    std::optional<Span> m_fixed;
};

/// One instruction's line: continuations joined, comments inside dropped, blanks at both ends
/// trimmed.
struct LogicalLine {
    std::string text;
    OffsetMap map;
    Span span;                         ///< its physical lines, without the last line ending
    std::vector<Span> empty_lines;     ///< blank lines inside a continuation
    std::vector<std::string> comments; ///< comment lines since the previous instruction
};

struct HeredocBody {
    std::string_view text; ///< with line endings
    Span span;
    std::uint32_t end; ///< end of the line that ends it
};

/// Splits a Dockerfile's text into logical lines (dockerfile-language.md, 2.1, 2.3, 2.4). Which
/// line has heredocs only its grammar knows; whoever reads the lines takes their bodies before
/// going on.
class LineReader {
  public:
    /// Begins at `begin`: after a byte order mark and the directives. `text` outlives the reader.
    LineReader(std::string_view text, std::uint32_t begin, char escape, std::size_t line_limit);

    /// The next instruction's line; false at the end of the text or at a line over the limit.
    bool next(LogicalLine& line);

    /// Takes lines up to one that is `name` (with `strip_tabs`: after its leading tabs). Nothing
    /// when there is no such line; then the rest of the text is used up.
    std::optional<HeredocBody> heredoc(std::string_view name, bool strip_tabs);

    /// What has not been read yet.
    [[nodiscard]] std::string_view rest() const { return m_text.substr(m_at); }

    /// The line over the limit that ended the reading.
    [[nodiscard]] const std::optional<Span>& overlong() const { return m_overlong; }

    static constexpr std::size_t docker_line_limit = 65535; ///< bytes
    /// The first line over the limit that Docker has.
    [[nodiscard]] const std::optional<Span>& longer_than_docker() const { return m_long; }

  private:
    struct Physical {
        std::uint32_t begin;
        std::uint32_t end;  ///< without CR and LF
        std::uint32_t next; ///< where the next line begins
    };
    std::optional<Physical> take();
    /// Appends a physical line; true if it continues on the next one.
    bool append(LogicalLine& line, Physical physical) const;

    std::string_view m_text;
    std::uint32_t m_at;
    char m_escape;
    std::size_t m_line_limit;
    std::optional<Span> m_overlong;
    std::optional<Span> m_long;
};

} // namespace mybuild
