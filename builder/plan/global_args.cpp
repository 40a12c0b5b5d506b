#include "builder/plan/global_args.hpp"

#include "base/render.hpp"
#include "builder/plan/expansion.hpp"
#include "builder/plan/predefined.hpp"
#include "parser/suggest.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <variant>

namespace mybuild::plan {

namespace {

std::string target_stage_name(const Dockerfile& file, const PlanOptions& options) {
    if (options.target && !options.target->empty()) return *options.target;
    const auto& alias = file.stages.back().base().alias;
    return alias ? text::lower(alias->text) : std::string();
}

bool declared_in_a_stage(const Dockerfile& file, std::string_view name) {
    for (const StageAst& stage : file.stages)
        for (const Instruction& instruction : stage.instructions)
            if (const auto* arg = std::get_if<Arg>(&instruction.body))
                for (const ArgItem& item : arg->items)
                    if (item.name.text == name) return true;
    return false;
}

} // namespace

Guess global_guess(const Dockerfile& file, const GlobalScope& scope, std::string_view name) {
    if (declared_in_a_stage(file, name))
        return {"",
                fmt::format("ARG {} stands inside a stage: FROM sees only what is declared before "
                            "the first FROM",
                            printable(name))};
    std::vector<std::string_view> names = scope.values.names();
    for (const auto& [known, value] : scope.args)
        if (!value) names.push_back(known);
    if (const auto near = nearest(name, names))
        return {std::string(*near), fmt::format("did you mean ${}?", printable(*near))};
    return {"", fmt::format("declare it with ARG {} before the first FROM", printable(name))};
}

Expander global_expander(const Dockerfile& file, GlobalScope& scope,
                         std::vector<UnsetVariable>& unset) {
    return Expander(
        file,
        [&](std::string_view name) {
            scope.failed.look_up(name);
            return scope.values.get(name);
        },
        [&](std::string_view name) { return scope.args.contains(std::string(name)); },
        [&](std::string_view name) { return global_guess(file, scope, name); }, unset);
}

GlobalScope fold_global_args(const Dockerfile& file, const PlanOptions& options,
                             ErrorList& errors) {
    GlobalScope scope;
    std::vector<UnsetVariable> unset; // what a default leaves out is nobody's affair
    const auto set = [&](std::string_view name, std::string_view value) {
        scope.values.set(name, value);
        scope.args[std::string(name)] = std::string(value);
    };
    const auto& given = options.build_args;
    for (const auto& [name, value] : automatic_args(options, target_stage_name(file, options))) {
        const auto override_value = given.find(name);
        set(name, override_value == given.end() ? value : override_value->second);
    }
    for (const Instruction& instruction : file.global_args) {
        Expander expander = global_expander(file, scope, unset);
        for (const ArgItem& item : std::get<Arg>(instruction.body).items) {
            const std::string& name = item.name.text;
            if (const auto build_arg = given.find(name); build_arg != given.end()) {
                set(name, build_arg->second);
            } else if (item.value) {
                auto value = expander.word(*item.value);
                const bool follows = scope.failed.take_met();
                if (!value || follows) {
                    scope.failed.add(name);
                    if (!follows) errors.add(std::move(value).error());
                    scope.args.try_emplace(name, std::nullopt);
                    continue;
                }
                set(name, *value);
            } else {
                scope.args.try_emplace(name, std::nullopt);
            }
        }
    }
    return scope;
}

} // namespace mybuild::plan
