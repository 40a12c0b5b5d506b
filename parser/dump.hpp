#pragma once

#include "parser/parse.hpp"

#include <string>

namespace mybuild {

/// The tree as text that people read and tests compare: one line for each instruction and each
/// part, with `line:column` where a part has a place of its own.
[[nodiscard]] std::string dump(const Dockerfile& file);

} // namespace mybuild
