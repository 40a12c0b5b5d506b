#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"

#include <fmt/format.h>

#include <map>

namespace mybuild::lint::rules {
namespace {

void run(const Subject& subject, Report& report) {
    for (std::size_t stage = 0; stage < subject.plans.size(); ++stage) {
        if (!subject.planned[stage]) continue;
        std::map<std::string_view, const plan::Step*> last;
        for (const plan::Step& step : subject.plans[stage].steps) {
            if (step.keyword != "CMD" && step.keyword != "ENTRYPOINT" &&
                step.keyword != "HEALTHCHECK")
                continue;
            const auto*& earlier = last[step.keyword];
            // The earlier one is the one that has no effect.
            if (earlier != nullptr)
                report.add(*step.instruction,
                           {.message = fmt::format("Multiple {} instructions should not be used in "
                                                   "the same stage because only the last one will "
                                                   "be used",
                                                   keyword_of(step)),
                            .mark = earlier->span,
                            .fix = fmt::format("remove it: line {} is the one that counts",
                                               line_of(subject, step.span.begin)),
                            .lines = earlier->span});
            earlier = &step;
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
