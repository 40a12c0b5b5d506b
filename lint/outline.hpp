#pragma once

#include "lint/survey.hpp"

#include <string>
#include <vector>

namespace mybuild::lint {

/// What a target takes (dockerfile-language.md, 2.3; `--call=outline`).
struct Outline {
    struct Arg {
        std::string name;
        std::string description = {}; ///< the comment above it that begins with its name
        std::string value = {};       ///< as this build would have it
        Span lines = {};
    };
    /// A secret or an agent.
    struct Mount {
        std::string name;
        bool required = false;
        Span lines = {};
    };
    std::string name = {}; ///< of the target; may be empty
    std::string description = {};
    std::vector<Arg> args = {};
    std::vector<Mount> secrets = {};
    std::vector<Mount> ssh = {};
};

/// Of the target and the stages that it needs. `survey` has no errors.
[[nodiscard]] Outline outline(const Survey& survey, const plan::PlanOptions& options);

/// A stage as `--call=targets` lists it.
struct Target {
    std::string name = {}; ///< empty: it cannot be built by name
    bool is_default = false;
    std::string description = {};
    std::string base = {};     ///< as written
    std::string platform = {}; ///< as written
    Span lines = {};
};

[[nodiscard]] std::vector<Target> targets(const Dockerfile& file);

} // namespace mybuild::lint
