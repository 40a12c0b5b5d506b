#pragma once

#include "builder/plan/stages.hpp"
#include "builder/plan/steps.hpp"
#include "parser/ast.hpp"
#include "parser/ignore.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace mybuild::lint {

/// Everything that rules look at. Borrowed for the time of one check.
struct Subject {
    const Dockerfile& file;
    const plan::PlanOptions& options;
    std::span<const Error> parse_warnings = {};
    bool complete = true; ///< every instruction could be read
    /// What the context leaves out; null: nothing, or nothing is known of it.
    const IgnoreRules* ignore = nullptr;
    /// Null when errors keep the stages from hanging together; then there are no plans either.
    const plan::StageGraph* graph = nullptr;
    std::span<const plan::StagePlan> plans = {}; ///< by stage
    std::vector<bool> planned = {};              ///< by stage: its plan is made; others are empty
    std::vector<bool> base_known = {}; ///< by stage: the image at its bottom was there to be read
};

} // namespace mybuild::lint
