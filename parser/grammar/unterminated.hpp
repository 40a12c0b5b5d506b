#pragma once

#include "parser/grammar/clause.hpp"

#include <string_view>

namespace mybuild::grammar {

/// `unterminated heredoc`, with the line that may have been meant to end it. `body` is all that
/// follows the instruction.
[[nodiscard]] Error unterminated_heredoc(const Clause& clause, const Opener& opener,
                                         std::string_view body);

} // namespace mybuild::grammar
