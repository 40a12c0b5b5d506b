#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

namespace mybuild::lint::rules {
namespace {

void run(const Subject& subject, Report& report) {
    // Only the first WORKDIR of a stage and the stages below it: mending it mends the others.
    std::vector<bool> is_set(subject.plans.size());
    for (std::size_t stage = 0; stage < subject.plans.size(); ++stage) {
        if (!subject.planned[stage]) continue;
        if (const auto* base = std::get_if<plan::FromStage>(&subject.graph->stages[stage].base))
            is_set[stage] = is_set[base->index];
        for (const plan::Step& step : subject.plans[stage].steps) {
            const auto* workdir = body_of<Workdir>(step);
            if (workdir == nullptr || is_set[stage]) continue;
            is_set[stage] = true;
            const auto path = step.words.empty() ? std::string() : step.words.front().text;
            if (path.starts_with('/')) continue;
            report.add(*step.instruction,
                       {.message = fmt::format("Relative workdir {} can have unexpected results if "
                                               "the base image changes",
                                               text::quoted(path)),
                        .mark = workdir->path.span,
                        .fix = "WORKDIR " + step.config.working_dir});
        }
    }
}

} // namespace

const Rule workdir_relative_path{
    .name = "WorkdirRelativePath",
    .summary = "Relative workdir without an absolute workdir declared within the build can have "
               "unexpected results if the base image changes",
    .url = "https://docs.docker.com/go/dockerfile/rule/workdir-relative-path/",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .run = run,
    .page = {.why = "A relative path is below the working directory of the base image. When a new "
                    "version of the base has\nanother one, your files land somewhere else.",
             .bad = "FROM nginx:1.27\nWORKDIR usr/share/nginx/html\n",
             .good = "FROM nginx:1.27\nWORKDIR /usr/share/nginx/html\n",
             .more =
                 "Only the first WORKDIR of a stage is looked at: after an absolute one, relative "
                 "ones are clear."}};

} // namespace mybuild::lint::rules
