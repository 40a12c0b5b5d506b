#pragma once

#include "base/result.hpp"
#include "parser/ast.hpp"

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace mybuild {

struct ParseLimits {
    std::size_t line_bytes = std::size_t{1} << 20U; ///< longest physical line; BuildKit has 65535
};

/// `file` is complete only if there are no errors; what could be read is there all the same.
struct ParseOutcome {
    Dockerfile file;
    std::vector<Error> errors;   ///< every independent one, located, in order of lines
    std::vector<Error> warnings; ///< located, in order of lines
};

/// Reads a Dockerfile: lexical rules, arguments and flags of every instruction, grouping into
/// stages. Never expands variables. Accepts any bytes.
[[nodiscard]] ParseOutcome parse_dockerfile(std::shared_ptr<const Source> source,
                                            const ParseLimits& limits = {});

/// Reads one instruction from an image's OnBuild list. It stands in no file, so every span in the
/// result is `where` (the FROM that brings it) and errors have no location.
[[nodiscard]] Result<Instruction> parse_instruction_text(std::string_view text, Span where = {});

} // namespace mybuild
