#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"

#include <algorithm>
#include <array>

namespace mybuild::lint::rules {
namespace {

bool is_apt(const ShellCommand& command) {
    return command.name() == "apt-get" || command.name() == "apt";
}

/// What certainly installs nothing; of other programs and scripts nobody knows.
bool needs_no_lists(const ShellCommand& command) {
    constexpr std::array<std::string_view, 24> programs{
        "",     ":",     "true", "set", "export", "cd",    "echo", "printf",
        "rm",   "mkdir", "cp",   "mv",  "chmod",  "cat",   "tee",  "sed",
        "grep", "find",  "ls",   "gpg", "ln",     "touch", "[",    "dpkg"};
    if (is_apt(command)) return command.verb() == "clean" || command.verb() == "autoclean";
    return std::ranges::find(programs, command.name()) != programs.end();
}

void run(const Subject& subject, Report& report) {
    each_step(subject, [&](std::size_t, const plan::Step& step) {
        const auto commands = commands_of_step(step);
        const ShellCommand* update = nullptr;
        bool uses_lists = false;
        for (const ShellCommand& command : commands) {
            if (is_apt(command) && command.verb() == "update")
                update = &command;
            else if (!needs_no_lists(command))
                uses_lists = true;
        }
        // With the lists in a cache mount there is no layer that could be an old one.
        if (update == nullptr || uses_lists || is_mounted(step, "/var/lib/apt/lists")) return;
        report.add(*step.instruction,
                   {.message = "apt-get update in a RUN of its own: the next step may install from "
                               "lists that are weeks old",
                    .mark = find_word(subject, step.span, update->name()),
                    .fix = "RUN apt-get update && apt-get install -y PACKAGES && rm -rf "
                           "/var/lib/apt/lists/*"});
    });
}

} // namespace

const Rule apt_update_alone{
    .name = "AptUpdateAlone",
    .summary = "apt-get update belongs into the RUN that installs",
    .url = "",
    .run = run,
    .page = {
        .why =
            "A step whose text has not changed is answered from the cache. When you add a package "
            "to the install step,\n`apt-get update` above it is not executed again: apt then "
            "looks for versions that the mirrors have long\nremoved, and fails with 404, or "
            "installs old ones.",
        .bad = "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y curl\n",
        .good = "FROM debian:12\nRUN apt-get update && apt-get install -y curl && rm -rf "
                "/var/lib/apt/lists/*\n",
        .more = ""}};

} // namespace mybuild::lint::rules
