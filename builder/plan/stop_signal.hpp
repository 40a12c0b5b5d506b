#pragma once

#include "base/result.hpp"

#include <string_view>

namespace mybuild::plan {

/// STOPSIGNAL: a name of Linux with or without `SIG` in any case (also `RTMIN+3`), or a number that
/// is not 0. Error: ErrorCode::invalid `invalid signal: x`, with the nearest name as hint.
Status check_stop_signal(std::string_view text);

} // namespace mybuild::plan
