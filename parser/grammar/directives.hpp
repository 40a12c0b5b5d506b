#pragma once

#include "base/error.hpp"
#include "parser/ast.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace mybuild::grammar {

struct DirectiveZone {
    Directives directives;
    std::uint32_t end = 0; ///< offset of the first line that is no directive
    std::vector<Error> errors;
};

/// Reads the parser directives at the start of a file (dockerfile-language.md, 2.2).
[[nodiscard]] DirectiveZone read_directives(const std::shared_ptr<const Source>& source);

} // namespace mybuild::grammar
