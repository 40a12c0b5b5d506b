#pragma once

#include "lint/finding.hpp"
#include "lint/outline.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace mybuild::cli {

/// What a check came to, ready to be shown.
struct CheckReport {
    std::shared_ptr<const Source> source;
    std::string path = {}; ///< of the Dockerfile, from the current directory; for programs
    std::vector<lint::Finding> findings = {};
    std::vector<Error> errors = {};
    std::vector<std::string> missing = {}; ///< names of base images that are not in the store
};

/// For people: Docker's layout, with columns, carets and what to write instead (docs/cli.md).
[[nodiscard]] std::string check_text(const CheckReport& report);
/// As `docker build --call=check,format=json` prints it, with a few members more.
[[nodiscard]] std::string check_json(const CheckReport& report);
/// SARIF 2.1.0, for code scanning.
[[nodiscard]] std::string check_sarif(const CheckReport& report);

[[nodiscard]] std::string outline_text(const lint::Outline& outline);
[[nodiscard]] std::string outline_json(const lint::Outline& outline, const Source& source);
[[nodiscard]] std::string targets_text(std::span<const lint::Target> targets);
[[nodiscard]] std::string targets_json(std::span<const lint::Target> targets, const Source& source);

} // namespace mybuild::cli
