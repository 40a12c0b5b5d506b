#pragma once

#include "parser/grammar/clause.hpp"

#include <memory>
#include <vector>

namespace mybuild::grammar {

/// One of the 18, in any case.
[[nodiscard]] bool is_instruction(std::string_view keyword);

/// Splits a line into a clause. The keyword need not be a known one.
[[nodiscard]] Clause read_clause(const LogicalLine& line,
                                 const std::shared_ptr<const Source>& source, char escape,
                                 std::vector<Error>& warnings);

/// Whether heredoc openers mean something on this line.
[[nodiscard]] bool takes_heredocs(const Clause& clause);

/// What the instruction says, with flags and arguments checked.
[[nodiscard]] Result<InstructionBody> build_body(const Clause& clause);

} // namespace mybuild::grammar
