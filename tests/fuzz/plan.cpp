#include "base/error_list.hpp"
#include "base/render.hpp"
#include "builder/plan/steps.hpp"
#include "parser/parse.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <vector>

// Planning any Dockerfile that parses: needs stand above their stage, paths are absolute, no
// variable is there twice, and errors can be shown.

using namespace mybuild;
using namespace mybuild::plan;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void check_graph(const StageGraph& graph) {
    require(graph.stages[graph.target].reachable);
    for (std::size_t index = 0; index < graph.stages.size(); ++index) {
        const StageNode& stage = graph.stages[index];
        if (!stage.reachable) continue;
        require(std::ranges::is_sorted(stage.needs));
        for (const std::size_t needed : stage.needs)
            require(needed < index && graph.stages[needed].reachable);
    }
}

void check_step(const Step& step) {
    if (const auto* run = std::get_if<RunOp>(&step.op)) {
        std::set<std::string> names;
        for (const auto& entry : run->env)
            require(names.insert(entry.substr(0, entry.find('='))).second);
        require(run->working_dir.starts_with('/'));
        require(run->mounts.size() == run->mount_origins.size());
        for (const Mount& mount : run->mounts)
            require(mount.target.starts_with('/') || (mount.target.empty() && mount.env));
    } else if (const auto* copy = std::get_if<CopyOp>(&step.op)) {
        require(copy->destination.starts_with('/'));
        require(copy->sources.size() == copy->source_spans.size());
    } else if (const auto* workdir = std::get_if<WorkdirOp>(&step.op)) {
        require(workdir->path.starts_with('/'));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto source = std::make_shared<const Source>(
        "Dockerfile", std::string(reinterpret_cast<const char*>(data), size));
    const auto parsed = parse_dockerfile(source);
    if (!parsed.errors.empty()) return 0;
    const PlanOptions options{.build_args = {{"a", "$b"}}, .labels = {{"l", "v"}}};
    const auto graph = plan_stages(parsed.file, options);
    if (!graph) {
        for (const Error& error : separated(graph.error()))
            require(error.where && !render(error).empty());
        return 0;
    }
    check_graph(*graph);
    std::vector<StagePlan> plans(graph->stages.size());
    for (std::size_t index = 0; index < graph->stages.size(); ++index) {
        if (!graph->stages[index].reachable) continue;
        StageBase base;
        if (const auto* below = std::get_if<FromStage>(&graph->stages[index].base)) {
            base = base_from(plans[below->index]);
        }
        auto plan = plan_stage(parsed.file, *graph, index, base, options);
        for (const Error& error : plan.errors)
            require(error.where && !render(error).empty());
        for (const Step& step : plan.steps)
            check_step(step);
        for (const UnsetVariable& variable : plan.unset)
            require(variable.where.begin < variable.where.end && !variable.name.empty());
        plans[index] = std::move(plan);
    }
    return 0;
}
