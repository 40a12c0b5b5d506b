#pragma once

#include "base/result.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild {

/// The value of a variable, or nothing when it is not set.
using VariableLookup = std::function<std::optional<std::string>(std::string_view name)>;

/// Names that an expansion asked for and found unset, in order, with repetitions; also those that a
/// modifier such as `:-` made up for.
using UnsetNames = std::vector<std::string>;

/// Replaces variables (all modifiers) and removes quotes and escapes, as in ENV, COPY or WORKDIR.
/// `escape` is the file's escape character. `unset`, if given, is appended to. Errors are
/// ErrorCode::syntax (or invalid for `${v:?text}`) without location, prefixed
/// `failed to process "WORD": `.
[[nodiscard]] Result<std::string> expand(std::string_view word, const VariableLookup& lookup,
                                         char escape = '\\', UnsetNames* unset = nullptr);

/// The same, then split at blanks that no quote protects (a variable's own blanks count): EXPOSE.
/// The result may be empty.
[[nodiscard]] Result<std::vector<std::string>> expand_words(std::string_view word,
                                                            const VariableLookup& lookup,
                                                            char escape = '\\',
                                                            UnsetNames* unset = nullptr);

/// A heredoc body in COPY and ADD: quotes are ordinary, a backslash is dropped and the character
/// after it kept, variables are replaced. Where that fails, `failed_at` is set to the offset of the
/// variable.
[[nodiscard]] Result<std::string> expand_heredoc(std::string_view body,
                                                 const VariableLookup& lookup,
                                                 UnsetNames* unset = nullptr,
                                                 std::size_t* failed_at = nullptr);

} // namespace mybuild
