#include "builder/plan/predefined.hpp"
#include "builder/plan/steps.hpp"

#include <set>

namespace mybuild::plan {

namespace {

using Names = std::set<std::string, std::less<>>;

void add_names(Names& names, const Instruction& instruction) {
    if (const auto* arg = std::get_if<Arg>(&instruction.body))
        for (const ArgItem& item : arg->items)
            names.insert(item.name.text);
}

/// ARGs that the triggers of a base stage declare.
void add_trigger_names(Names& names, const StageAst& base) {
    for (const Instruction& instruction : base.instructions)
        if (const auto* onbuild = std::get_if<Onbuild>(&instruction.body))
            if (onbuild->trigger) add_names(names, *onbuild->trigger);
}

} // namespace

std::vector<std::string> unused_build_args(const Dockerfile& file, const StageGraph& graph,
                                           const PlanOptions& options,
                                           const std::vector<std::string>& also_declared) {
    Names declared(also_declared.begin(), also_declared.end());
    for (const Instruction& instruction : file.global_args)
        add_names(declared, instruction);
    for (const StageNode& stage : graph.stages) {
        if (!stage.reachable) continue;
        for (const Instruction& instruction : stage.ast->instructions)
            add_names(declared, instruction);
        if (const auto* base = std::get_if<FromStage>(&stage.base))
            add_trigger_names(declared, *graph.stages[base->index].ast);
    }
    std::vector<std::string> unused;
    for (const auto& [name, value] : options.build_args)
        if (!declared.contains(name) && !has_own_meaning(name)) unused.push_back(name);
    return unused;
}

} // namespace mybuild::plan
