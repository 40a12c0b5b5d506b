#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"

#include <algorithm>

namespace mybuild::lint::rules {
namespace {

const std::vector<Heredoc>* heredocs_of(const Instruction& instruction) {
    if (const auto* run = std::get_if<Run>(&instruction.body)) return &run->heredocs;
    if (const auto* copy = std::get_if<Copy>(&instruction.body)) return &copy->heredocs;
    if (const auto* add = std::get_if<Add>(&instruction.body)) return &add->heredocs;
    return nullptr;
}

/// The last line of the instruction itself, without the bodies of its heredocs, with blank lines
/// that end the file.
Span last_line(const Subject& subject, const Instruction& instruction) {
    const auto* heredocs = heredocs_of(instruction);
    const auto written = heredocs && !heredocs->empty() ? heredocs->front().body_span.begin - 1
                                                        : instruction.span.end;
    const auto end = std::max(written, instruction.empty_lines.back().begin);
    const auto& source = *subject.file.source;
    const auto line = source.line(source.position(end).line);
    const auto begin = static_cast<std::uint32_t>(line.data() - source.text().data());
    return {begin, begin + static_cast<std::uint32_t>(line.size())};
}

void look_at(const Subject& subject, const Instruction& instruction, Report& report) {
    if (instruction.empty_lines.empty()) return;
    // BuildKit speaks of the instruction's last line. One finding an instruction, at its first
    // blank line, is what people can act on.
    report.add(instruction, {.message = "Empty continuation line",
                             .mark = instruction.empty_lines.front(),
                             .fix = "remove the blank line, or make it a comment (#)",
                             .lines = last_line(subject, instruction)});
}

void run(const Subject& subject, Report& report) {
    for (const Instruction& instruction : subject.file.global_args)
        look_at(subject, instruction, report);
    for (const StageAst& stage : subject.file.stages) {
        look_at(subject, stage.from, report);
        for (const Instruction& instruction : stage.instructions)
            look_at(subject, instruction, report);
    }
}

} // namespace

const Rule no_empty_continuation{
    .name = "NoEmptyContinuation",
    .summary = "Empty continuation lines will become errors in a future release",
    .url = "https://docs.docker.com/go/dockerfile/rule/no-empty-continuation/",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .silence = Silence::file_only,
    .run = run,
    .page = {
        .why = "A blank line after a `\\` does not end the instruction: it goes on below. That is "
               "easily missed, and\nDocker has announced that it will become an error.",
        .bad = "FROM alpine:3.20\nRUN apk add --no-cache \\\n\n    gnupg \\\n\n    curl\n",
        .good = "FROM alpine:3.20\nRUN apk add --no-cache \\\n    # for signatures\n    gnupg "
                "\\\n    curl\n",
        .more = ""}};

} // namespace mybuild::lint::rules
