#pragma once

#include "parser/ast.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild::lint {

/// One simple command of a shell text: its words, quotes removed, redirections among them.
struct ShellCommand {
    std::vector<std::string> words;

    /// The words from the program's name on: without assignments, keywords such as `if` and
    /// programs that only start another (`sudo`, `env`, `exec`, `time`).
    [[nodiscard]] std::span<const std::string> program() const;
    /// The last component of that name; empty when there is none.
    [[nodiscard]] std::string_view name() const;
    /// The first word after the name that is no option: `install` of `apt-get -y install`.
    [[nodiscard]] std::string_view verb() const;
    [[nodiscard]] bool has_word(std::string_view word) const;
};

/// Takes a shell text apart at `;`, `&&`, `|`, newlines and so on: well enough to recognise what a
/// RUN does, never to execute it. What stands in `$(…)` belongs to its word.
[[nodiscard]] std::vector<ShellCommand> shell_commands(std::string_view text);

/// The commands of a RUN: of its shell text, its script, or the one that its exec form is, and what
/// these give to a shell, by `sh -c` or by a heredoc. Bodies of heredocs that go to other programs
/// are not looked at.
[[nodiscard]] std::vector<ShellCommand> commands_of(const Run& run);

/// What bash makes of `a{b,c}`: `ab` and `ac`, in no particular order. Other shells leave it as it
/// is.
[[nodiscard]] std::vector<std::string> expand_braces(std::string_view word);

} // namespace mybuild::lint
