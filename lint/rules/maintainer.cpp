#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"

#include <fmt/format.h>

namespace mybuild::lint::rules {
namespace {

void run(const Subject& subject, Report& report) {
    for (const StageAst& stage : subject.file.stages) {
        for (const Instruction& instruction : stage.instructions) {
            const auto* maintainer = std::get_if<Maintainer>(&instruction.body);
            if (maintainer == nullptr) continue;
            report.add(instruction,
                       {.message = "Maintainer instruction is deprecated in favor of using label",
                        .mark = instruction.keyword_span,
                        .fix = fmt::format("LABEL org.opencontainers.image.authors={}",
                                           quoted_value(maintainer->name.text,
                                                        subject.file.directives.escape,
                                                        Dollars::literal))});
        }
    }
}

} // namespace

const Rule maintainer_deprecated{
    .name = "MaintainerDeprecated",
    .summary =
        "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
    .url = "https://docs.docker.com/go/dockerfile/rule/maintainer-deprecated/",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .run = run,
    .page = {
        .why = "MAINTAINER sets a field that few tools show. The label that the OCI image "
               "specification defines for it\ncan be listed and searched like every other one.",
        .bad = "FROM alpine:3.20\nMAINTAINER team@example.com\n",
        .good = "FROM alpine:3.20\nLABEL org.opencontainers.image.authors=\"team@example.com\"\n",
        .more = ""}};

} // namespace mybuild::lint::rules
