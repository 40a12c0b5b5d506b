#pragma once

#include "builder/plan/stages.hpp"
#include "parser/parse.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Build arguments that need no ARG, or have a meaning of their own (dockerfile-language.md, 4).
namespace mybuild::plan {

/// TARGETPLATFORM and so on with their values before any --build-arg; all are set, maybe to
/// nothing. `stage` is the value of TARGETSTAGE.
[[nodiscard]] std::vector<std::pair<std::string, std::string>>
automatic_args(const PlanOptions& options, std::string_view stage);

/// HTTP_PROXY, no_proxy and their like, in one of their two spellings.
[[nodiscard]] bool is_proxy_arg(std::string_view name);

/// What the build args say about the reading of the file: BUILDKIT_SYNTAX.
[[nodiscard]] ParseOptions parse_options(const PlanOptions& options);

/// Whether a --build-arg of this name has an effect without being declared.
[[nodiscard]] bool has_own_meaning(std::string_view name);

/// Whether an ARG of this name stays out of the environment, though it may be declared.
[[nodiscard]] bool is_kept_from_environment(std::string_view name);

/// The proxy variables among the build args as a process gets them: both spellings of each, none
/// empty. Each spelling takes its own value where both are given.
[[nodiscard]] std::vector<std::string>
proxy_environment(const std::map<std::string, std::string>& build_args);

} // namespace mybuild::plan
