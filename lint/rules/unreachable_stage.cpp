#include "builder/plan/references.hpp"
#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild::lint::rules {
namespace {

/// A comment that describes the stage: somebody builds it by its name.
bool is_described(const Instruction& from, const std::string& name) {
    return std::ranges::any_of(from.comments, [&](std::string_view comment) {
        return !name.empty() && text::lower(comment).starts_with(name + " ");
    });
}

Found found_stage(const plan::StageNode& stage, std::size_t index) {
    const auto& from = stage.ast->base();
    Found found{.mark = from.alias ? from.alias->span : from.image.span};
    if (stage.name.empty()) {
        found.message =
            fmt::format("Nothing uses stage {}, and it has no name to build it by", index);
        found.fix = "remove it; or FROM … AS NAME if it is to be built with --target NAME";
    } else {
        found.message =
            fmt::format("The final stage does not use stage {}", text::quoted(stage.name));
        found.fix = fmt::format("remove it if it is left over; if it is built with --target {0}, a "
                                "comment line above it that says so: # {0} is for …",
                                stage.name);
    }
    return found;
}

void run(const Subject& subject, Report& report) {
    // With --target the others are left out on purpose.
    const auto& target = subject.options.target;
    if (subject.graph == nullptr || (target && !target->empty())) return;
    const auto& stages = subject.graph->stages;
    std::vector<bool> needed(stages.size());
    for (const auto& stage : stages)
        for (const std::size_t below : stage.needs)
            needed[below] = true;
    std::vector<std::size_t> unused;
    for (std::size_t index = 0; index < stages.size(); ++index) {
        const auto& stage = stages[index];
        // What only an unreachable stage needs is no further finding.
        if (!stage.reachable && !needed[index] && !is_described(stage.ast->from, stage.name))
            unused.push_back(index);
    }
    // A file of many targets is one on purpose.
    constexpr std::size_t most = 3;
    if (unused.size() > most) {
        const auto& first = stages[unused.front()];
        auto found = found_stage(first, unused.front());
        found.message += fmt::format(", nor {} others", unused.size() - 1);
        found.fix = "if they are targets of their own: # check=skip=UnreachableStage at the top of "
                    "the file, or a comment line above each: # NAME is for …";
        report.add(first.ast->from, std::move(found));
        return;
    }
    for (const std::size_t index : unused)
        report.add(stages[index].ast->from, found_stage(stages[index], index));
}

} // namespace

const Rule unreachable_stage{
    .name = "UnreachableStage",
    .summary = "Every stage should be used, or described as a target of its own",
    .url = "",
    .run = run,
    .page = {
        .why = "A stage that the last one does not need is never built, unless somebody asks for "
               "it by "
               "its name. Often it is\nleft over from an earlier shape of the file, or a `COPY "
               "--from` is missing or names another stage.",
        .bad = "FROM golang:1.22 AS build\nRUN go build -o /app\nFROM golang:1.22 AS test\nRUN go "
               "test ./...\nFROM scratch\nCOPY --from=build /app /app\n",
        .good = "FROM golang:1.22 AS build\nRUN go build -o /app\n# test runs the tests\nFROM "
                "golang:1.22 AS test\nRUN go test ./...\nFROM scratch\nCOPY --from=build /app "
                "/app\n",
        .more = "More than three are one finding: a file of many targets is one on purpose, and "
                "should say "
                "so.\n\nA comment above FROM that begins with the stage's name describes it as a "
                "target "
                "(`--call=targets` lists it);\nsuch stages are not reported. With `--target`, "
                "none are."}};

} // namespace mybuild::lint::rules
