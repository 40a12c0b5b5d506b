#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"

#include <algorithm>

namespace mybuild::lint::rules {
namespace {

bool is_root(const std::string& user) {
    const auto name = user.substr(0, user.find(':'));
    return name.empty() || name == "root" || name == "0";
}

void run(const Subject& subject, Report& report) {
    each_step(subject, [&](std::size_t, const plan::Step& step) {
        if (!is_root(step.config.user)) return;
        const auto commands = commands_of_step(step);
        const bool uses = std::ranges::any_of(commands, [](const ShellCommand& command) {
            return !command.words.empty() && command.words.front() == "sudo";
        });
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
                                        "NAME` below it are\nclearer."}};

} // namespace mybuild::lint::rules
