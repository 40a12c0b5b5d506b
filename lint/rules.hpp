#pragma once

#include "lint/rule.hpp"

#include <span>
#include <string_view>

namespace mybuild::lint {

/// Every rule there is: BuildKit's first, then ours.
[[nodiscard]] std::span<const Rule* const> all_rules();

/// The rule of that name (its case does not matter here), or null.
[[nodiscard]] const Rule* find_rule(std::string_view name);

} // namespace mybuild::lint
