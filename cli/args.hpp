#pragma once

#include "base/result.hpp"
#include "cli/commands.hpp"

#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace mybuild::cli {

/// Text to print instead of doing something (--help, --version).
struct Help {
    std::string text;
};

/// Understands the arguments after the program's name. Without a subcommand they are those of
/// `build`. Errors: ErrorCode::usage.
Result<std::variant<CommandLineArgs, Help>> parse_args(std::vector<std::string> args);

/// The value of -o (cli reference, "Outputs"): `type=oci,dest=F`, or a directory, or `-`.
Result<OutputSpec> parse_output(const std::string& text);

} // namespace mybuild::cli
