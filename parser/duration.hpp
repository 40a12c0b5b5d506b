#pragma once

#include "base/result.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace mybuild {

/// Go's time.ParseDuration: `1h2m3.5s`, `300ms`, `-1.5h`, `0`. ErrorCode::invalid with Go's texts.
[[nodiscard]] Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// Go's Duration.String: `5m0s`, `1.5s`, `300ms`, `0s`.
[[nodiscard]] std::string format_duration(std::chrono::nanoseconds duration);

} // namespace mybuild
