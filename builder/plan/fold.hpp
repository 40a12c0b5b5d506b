#pragma once

#include "builder/plan/stage_state.hpp"

/// What each instruction does to a stage: it changes the state and fills in `op`, `makes_layer`,
/// `has_history` and `created_by` of its step. Errors are located at the word that is wrong; those
/// without a place of their own concern the whole instruction.
namespace mybuild::plan {

Status fold(StageState& state, const Run& run, Step& step);
Status fold(StageState& state, const Copy& copy, Step& step);
Status fold(StageState& state, const Add& add, Step& step);
Status fold(StageState& state, const Workdir& workdir, Step& step);

Status fold(StageState& state, const Env& env, Step& step);
Status fold(StageState& state, const Arg& arg, Step& step);
Status fold(StageState& state, const Label& label, Step& step);
Status fold(StageState& state, const Maintainer& maintainer, Step& step);
Status fold(StageState& state, const Expose& expose, Step& step);
Status fold(StageState& state, const Volume& volume, Step& step);
Status fold(StageState& state, const User& user, Step& step);
Status fold(StageState& state, const Stopsignal& stop, Step& step);

Status fold(StageState& state, const Cmd& cmd, Step& step);
Status fold(StageState& state, const Entrypoint& entrypoint, Step& step);
Status fold(StageState& state, const Shell& shell, Step& step);
Status fold(StageState& state, const Healthcheck& check, Step& step);
Status fold(StageState& state, const Onbuild& onbuild, Step& step);

} // namespace mybuild::plan
