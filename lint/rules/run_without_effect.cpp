#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mybuild::lint::rules {
namespace {

/// Commands that change nothing but the shell they run in.
constexpr std::array<std::string_view, 9> own_affairs{"cd",    "export", "alias", "unset", "umask",
                                                      "pushd", "popd",   "shopt", "set"};

std::string fix_of(const ShellCommand& command, char escape) {
    const auto words = command.program();
    if (words.size() == 2 && command.name() == "cd") return "WORKDIR " + words[1];
    if (words.size() >= 2 && command.name() == "export") {
        std::string fix = "ENV";
        for (const std::string_view word : words.subspan(1)) {
            const auto value = std::min(word.find('='), word.size() - 1) + 1;
            const bool plain = word.find_first_of(" \t\"'\\", value) == word.npos;
            const std::string rest(word.substr(value));
            fix += fmt::format(" {}{}", word.substr(0, value),
                               plain ? rest : quoted_value(rest, escape, Dollars::expand));
        }
        return fix;
    }
    return "the same at the beginning of the RUN that needs it";
}

void run(const Subject& subject, Report& report) {
    each_step(subject, [&](std::size_t, const plan::Step& step) {
        const auto commands = commands_of_step(step);
        const bool in_vain =
            !commands.empty() && std::ranges::all_of(commands, [](const ShellCommand& command) {
                return std::ranges::find(own_affairs, command.name()) != own_affairs.end();
            });
        if (!in_vain) return;
        const auto& last = commands.back();
        report.add(
            *step.instruction,
            {.message = fmt::format("RUN {} has no effect on the steps after it", last.name()),
             .mark = find_word(subject, step.span, last.name()),
             .fix = fix_of(last, subject.file.directives.escape)});
    });
}

} // namespace

const Rule run_without_effect{
    .name = "RunWithoutEffect",
    .summary = "A RUN of nothing but cd or export changes nothing",
    .url = "",
    .run = run,
    .page = {.why = "Every RUN has a shell of its own. Its working directory, its variables and "
                    "its umask end "
                    "with it; only files\nstay.",
             .bad = "FROM alpine:3.20\nRUN cd /app\nRUN ./configure\n",
             .good = "FROM alpine:3.20\nWORKDIR /app\nRUN ./configure\n",
             .more = "`RUN cd /app && ./configure` is fine, and not reported."}};

} // namespace mybuild::lint::rules
