#include "builder/plan/predefined.hpp"
#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"
#include "parser/text.hpp"
#include "parser/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild::lint::rules {
namespace {

void check_declared(const Subject& subject, Report& report) {
    if (!subject.complete) return; // an ARG may be among what could not be read
    auto scope = global_scope(subject, subject.options);
    for (const StageAst& stage : subject.file.stages) {
        const From& from = stage.base();
        std::vector<plan::UnsetVariable> unset;
        // An expander a part: a name that is in both is reported for both, as they may differ.
        (void)plan::global_expander(subject.file, scope, unset).word(from.image);
        if (from.platform)
            (void)plan::global_expander(subject.file, scope, unset).word(*from.platform);
        for (const plan::UnsetVariable& variable : unset)
            report.add(
                stage.from,
                {.message = fmt::format("FROM argument '{}' is not declared{}", variable.name,
                                        variable.near.empty()
                                            ? ""
                                            : fmt::format(" (did you mean {}?)", variable.near)),
                 .mark = variable.where,
                 .fix = variable.near.empty()
                            ? variable.hint
                            : with_variable(subject, stage.from, variable.where, variable.near)});
    }
}

/// As if no build arg were given, but for those that stand for the automatic args.
plan::PlanOptions with_defaults(const plan::PlanOptions& options) {
    plan::PlanOptions defaults = options;
    const auto automatic = plan::automatic_args(options, "");
    std::erase_if(defaults.build_args, [&](const auto& arg) {
        return std::ranges::none_of(automatic,
                                    [&](const auto& known) { return known.first == arg.first; });
    });
    return defaults;
}

bool names_stage_above(const Subject& subject, const StageAst& stage, std::string_view name) {
    for (const StageAst& other : subject.file.stages) {
        if (&other == &stage) return false;
        const auto& alias = other.base().alias;
        if (alias && text::equal_ignoring_case(alias->text, name)) return true;
    }
    return false;
}

void check_default(const Subject& subject, Report& report) {
    if (!subject.complete) return;
    const auto scope = global_scope(subject, with_defaults(subject.options));
    for (const StageAst& stage : subject.file.stages) {
        const Word& image = stage.base().image;
        const auto name = expand(
            image.text, [&](std::string_view variable) { return scope.values.get(variable); },
            subject.file.directives.escape);
        if (!name || names_stage_above(subject, stage, *name)) continue;
        const auto reference = oci::parse_reference(*name);
        if (reference) continue;
        report.add(stage.from,
                   {.message = fmt::format("Default value for ARG {} results in empty or invalid "
                                           "base image name",
                                           image.text),
                    .mark = image.span,
                    .fix = "an ARG before the first FROM with a default that works, such as ARG "
                           "VERSION=1.2",
                    .notes = {fmt::format("without build args the name is {}: {}",
                                          text::quoted(*name), reference.error().message)}});
    }
}

} // namespace

const Rule undefined_arg_in_from{
    .name = "UndefinedArgInFrom",
    .summary = "FROM command must use declared ARGs",
    .url = "https://docs.docker.com/go/dockerfile/rule/undefined-arg-in-from/",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .run = check_declared,
    .page = {.why =
                 "A FROM line sees the ARGs before the first FROM and the automatic ones "
                 "(`TARGETPLATFORM`,\n`BUILDARCH` and so on). Any other variable is empty there, "
                 "whatever `--build-arg` says: mostly a typing\nerror, or an ARG that stands "
                 "inside a stage.",
             .bad = "ARG VARIANT=-slim\nFROM debian:12$VARAINT\n",
             .good = "ARG VARIANT=-slim\nFROM debian:12$VARIANT\n",
             .more = ""}};

const Rule invalid_default_arg_in_from{
    .name = "InvalidDefaultArgInFrom",
    .summary = "Default value for global ARG results in an empty or invalid base image name",
    .url = "https://docs.docker.com/go/dockerfile/rule/invalid-default-arg-in-from/",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .silence = Silence::file_only,
    .run = check_default,
    .page = {
        .why =
            "Such a Dockerfile builds only for those who know which build arg to give, and tools "
            "that read it without\nbuilding cannot tell what it is based on.",
        .bad = "ARG VERSION\nFROM alpine:${VERSION}\n",
        .good = "ARG VERSION=3.20\nFROM alpine:${VERSION}\n",
        .more = "A default inside the name does it as well: `FROM alpine:${VERSION:-3.20}`."}};

} // namespace mybuild::lint::rules
