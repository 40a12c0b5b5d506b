#include "builder/plan/fold.hpp"
#include "builder/plan/history.hpp"

namespace mybuild::plan {

Status fold(StageState& state, const Cmd& cmd, Step& step) {
    auto argv = state.argv(cmd.command);
    step.created_by = "CMD " + quoted_list(argv);
    state.config.cmd = std::move(argv);
    state.config.args_escaped = true;
    state.cmd_set = true;
    return {};
}

Status fold(StageState& state, const Entrypoint& entrypoint, Step& step) {
    auto argv = state.argv(entrypoint.command);
    step.created_by = "ENTRYPOINT " + quoted_list(argv);
    if (argv.empty())
        state.config.entrypoint.reset();
    else
        state.config.entrypoint = std::move(argv);
    // A CMD that comes from the base was meant for the base's entrypoint.
    if (!state.cmd_set) state.config.cmd.reset();
    return {};
}

Status fold(StageState& state, const Shell& shell, Step& step) {
    state.config.shell = shell.command.args;
    step.created_by = "SHELL " + plain_list(state.config.shell);
    return {};
}

Status fold(StageState& state, const Healthcheck& check, Step& step) {
    oci::Healthcheck result;
    if (check.none) {
        result.test = {"NONE"};
    } else {
        result.test = {check.test.form == Form::exec ? "CMD" : "CMD-SHELL"};
        result.test.insert(result.test.end(), check.test.args.begin(), check.test.args.end());
        result.interval = check.interval.count();
        result.timeout = check.timeout.count();
        result.start_period = check.start_period.count();
        result.start_interval = check.start_interval.count();
        result.retries = check.retries;
    }
    step.created_by = healthcheck_history(result);
    state.config.healthcheck = std::move(result);
    return {};
}

Status fold(StageState& state, const Onbuild& onbuild, Step& step) {
    state.config.on_build.push_back(onbuild.text);
    step.created_by = "ONBUILD " + onbuild.text;
    step.has_history = false;
    return {};
}

} // namespace mybuild::plan
