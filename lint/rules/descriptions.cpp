#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild::lint::rules {
namespace {

void look_at(const Instruction& instruction, const std::vector<std::string>& names, Span mark,
             Report& report) {
    if (instruction.comments.empty() || names.empty()) return;
    const std::string_view comment = instruction.comments.back();
    if (std::ranges::find(names, comment.substr(0, comment.find(' '))) != names.end()) return;
    const auto& example = names.size() > 1 ? "<arg_key>" : names.front();
    report.add(instruction,
               {.message = fmt::format("Comment for {} should follow the format: `# {} "
                                       "<description>`",
                                       instruction.keyword, example),
                .mark = mark,
                .fix = fmt::format("# {} {}; or put an empty comment (#) below it, if it "
                                   "describes something else",
                                   example, comment)});
}

void look_at_arg(const Instruction& instruction, Report& report) {
    const auto* arg = std::get_if<Arg>(&instruction.body);
    if (arg == nullptr) return;
    std::vector<std::string> names;
    for (const ArgItem& item : arg->items)
        names.push_back(item.name.text);
    look_at(instruction, names,
            arg->items.empty() ? instruction.span : arg->items.front().name.span, report);
}

void run(const Subject& subject, Report& report) {
    for (const Instruction& instruction : subject.file.global_args)
        look_at_arg(instruction, report);
    for (const StageAst& stage : subject.file.stages) {
        if (const auto& alias = stage.base().alias)
            look_at(stage.from, {text::lower(alias->text)}, alias->span, report);
        for (const Instruction& instruction : stage.instructions)
            look_at_arg(instruction, report);
    }
}

} // namespace

const Rule invalid_definition_description{
    .name = "InvalidDefinitionDescription",
    .summary = "Comment for build stage or argument should follow the format: `# <arg/stage name> "
               "<description>`. If this is not intended to be a description comment, add an empty "
               "line or comment between the instruction and the comment.",
    .url = "https://docs.docker.com/go/dockerfile/rule/invalid-definition-description/",
    .origin = Origin::buildkit,
    .on = Default::named,
    .run = run,
    .page = {.why =
                 "A comment above an ARG or a named stage that begins with its name describes it: "
                 "`--call=outline` and\n`--call=targets` show it. This rule finds comments there "
                 "that begin with something else.",
             .bad = "# the version of the base\nARG VERSION=3.20\nFROM alpine:$VERSION\n",
             .good = "# VERSION of the base\nARG VERSION=3.20\nFROM alpine:$VERSION\n",
             .more = "Off unless `# check=experimental=InvalidDefinitionDescription` (or "
                     "`experimental=all`) asks for it."}};

} // namespace mybuild::lint::rules
