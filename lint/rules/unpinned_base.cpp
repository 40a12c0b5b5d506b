#include "base/render.hpp"
#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"

#include <fmt/format.h>

namespace mybuild::lint::rules {
namespace {

bool is_unpinned(const plan::FromImage& image) {
    return !image.name.digest && image.name.tag == "latest" && image.layout.empty();
}

Found found(const plan::FromImage& image, Span mark, std::string_view keyword) {
    const auto name = printable(image.name.familiar_name());
    return {.message = fmt::format("Image {} is not pinned: it is whatever its latest tag names on "
                                   "the day of the build",
                                   name),
            .mark = mark,
            .fix = fmt::format("{0}{1}:VERSION, or {0}{1}:VERSION@sha256:… for the very same "
                               "image every time",
                               keyword, name)};
}

void run(const Subject& subject, Report& report) {
    if (subject.graph == nullptr) return;
    for (std::size_t index = 0; index < subject.plans.size(); ++index) {
        if (!subject.planned[index]) continue;
        const auto& node = subject.graph->stages[index];
        const auto* image = std::get_if<plan::FromImage>(&node.base);
        if (image != nullptr && is_unpinned(*image))
            report.add(node.ast->from, found(*image, node.ast->base().image.span, "FROM "));
    }
    each_step(subject, [&](std::size_t, const plan::Step& step) {
        if (const auto* run = std::get_if<plan::RunOp>(&step.op)) {
            for (std::size_t i = 0; i < run->mount_origins.size(); ++i) {
                const auto* image = std::get_if<plan::FromImage>(&run->mount_origins[i]);
                if (image != nullptr && is_unpinned(*image))
                    report.add(*step.instruction, found(*image, run->mount_spans[i], "from="));
            }
        }
        const auto* op = std::get_if<plan::CopyOp>(&step.op);
        const auto* copy = body_of<Copy>(step);
        if (op == nullptr || copy == nullptr || !op->from || !copy->from) return;
        const auto* image = std::get_if<plan::FromImage>(&*op->from);
        if (image != nullptr && is_unpinned(*image))
            report.add(*step.instruction, found(*image, copy->from->span, "--from="));
    });
}

} // namespace

const Rule unpinned_base_image{
    .name = "UnpinnedBaseImage",
    .summary = "Base images should have a version or a digest",
    .url = "",
    .run = run,
    .page = {
        .why =
            "`FROM alpine` means `alpine:latest`: another image in half a year, without any line "
            "of yours having\nchanged. The build that breaks then is the one of the urgent "
            "fix. A version keeps the changes that you get\nsmall; a digest keeps them out "
            "altogether, and bots can raise both for you.",
        .bad = "FROM alpine\n",
        .good = "FROM alpine:3.20\n",
        .more = "Images named by `COPY --from=` and `RUN --mount=from=` are looked at as well. A "
                "tag that "
                "comes from an ARG counts\nwith its value."}};

} // namespace mybuild::lint::rules
