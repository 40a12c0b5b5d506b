#pragma once

#include "base/result.hpp"
#include "parser/ast.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild {

struct ParseOptions {
    std::size_t line_bytes = std::size_t{1} << 20U; ///< longest physical line
    /// --build-arg BUILDKIT_SYNTAX: stands for the file's `# syntax=`.
    std::optional<std::string> frontend = {};
};

/// `file` is complete only if there are no errors; what could be read is there all the same.
struct ParseOutcome {
    Dockerfile file;
    std::vector<Error> errors;   ///< every independent one, located, in order of lines
    std::vector<Error> warnings; ///< located, in order of lines
    /// No error can have hidden a FROM, or an ARG before the first one: `file` has all stages.
    bool stages_known = true;
};

/// Reads a Dockerfile: lexical rules, arguments and flags of every instruction, grouping into
/// stages. Never expands variables. Accepts any bytes.
[[nodiscard]] ParseOutcome parse_dockerfile(std::shared_ptr<const Source> source,
                                            const ParseOptions& options = {});

/// Reads one instruction from an image's OnBuild list. It stands in no file, so every span in the
/// result is `where` (the FROM that brings it) and errors have no location.
[[nodiscard]] Result<Instruction> parse_instruction_text(std::string_view text, Span where = {});

} // namespace mybuild
