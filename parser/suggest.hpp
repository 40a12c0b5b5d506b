#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mybuild {

/// Least number of insertions, deletions, replacements and swaps of neighbours that turn `a` into
/// `b`.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `word` (case ignored), if it is near enough to be meant; ties go to the
/// first. Long words, which nobody mistyped, have none.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string_view> candidates);

/// `did you mean X?`, or an empty text: for Error::hint.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string_view> candidates);

} // namespace mybuild
