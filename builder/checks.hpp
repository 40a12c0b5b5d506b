#pragma once

#include "builder/session.hpp"

#include <cstdint>

namespace mybuild {

/// How far a build has got when its Dockerfile is checked.
enum class Reached : std::uint8_t {
    part,  ///< some of it could be read
    text,  ///< all of it was read
    plans, ///< every stage that is needed is planned
};

/// Sends what the rules of docs/checks.md find as warnings. Errors: a malformed `# check=`; with
/// `error=true`, that something was found.
Status report_checks(Session& session, Reached reached);

} // namespace mybuild
