#pragma once

#include "parser/grammar/clause.hpp"

#include <span>
#include <string_view>

namespace mybuild::grammar {

/// `unknown instruction: X`, with what it may have been meant for: one of `known`, a comment, the
/// continuation of the line above.
[[nodiscard]] Error unknown_instruction(const Clause& clause,
                                        std::span<const std::string_view> known);

} // namespace mybuild::grammar
