#pragma once

#include "base/result.hpp"
#include "cli/commands.hpp"

#include <string>

namespace mybuild::cli {

/// The value of --call: `check,format=json`. Errors: ErrorCode::usage.
Result<Call> parse_call(const std::string& text);

/// Does what --call (or --check, or `lint`) asks for and prints it on standard output: nothing is
/// built, pulled or executed, and no store is made. The exit code: 0, or 3 when a check found
/// something. Errors: a context or Dockerfile that is not there; for outline and targets also what
/// is wrong in the Dockerfile.
Result<int> run_call(const std::string& root, const BuildCommand& command);

} // namespace mybuild::cli
