#pragma once

#include "base/error_list.hpp"
#include "builder/plan/environment.hpp"
#include "builder/plan/expansion.hpp"
#include "builder/plan/failed_names.hpp"
#include "builder/plan/stages.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild::plan {

/// The scope that FROM lines see: automatic args and the ARGs before the first FROM
/// (dockerfile-language.md, 4).
struct GlobalScope {
    Environment values;
    /// The same with the ARGs that have no value.
    std::map<std::string, std::optional<std::string>> args;
    FailedNames failed; ///< ARGs whose default has an error
};

/// Expansion errors of a default are located; a --build-arg keeps its default from being looked at.
[[nodiscard]] GlobalScope fold_global_args(const Dockerfile& file, const PlanOptions& options,
                                           ErrorList& errors);

/// For the words of FROM lines and global ARGs. Everything is borrowed; `scope.failed` is told of
/// the names that are looked up.
[[nodiscard]] Expander global_expander(const Dockerfile& file, GlobalScope& scope,
                                       std::vector<UnsetVariable>& unset);

/// What to do about a variable that a FROM line uses and nobody set.
[[nodiscard]] Guess global_guess(const Dockerfile& file, const GlobalScope& scope,
                                 std::string_view name);

} // namespace mybuild::plan
