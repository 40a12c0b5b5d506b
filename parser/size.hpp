#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mybuild {

/// A number of bytes as Docker's tools read it: `128m`, `1.5g`, `64kb`, `10KiB`; units are powers
/// of 1024, in any case. Nothing where it is none, or more than 2^63.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

} // namespace mybuild
