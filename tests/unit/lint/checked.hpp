#pragma once

#include "lint/check.hpp"
#include "lint/survey.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild::lint {

/// What a check is told besides the Dockerfile.
struct Asked {
    std::map<std::string, std::string> build_args = {};
    std::string target = {};
    std::string ignore_file = {};
    std::map<std::string, oci::ImageConfig> images = {}; ///< by familiar name
    Purpose purpose = Purpose::check;
};

/// A check with everything that its findings point into.
struct Checked {
    plan::PlanOptions options;
    IgnoreRules ignore;
    Survey survey;
    CheckOptions check_options;
    std::vector<Finding> findings;

    /// `3:1 CMD run me` for each finding of the rule: where it is, and the marked text.
    [[nodiscard]] std::vector<std::string> places(std::string_view rule) const;
    /// The messages of the rule's findings.
    [[nodiscard]] std::vector<std::string> messages(std::string_view rule) const;
    /// Names of the rules that found something, in order of places.
    [[nodiscard]] std::vector<std::string> rules() const;
};

/// Checks the text as `mybuild --check` would, for linux/amd64.
std::unique_ptr<Checked> checked(std::string_view text, const Asked& asked = {});

} // namespace mybuild::lint
