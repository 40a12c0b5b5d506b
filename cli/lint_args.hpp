#pragma once

#include "cli/args.hpp"

#include <string>
#include <variant>
#include <vector>

namespace CLI {
class App;
}

namespace mybuild::cli {

/// The options of `lint`, as written.
struct RawLint {
    BuildCommand command;
    std::vector<std::string> build_args;
    std::string format = "text";
    std::string explain;
    bool list = false;
};

/// Adds the subcommand `lint`: a check, by the name of a command.
void add_lint(CLI::App& app, RawLint& raw);

/// A check to run, or the texts of `--explain` and `--list`. Errors: ErrorCode::usage.
Result<std::variant<BuildCommand, Help>> finish_lint(RawLint raw);

/// `--build-arg K=V` and `--build-arg K`.
Status add_build_args(const std::vector<std::string>& texts, BuildCommand& command);

} // namespace mybuild::cli
