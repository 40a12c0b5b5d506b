#pragma once

#include "builder/plan/global_args.hpp"
#include "builder/plan/stages.hpp"

#include <span>
#include <vector>

namespace mybuild::plan {

/// Expands a FROM line and finds what it names among the stages `above`. Errors are located; a
/// stage whose line has an error stands on nothing, so that the others can be looked at.
[[nodiscard]] StageNode plan_from_line(const Dockerfile& file, const PlanOptions& options,
                                       GlobalScope& scope, std::span<const StageNode> above,
                                       const StageAst& ast, ErrorList& errors);

} // namespace mybuild::plan
