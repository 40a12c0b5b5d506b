#pragma once

#include "base/result.hpp"
#include "lint/finding.hpp"
#include "lint/options.hpp"
#include "lint/report.hpp"
#include "lint/subject.hpp"

#include <optional>
#include <span>
#include <vector>

namespace mybuild::lint {

/// What `# check=` says, or BUILDKIT_DOCKERFILE_CHECK among the build args, which wins over it.
/// Errors: `failed to parse check options: …`, located where it is the directive's.
Result<CheckOptions> check_options(const Dockerfile& file, const plan::PlanOptions& options);

/// Runs every rule of the table that is on, over as much as is known. In order of places.
[[nodiscard]] std::vector<Finding> check(const Subject& subject, const CheckOptions& options,
                                         Purpose purpose);

/// `error=true` makes an error of findings: `lint violation found for rules: A, B`. Rules of ours
/// count where `experimental=` names them: what Docker builds is built here too.
[[nodiscard]] std::optional<Error> violation(std::span<const Finding> findings,
                                             const CheckOptions& options, const Dockerfile& file);

} // namespace mybuild::lint
