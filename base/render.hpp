#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace mybuild {

/// Nobody reads more at once: what is left is counted.
inline constexpr std::size_t most_shown_errors = 20;

/// An error as people read it, several lines ending in a newline:
///
///     error: unknown instruction: COYP
///       --> Dockerfile:3:1
///        |
///      3 | COYP . /app
///        | ^^^^
///     hint: did you mean COPY?
///
/// Control characters of foreign text are shown escaped, so that no terminal obeys them. Errors
/// among its `others` follow, a blank line before each; after most_shown_errors, `and N more
/// errors`.
[[nodiscard]] std::string render(const Error& error);

/// The same layout for a warning: `warning: MESSAGE` and so on.
[[nodiscard]] std::string render_warning(const Error& warning);

/// `text` with control characters (but tab), bytes that are not UTF-8 and bidirectional overrides
/// escaped as `\xNN` or `\u{NNNN}`.
[[nodiscard]] std::string printable(std::string_view text);

} // namespace mybuild
