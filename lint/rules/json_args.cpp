#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mybuild::lint::rules {
namespace {

std::string json_string(std::string_view word) {
    std::string out = "\"";
    for (const char c : word) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\t')
            out += "\\t";
        else
            out += c;
    }
    return out + '"';
}

/// The exec form of a text that needs no shell: one command, words without variables, wildcards and
/// redirections.
std::string exec_form(std::string_view text) {
    // Words that are the shell's own affair.
    constexpr std::array<std::string_view, 12> builtins{".",     "cd",     "eval", "export",
                                                        "set",   "source", "trap", "ulimit",
                                                        "umask", "unset",  "wait", "if"};
    if (text.find_first_of("$`*?[]{}~<>|&;()\n#!") != text.npos) return {};
    const auto commands = shell_commands(text);
    if (commands.size() != 1) return {};
    std::span<const std::string> words = commands.front().words;
    // `exec` is what makes the program the first process: without a shell it is anyway.
    if (words.size() > 1 && words.front() == "exec") words = words.subspan(1);
    const std::string_view program = words.front();
    if (program.find('=') != program.npos || program.starts_with('-') ||
        std::ranges::find(builtins, program) != builtins.end())
        return {};
    std::string out = "[";
    for (const std::string& word : words)
        out += (out.size() > 1 ? ", " : "") + json_string(word);
    return out + "]";
}

std::string fix_of(std::string_view keyword, const CommandLine& command) {
    const auto text = command.args.empty() ? std::string() : command.args.front();
    if (const auto form = exec_form(text); !form.empty())
        return fmt::format("{} {}", keyword, form);
    return fmt::format("{} [\"PROGRAM\", \"ARGUMENT\"]; where a shell is wanted, say so: SHELL "
                       "[\"/bin/sh\", \"-c\"] above it, and exec before the program",
                       keyword);
}

void run(const Subject& subject, Report& report) {
    each_step(subject, [&](std::size_t, const plan::Step& step) {
        const CommandLine* command = nullptr;
        if (const auto* cmd = body_of<Cmd>(step)) command = &cmd->command;
        if (const auto* entrypoint = body_of<Entrypoint>(step)) command = &entrypoint->command;
        if (command == nullptr || command->form == Form::exec || !step.config.shell.empty()) return;
        report.add(
            *step.instruction,
            {.message = fmt::format("JSON arguments recommended for {} to prevent unintended "
                                    "behavior related to OS signals",
                                    keyword_of(step)),
             .mark = step.span,
             .fix = fix_of(keyword_of(step), *command)});
    });
}

} // namespace

const Rule json_args_recommended{
    .name = "JSONArgsRecommended",
    .summary =
        "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related "
        "to OS signals",
    .url = "https://docs.docker.com/go/dockerfile/rule/json-args-recommended/",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .run = run,
    .page = {
        .why = "In the shell form the program runs below `/bin/sh -c`. The shell is process 1: "
               "signals such as the one\nthat `docker stop` sends go to it and many shells do "
               "not pass them on, so the container is killed after\nten seconds instead of "
               "ending. Arguments of `docker run` are not appended to a shell form ENTRYPOINT "
               "either.",
        .bad = "FROM alpine:3.20\nCMD httpd -f\n",
        .good = "FROM alpine:3.20\nCMD [\"httpd\", \"-f\"]\n",
        .more = "Where variables or `&&` need a shell, name it: a `SHELL` instruction above says "
                "that it is meant, and\n`exec PROGRAM` lets the program take the shell's place."}};

} // namespace mybuild::lint::rules
