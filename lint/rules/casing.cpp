#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

namespace mybuild::lint::rules {
namespace {

std::string written(const Subject& subject, Span span) {
    return std::string(subject.file.source->slice(span));
}

bool is_lower(std::string_view word) {
    return word == text::lower(word);
}
bool is_upper(std::string_view word) {
    return word == text::upper(word);
}

void check_as(const Subject& subject, Report& report) {
    for (const StageAst& stage : subject.file.stages) {
        const auto& span = stage.base().as_span;
        if (!span) continue;
        const auto from = written(subject, stage.from.keyword_span);
        const auto as = written(subject, *span);
        // A keyword of mixed case is another rule's affair.
        if (!is_lower(from) && !is_upper(from)) continue;
        const auto right = is_lower(from) ? text::lower(as) : text::upper(as);
        if (as == right) continue;
        report.add(stage.from,
                   {.message = fmt::format("'{}' and '{}' keywords' casing do not match", as, from),
                    .mark = *span,
                    .fix = with_replaced(subject, stage.from, *span, right)});
    }
}

/// FROMs and what stands in stages; ARGs before them are not looked at.
template <class F>
void each_keyword(const Subject& subject, F f) {
    for (const StageAst& stage : subject.file.stages) {
        f(stage.from, written(subject, stage.from.keyword_span));
        for (const Instruction& instruction : stage.instructions)
            f(instruction, written(subject, instruction.keyword_span));
    }
}

void check_keywords(const Subject& subject, Report& report) {
    if (!subject.complete) return; // what could not be read may make another majority
    std::size_t lower = 0, upper = 0;
    each_keyword(subject, [&](const Instruction&, const std::string& keyword) {
        if (is_lower(keyword))
            ++lower;
        else if (is_upper(keyword))
            ++upper;
    });
    const bool to_lower = lower > upper;
    each_keyword(subject, [&](const Instruction& instruction, const std::string& keyword) {
        const auto right = to_lower ? text::lower(keyword) : text::upper(keyword);
        if (keyword == right) return;
        report.add(instruction,
                   {.message = fmt::format(
                        "Command '{}' should match the case of the command majority ({})", keyword,
                        to_lower ? "lowercase" : "uppercase"),
                    .mark = instruction.keyword_span,
                    .fix = with_replaced(subject, instruction, instruction.keyword_span, right)});
    });
}

} // namespace

const Rule from_as_casing{
    .name = "FromAsCasing",
    .summary = "The 'as' keyword should match the case of the 'from' keyword",
    .url = "https://docs.docker.com/go/dockerfile/rule/from-as-casing/",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .run = check_as,
    .page = {.why =
                 "`FROM … as …` is valid, but keywords of one line that differ in case are harder "
                 "to read.",
             .bad = "FROM alpine:3.20 as builder\n",
             .good = "FROM alpine:3.20 AS builder\n",
             .more = ""}};

const Rule consistent_instruction_casing{
    .name = "ConsistentInstructionCasing",
    .summary =
        "All commands within the Dockerfile should use the same casing (either upper or lower)",
    .url = "https://docs.docker.com/go/dockerfile/rule/consistent-instruction-casing/",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .silence = Silence::file_only,
    .run = check_keywords,
    .page = {
        .why = "Keywords may be written in any case, by custom in upper case. What the majority of "
               "the file does\ncounts (upper case where there is none); mixed case is never "
               "right. ARGs before the first FROM are\nnot looked at.",
        .bad = "FROM alpine:3.20\nRun true\nCMD [\"sh\"]\n",
        .good = "FROM alpine:3.20\nRUN true\nCMD [\"sh\"]\n",
        .more = ""}};

} // namespace mybuild::lint::rules
