#include "builder/plan/copy_source.hpp"
#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"
#include "parser/path.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

namespace mybuild::lint::rules {
namespace {

bool is_ignored(const IgnoreRules& rules, std::string_view clean) {
    // Of all of the context: where a pattern is for everything, such as `*`. No other one matches
    // two names that have nothing in common.
    if (clean == "." || clean == "/") return rules.ignored("\x01") && rules.ignored("zz");
    return rules.ignored(clean.substr(clean.starts_with('/') ? 1 : 0));
}

void run(const Subject& subject, Report& report) {
    // What is taken back with `!` below an ignored directory cannot be told by names alone.
    if (subject.ignore == nullptr || subject.ignore->has_exceptions()) return;
    each_step(subject, [&](std::size_t, const plan::Step& step) {
        const auto* op = std::get_if<plan::CopyOp>(&step.op);
        if (op == nullptr || op->from) return;
        for (std::size_t i = 0; i < op->sources.size(); ++i) {
            if (plan::classify_source(op->sources[i]) != plan::SourceKind::path) continue;
            const auto path = clean_path(op->sources[i]);
            if (!is_ignored(*subject.ignore, path)) continue;
            report.add(*step.instruction,
                       {.message = fmt::format("Attempting to {} file {} that is excluded by "
                                               ".dockerignore",
                                               op->is_add ? "Add" : "Copy", text::quoted(path)),
                        .mark = op->source_spans[i],
                        .fix = fmt::format("!{} as the last line of the ignore file, or remove "
                                           "the pattern that matches it",
                                           path)});
        }
    });
}

} // namespace

const Rule copy_ignored_file{
    .name = "CopyIgnoredFile",
    .summary = "Attempting to Copy file that is excluded by .dockerignore",
    .url = "https://docs.docker.com/go/dockerfile/rule/copy-ignored-file/",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .run = run,
    .page = {
        .why =
            "What the ignore file leaves out is not there for COPY and ADD: the step fails as if "
            "the file did not exist.",
        .bad = "FROM scratch\nCOPY ./tmp/app.log /\n",
        .good = "FROM scratch\nCOPY ./app /\n",
        .more = "Not looked at when the ignore file has `!` lines. `COPY .` counts as ignored only "
                "where a pattern\nleaves out everything (`*`, `**`).",
        .ignore_file = "*/tmp\n*.log\ntmp\n"}};

} // namespace mybuild::lint::rules
