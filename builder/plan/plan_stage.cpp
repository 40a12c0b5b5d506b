#include "base/error_list.hpp"
#include "builder/plan/fold.hpp"
#include "builder/plan/references.hpp"
#include "builder/plan/steps.hpp"

#include <fmt/format.h>

#include <type_traits>

namespace mybuild::plan {

namespace {

/// Nobody can tell any more what these variables are.
void give_up_names(StageState& state, const Instruction& instruction) {
    if (const auto* env = std::get_if<Env>(&instruction.body)) {
        for (const KeyValue& pair : env->pairs)
            state.failed.add(pair.key.text);
    } else if (const auto* arg = std::get_if<Arg>(&instruction.body)) {
        for (const ArgItem& item : arg->items)
            state.failed.add(item.name.text);
    }
}

/// Folds one instruction into the state and appends its step. Fails with an error worth telling;
/// one that only follows from another is left out, with its step.
Status add_step(StageState& state, std::shared_ptr<const Instruction> shared, StagePlan& plan,
                bool is_trigger) {
    const Instruction& instruction = *shared;
    Step step{.op = MetaOp{},
              .keyword = instruction.keyword,
              .text = instruction.text,
              .span = instruction.span,
              .is_trigger = is_trigger};
    auto folded = std::visit(
        [&](const auto& body) -> Status {
            if constexpr (std::is_same_v<std::decay_t<decltype(body)>, From>)
                return fail(Error{.message = "FROM among a stage's instructions"});
            else
                return fold(state, body, step);
        },
        instruction.body);
    const bool follows = state.failed.take_met();
    if (!folded || follows) give_up_names(state, instruction);
    if (!folded && !follows) return state.fail_at(std::move(folded).error(), instruction.span);
    if (!folded) return {};
    step.config = state.config;
    step.instruction = std::move(shared);
    plan.steps.push_back(std::move(step));
    return {};
}

void add_triggers(StageState& state, const StageAst& ast, const std::vector<std::string>& triggers,
                  StagePlan& plan, ErrorList& errors) {
    for (const std::string& text : triggers) {
        auto instruction = parse_trigger(state.file, ast.from, text);
        if (!instruction) {
            errors.add(std::move(instruction).error());
            continue;
        }
        auto shared = std::make_shared<const Instruction>(std::move(*instruction));
        if (auto added = add_step(state, std::move(shared), plan, true); !added)
            errors.add(in_trigger(std::move(added).error(), text));
    }
    plan.trigger_count = triggers.size();
}

/// What the command line adds to the image that is built.
void finish_target(oci::ImageConfig& config, const PlanOptions& options) {
    for (const auto& [key, value] : options.labels)
        config.labels[key] = value;
    if (!options.platform_given) return;
    const bool same_machine = config.platform.os == options.platform.os &&
                              config.platform.architecture == options.platform.architecture;
    // The base knows its variant better than a platform that does not say one.
    const std::string variant = config.platform.variant;
    config.platform = options.platform;
    if (same_machine && options.platform.variant.empty()) config.platform.variant = variant;
    if (!same_machine) {
        config.os_version.clear();
        config.os_features.clear();
    }
}

} // namespace

StageBase base_from(const StagePlan& parent) {
    return {.config = parent.config,
            .inherited_args = parent.args,
            .declared_order = parent.declared_order,
            .failed_names = parent.failed_names};
}

StagePlan plan_stage(const Dockerfile& file, const StageGraph& graph, std::size_t stage,
                     const StageBase& base, const PlanOptions& options) {
    const StageAst& ast = *graph.stages[stage].ast;
    StageState state = begin_stage(file, graph, stage, base, options);
    StagePlan plan;
    ErrorList errors;
    plan.from_text = ast.from.text;
    plan.from_span = ast.from.span;
    plan.base_config = state.config;
    const bool replaced = graph.stages[stage].replaced;
    const bool from_nothing = std::holds_alternative<FromScratch>(graph.stages[stage].base);
    if (!from_nothing) {
        plan.base_config.history = base.config.history;
        plan.base_config.diff_ids = base.config.diff_ids;
        if (!replaced) add_triggers(state, ast, base.config.on_build, plan, errors);
    }
    if (!replaced) {
        for (const Instruction& instruction : ast.instructions) {
            // An owner of nothing: the Dockerfile owns it.
            std::shared_ptr<const Instruction> borrowed(std::shared_ptr<void>(), &instruction);
            errors.take(add_step(state, std::move(borrowed), plan, false));
        }
    }
    plan.config = std::move(state.config);
    if (stage == graph.target) finish_target(plan.config, options);
    plan.args = std::move(state.args.values);
    plan.declared_order = std::move(state.args.order);
    plan.unset = std::move(state.unset);
    plan.errors = std::move(errors).sorted();
    plan.failed_names = std::move(state.failed);
    return plan;
}

} // namespace mybuild::plan
