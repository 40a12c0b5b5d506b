#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <map>

namespace mybuild::lint::rules {
namespace {

void check_casing(const Subject& subject, Report& report) {
    for (const StageAst& stage : subject.file.stages) {
        const auto& alias = stage.base().alias;
        if (!alias || alias->text == text::lower(alias->text)) continue;
        report.add(
            stage.from,
            {.message = fmt::format("Stage name '{}' should be lowercase", alias->text),
             .mark = alias->span,
             .fix = with_replaced(subject, stage.from, alias->span, text::lower(alias->text))});
    }
}

void check_duplicates(const Subject& subject, Report& report) {
    std::map<std::string, std::uint32_t> seen;
    for (const StageAst& stage : subject.file.stages) {
        const auto& alias = stage.base().alias;
        if (!alias) continue;
        const auto name = text::lower(alias->text);
        const auto [first, is_new] = seen.try_emplace(name, alias->span.begin);
        if (is_new) continue;
        report.add(stage.from,
                   {.message = fmt::format("Duplicate stage name {}, stage names should be unique",
                                           text::quoted(name)),
                    .mark = alias->span,
                    .fix = with_replaced(subject, stage.from, alias->span, name + "-2") +
                           ", or another name of its own",
                    .notes = {fmt::format("the name stands on line {} already: COPY --from and "
                                          "--target take the last stage of that name, FROM the "
                                          "latest one above it",
                                          line_of(subject, first->second))}});
    }
}

void check_reserved(const Subject& subject, Report& report) {
    for (const StageAst& stage : subject.file.stages) {
        const auto& alias = stage.base().alias;
        if (!alias) continue;
        const auto name = text::lower(alias->text);
        if (name != "scratch" && name != "context") continue;
        report.add(stage.from, {.message = fmt::format(
                                    "Stage name should not use the same name as reserved stage {}",
                                    text::quoted(name)),
                                .mark = alias->span,
                                .fix = with_replaced(subject, stage.from, alias->span, "build") +
                                       ", or another name that says what the stage is for"});
    }
}

} // namespace

const Rule stage_name_casing{
    .name = "StageNameCasing",
    .summary = "Stage names should be lowercase",
    .url = "https://docs.docker.com/go/dockerfile/rule/stage-name-casing/",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .run = check_casing,
    .page = {.why = "Names of stages are compared without case by `COPY --from` and `--target`. "
                    "Written in lower\ncase they look the same wherever they are used, and cannot "
                    "be mistaken for keywords.",
             .bad = "FROM alpine:3.20 AS Builder\n",
             .good = "FROM alpine:3.20 AS builder\n",
             .more = ""}};

const Rule duplicate_stage_name{
    .name = "DuplicateStageName",
    .summary = "Stage names should be unique",
    .url = "https://docs.docker.com/go/dockerfile/rule/duplicate-stage-name/",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .silence = Silence::file_only,
    .run = check_duplicates,
    .page = {.why =
                 "Of two stages with one name, most uses of the name mean the second one. Whoever "
                 "reads the file\nhas to know which; whoever adds a stage in between changes "
                 "what the name means.",
             .bad = "FROM debian:12 AS builder\nFROM golang:1.22 AS builder\n",
             .good = "FROM debian:12 AS deb-builder\nFROM golang:1.22 AS go-builder\n",
             .more = ""}};

const Rule reserved_stage_name{
    .name = "ReservedStageName",
    .summary = "Reserved words should not be used as stage names",
    .url = "https://docs.docker.com/go/dockerfile/rule/reserved-stage-name/",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .silence = Silence::file_only,
    .run = check_reserved,
    .page = {
        .why = "`FROM scratch` means the empty image, and `context` the build context. A stage of "
               "such a name\ncannot be used by it, or is used where the other thing was meant.",
        .bad = "FROM alpine:3.20 AS scratch\n",
        .good = "FROM alpine:3.20 AS builder\n",
        .more = ""}};

} // namespace mybuild::lint::rules
