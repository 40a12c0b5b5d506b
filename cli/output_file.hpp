#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <functional>
#include <string>

namespace mybuild {
class ByteSink;
}

namespace mybuild::cli {

/// Writes a file so that it is either whole or not there: under a temporary name beside it, synced
/// and renamed. `-` is standard output, refused when that is a terminal.
Status write_output(const std::string& path, const std::function<Status(ByteSink&)>& write);

} // namespace mybuild::cli
