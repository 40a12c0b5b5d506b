#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mybuild {

/// The text with each `%XX` undone (RFC 3986, 2.1); a `%` without two hex digits: nullopt.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// The text with all bytes encoded that no URL may have: blanks, control characters, what is not
/// ASCII. What is encoded already stays as it is.
[[nodiscard]] std::string percent_encode_foreign(std::string_view text);

} // namespace mybuild
