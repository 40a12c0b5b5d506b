#pragma once

#include "base/result.hpp"

#include <string_view>

namespace mybuild {

/// Go's filepath.Match on the whole `name`: `*` and `?` do not cross `/`, `[a-z]`, `[^a]`, `\c`.
/// Patterns are taken as UTF-8; bytes that are none stand for themselves. ErrorCode::syntax where
/// the pattern is malformed, whatever the name is.
[[nodiscard]] Result<bool> wildcard_match(std::string_view pattern, std::string_view name);

/// The error that wildcard_match would give, without a name.
[[nodiscard]] Status check_wildcard(std::string_view pattern);

/// Whether the pattern has `*`, `?` or `[`: what COPY does not take as a plain path.
[[nodiscard]] bool has_wildcard(std::string_view pattern);

} // namespace mybuild
