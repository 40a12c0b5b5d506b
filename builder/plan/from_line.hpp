#pragma once

#include "builder/plan/global_args.hpp"
#include "builder/plan/stages.hpp"

#include <span>
#include <vector>

namespace mybuild::plan {

/// Expands a FROM line and finds what it names among the stages `above`. Errors and warnings are
/// located.
Result<StageNode> plan_from_line(const Dockerfile& file, const PlanOptions& options,
                                 const GlobalScope& scope, std::span<const StageNode> above,
                                 const StageAst& ast, std::vector<Error>& warnings);

} // namespace mybuild::plan
