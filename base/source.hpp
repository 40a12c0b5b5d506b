#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild {

/// Half-open range of byte offsets into a Source.
struct Span {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    friend bool operator==(const Span&, const Span&) = default;
};

/// A text file that errors point into: its name as people know it, its bytes, and where its lines
/// start. Immutable; shared by everything that keeps a Span.
class Source {
  public:
    Source(std::string name, std::string text);

    [[nodiscard]] const std::string& name() const { return m_name; }
    [[nodiscard]] std::string_view text() const { return m_text; }

    struct Position {
        std::uint32_t line;   ///< from 1
        std::uint32_t column; ///< from 1, in characters (UTF-8 code points)
    };
    [[nodiscard]] Position position(std::uint32_t offset) const;
    /// The line (from 1) without its line ending; empty when there is no such line.
    [[nodiscard]] std::string_view line(std::uint32_t number) const;
    [[nodiscard]] std::uint32_t line_count() const;
    [[nodiscard]] std::string_view slice(Span span) const;

  private:
    std::string m_name;
    std::string m_text;
    std::vector<std::uint32_t> m_line_starts;
};

} // namespace mybuild
