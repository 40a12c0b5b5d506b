#pragma once

#include "builder/plan/steps.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mybuild::lint {

/// An install of packages that takes minutes.
struct Install {
    std::string program;
    std::string what;                    ///< as people call it: `go mod download`
    std::vector<std::string> needs = {}; ///< the files that say which packages; as written, may be
                                         ///< empty
};

/// The first install in a RUN, unless it installs what was copied before it, or has a cache mount
/// that makes it quick the next time.
[[nodiscard]] std::optional<Install> find_install(const plan::Step& step);

} // namespace mybuild::lint
