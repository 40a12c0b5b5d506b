#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"

#include <algorithm>

namespace mybuild::lint::rules {
namespace {

bool is_root(const std::string& user) {
    const auto name = user.substr(0, user.find(':'));
    return name.empty() || name == "root" || name == "0";
}

/// Whether nothing but a USER of this file can have changed the user: images of companies and
/// projects often have one of their own, and sudo for it.
bool starts_as_root(const Subject& subject, std::size_t stage) {
    if (subject.base_known[stage]) return true;
    while (const auto* below = std::get_if<plan::FromStage>(&subject.graph->stages[stage].base))
        stage = below->index;
    const auto* image = std::get_if<plan::FromImage>(&subject.graph->stages[stage].base);
    return image != nullptr && image->name.familiar_name().find('/') == std::string::npos;
}

/// `sudo`, but not `sudo -u NAME`, which makes root somebody else.
bool is_for_root(const ShellCommand& command) {
    if (command.words.empty() || command.words.front() != "sudo") return false;
    for (const std::string_view word : std::span(command.words).subspan(1)) {
        if (!word.starts_with('-')) break;
        if (word.starts_with("--user") || word.starts_with("--group")) return false;
        if (!word.starts_with("--") && word.find_first_of("ug") != word.npos) return false;
    }
    return true;
}

void run(const Subject& subject, Report& report) {
    each_step(subject, [&](std::size_t stage, const plan::Step& step) {
        if (!is_root(step.config.user)) return;
        if (step.config.user.empty() && !starts_as_root(subject, stage)) return;
        const auto commands = commands_of_step(step);
        const bool uses = std::ranges::any_of(commands, is_for_root);
        if (!uses) return;
        report.add(*step.instruction,
                   {.message = "sudo in a RUN: the step is root already",
                    .mark = find_word(subject, step.span, "sudo"),
                    .fix = "the command without sudo; USER above a RUN chooses another user"});
    });
}

} // namespace

const Rule sudo_in_run{.name = "SudoInRun",
                       .summary = "RUN needs no sudo",
                       .url = "",
                       .run = run,
                       .page = {.why = "Steps run as root unless USER says otherwise, and most "
                                       "images have no sudo. Installing "
                                       "it for this leaves a\nway to become root in the image.",
                                .bad = "FROM debian:12\nRUN sudo ldconfig\n",
                                .good = "FROM debian:12\nRUN ldconfig\n",
                                .more = "Not reported after a USER that is not root; there `USER "
                                        "root` above the step and `USER "
                                        "NAME` below it are\nclearer. Nor for `sudo -u NAME`, nor "
                                        "where the base image may have a USER: it is not in the "
                                        "store, and no\nofficial image."}};

} // namespace mybuild::lint::rules
