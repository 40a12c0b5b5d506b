#pragma once

#include "base/result.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// Strict reading of foreign JSON: nothing here throws, and a wrong type is ErrorCode::corrupt that
/// names the member. A member that is absent and one that is null are the same, as for Go's
/// readers.
namespace mybuild::oci::json {

using Value = nlohmann::json;

/// An ErrorCode::corrupt.
[[nodiscard]] Error wrong(std::string message);

/// A JSON object; `what` names the document in errors. Documents nested deeper than 64 levels are
/// refused: serialising them recurses.
Result<Value> parse_object(std::string_view text, std::string_view what);

/// The member, or nullptr if it is absent or null.
const Value* find(const Value& object, std::string_view key);

Result<std::string> string_or(const Value& object, std::string_view key, std::string_view absent);
Result<std::string> required_string(const Value& object, std::string_view key);
Result<bool> bool_or_false(const Value& object, std::string_view key);
Result<std::int64_t> integer_or_zero(const Value& object, std::string_view key);
/// An integer from 0 to 2^63-1.
Result<std::uint64_t> required_size(const Value& object, std::string_view key);
/// Absent: empty.
Result<std::vector<std::string>> strings(const Value& object, std::string_view key);
Result<std::map<std::string, std::string>> string_map(const Value& object, std::string_view key);
/// The names of an object's members, sorted (sets, as Go writes them); absent: empty.
Result<std::vector<std::string>> member_names(const Value& object, std::string_view key);
/// An object or array member; nullptr: absent.
Result<const Value*> object_or_null(const Value& object, std::string_view key);
Result<const Value*> array_or_null(const Value& object, std::string_view key);

/// Deterministic text: members sorted, no blanks, bytes that are not UTF-8 as U+FFFD.
std::string text(const Value& value);

} // namespace mybuild::oci::json
