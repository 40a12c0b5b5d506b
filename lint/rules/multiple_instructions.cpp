#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"

#include <fmt/format.h>

#include <map>
#include <vector>

namespace mybuild::lint::rules {
namespace {

bool may_be_once(const plan::Step& step) {
    return step.keyword == "CMD" || step.keyword == "ENTRYPOINT" || step.keyword == "HEALTHCHECK";
}

void run(const Subject& subject, Report& report) {
    for (std::size_t stage = 0; stage < subject.plans.size(); ++stage) {
        if (!subject.planned[stage]) continue;
        std::map<std::string_view, std::vector<const plan::Step*>> found;
        for (const plan::Step& step : subject.plans[stage].steps)
            if (may_be_once(step)) found[step.keyword].push_back(&step);
        for (const auto& [keyword, steps] : found) {
            for (std::size_t i = 1; i < steps.size(); ++i) {
                // The earlier one is the one that has no effect; what stands above the later one
                // says whether it is reported, and how the keyword is written.
                const auto& earlier = *steps[i - 1];
                report.add(
                    *steps[i]->instruction,
                    {.message = fmt::format("Multiple {} instructions should not be used in the "
                                            "same stage because only the last one will be used",
                                            keyword_of(*steps[i])),
                     .mark = earlier.span,
                     .fix = fmt::format("remove it: line {} is the one that counts",
                                        line_of(subject, steps.back()->span.begin)),
                     .lines = earlier.span});
            }
        }
    }
}

} // namespace

const Rule multiple_instructions_disallowed{
    .name = "MultipleInstructionsDisallowed",
    .summary = "Multiple instructions of the same type should not be used in the same stage",
    .url = "https://docs.docker.com/go/dockerfile/rule/multiple-instructions-disallowed/",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .run = run,
    .page = {
        .why = "An image has one CMD, one ENTRYPOINT and one HEALTHCHECK. A later one replaces the "
               "earlier one, which is\nreported: it has no effect. Stages are looked at one by "
               "one, so replacing what a base stage has is fine.",
        .bad = "FROM alpine:3.20\nCMD [\"echo\", \"one\"]\nCMD [\"echo\", \"two\"]\n",
        .good = "FROM alpine:3.20\nCMD [\"echo\", \"two\"]\n",
        .more = ""}};

} // namespace mybuild::lint::rules
