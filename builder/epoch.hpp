#pragma once

#include "builder/session.hpp"

#include <stop_token>

namespace mybuild {

/// Finds the time that SOURCE_DATE_EPOCH stands for, given as a build arg or as an ARG before the
/// first FROM: seconds, `context`, a named context, or a stage that fetches one file or repository
/// (dockerfile-language.md, 4). From then on the plan knows the number alone. Errors:
/// ErrorCode::usage for other texts; what a stage must not have, at its FROM; those of fetching.
Status resolve_epoch(Session& session, std::stop_token stop);

} // namespace mybuild
