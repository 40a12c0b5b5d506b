#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"

#include <algorithm>

namespace mybuild::lint::rules {
namespace {

const Instruction* instruction_at(const Subject& subject, std::uint32_t offset) {
    const auto holds = [&](const Instruction& instruction) {
        return instruction.span.begin <= offset && offset <= instruction.span.end;
    };
    for (const Instruction& instruction : subject.file.global_args)
        if (holds(instruction)) return &instruction;
    for (const StageAst& stage : subject.file.stages) {
        if (holds(stage.from)) return &stage.from;
        const auto found = std::ranges::find_if(stage.instructions, holds);
        if (found != stage.instructions.end()) return &*found;
    }
    return nullptr;
}

void run(const Subject& subject, Report& report) {
    for (const Error& warning : subject.parse_warnings) {
        if (!warning.where) continue;
        const Span mark = warning.where->span;
        Found found{.message = warning.message, .mark = mark, .fix = warning.hint};
        found.notes = warning.notes;
        if (const auto* instruction = instruction_at(subject, mark.begin)) {
            report.add(*instruction, std::move(found));
        } else {
            found.lines = mark;
            report.add(Instruction{}, std::move(found));
        }
    }
}

} // namespace

const Rule suspicious_syntax{
    .name = "SuspiciousSyntax",
    .summary = "What looks like one thing and is read as another should be written plainly",
    .url = "",
    .on = Default::everywhere,
    .run = run,
    .page = {
        .why = "The language falls back silently: a list in square brackets that is not quite JSON "
               "is a "
               "shell command, a\nheredoc on a line with a stray quote is none, quotes in COPY do "
               "not keep words together, some instructions\ndrop flags. Each is valid, and hardly "
               "ever what was meant. An external frontend (`# syntax=`) that is not used\nhere is "
               "reported as well.",
        .bad = "FROM alpine:3.20\nENTRYPOINT ['httpd', '-f']\n",
        .good = "FROM alpine:3.20\nENTRYPOINT [\"httpd\", \"-f\"]\n",
        .more = "Builds report it too."}};

} // namespace mybuild::lint::rules
