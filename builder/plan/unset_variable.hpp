#pragma once

#include "base/source.hpp"

#include <string>

namespace mybuild::plan {

/// A variable that a word uses and that nobody has set or declared. It expands to nothing, which is
/// no error; checks speak of it.
struct UnsetVariable {
    std::string name;
    std::string near; ///< a set one that may have been meant; may be empty
    std::string hint; ///< what to do about it
    Span where;       ///< `$NAME` in the file
};

} // namespace mybuild::plan
