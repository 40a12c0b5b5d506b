#pragma once

#include "base/source.hpp"

#include <string>
#include <vector>

namespace mybuild::lint {

struct Rule;

/// One place where a rule of the table has something to say.
struct Finding {
    const Rule* rule = nullptr;
    std::string message = {}; ///< for BuildKit's rules its very text
    Span mark = {};           ///< what is meant: a word, a flag
    Span lines = {};          ///< the instruction: Docker speaks of its lines
    std::string fix = {};     ///< what to write instead, or to do
    std::vector<std::string> notes = {};
};

} // namespace mybuild::lint
