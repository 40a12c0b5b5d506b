#pragma once

#include "lint/rule.hpp"

#include <string>

namespace mybuild::lint {

/// What there is to read about a rule, as Markdown: the content of docs/checks/NAME.md.
[[nodiscard]] std::string page(const Rule& rule);

/// One word for where a rule looks unless told otherwise: `everywhere`, `check`, `named`.
[[nodiscard]] std::string_view name(Default on);

} // namespace mybuild::lint
