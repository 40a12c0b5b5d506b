#pragma once

#include "base/result.hpp"
#include "builder/build.hpp"
#include "cli/commands.hpp"

namespace mybuild::cli {

class Wire;
struct Remote;

/// Reads what a build command names: context, Dockerfile, ignore file, environment variables for
/// build args; and makes the request of it. Errors: a Dockerfile or context that is not there,
/// wrong names and platforms.
Result<BuildRequest> make_request(Wire& wire, const BuildCommand& command, const Remote& remote);

/// The part of it that a plan depends on. Errors: a wrong platform.
Result<plan::PlanOptions> make_plan_options(const BuildCommand& command);

} // namespace mybuild::cli
