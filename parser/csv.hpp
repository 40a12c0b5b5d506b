#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild {

/// One record of comma-separated fields (RFC 4180): a field may stand in double quotes, with `""`
/// for a quote inside. An empty text has no fields. ErrorCode::syntax for a stray or unclosed
/// quote.
[[nodiscard]] Result<std::vector<std::string>> parse_csv(std::string_view text);

/// A field `key=value`, or `key` alone.
struct Option {
    std::string key = {};
    std::optional<std::string> value = {};
};

/// The fields of one record split at their first `=`: `type=oci,dest=out.tar`.
[[nodiscard]] Result<std::vector<Option>> parse_csv_options(std::string_view text);

/// Go's strconv.ParseBool: 1 t T true TRUE True, 0 f F false FALSE False; else nothing.
[[nodiscard]] std::optional<bool> parse_bool(std::string_view text);

} // namespace mybuild
