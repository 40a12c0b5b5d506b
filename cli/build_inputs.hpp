#pragma once

#include "base/result.hpp"
#include "builder/build.hpp"
#include "cli/commands.hpp"

namespace mybuild::cli {

/// Reads what a build command names: the Dockerfile, its ignore file, environment variables for
/// build args; and makes the request of it. Errors: a Dockerfile or context that is not there,
/// wrong names and platforms.
Result<BuildRequest> make_request(const BuildCommand& command);

} // namespace mybuild::cli
