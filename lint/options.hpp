#pragma once

#include "base/result.hpp"

#include <set>
#include <span>
#include <string>
#include <string_view>

namespace mybuild::lint {

/// Names of rules, or `all`. Case counts; a name that nobody knows is no error.
struct RuleNames {
    bool all = false;
    std::set<std::string, std::less<>> names = {};

    /// `all` counts for every name.
    [[nodiscard]] bool has(std::string_view name) const { return all || names.contains(name); }
    void merge(const RuleNames& other);
};

/// What `# check=`, a comment above an instruction and BUILDKIT_DOCKERFILE_CHECK say
/// (dockerfile-language.md, 2.2): `skip=A,B;error=true;experimental=C`.
struct CheckOptions {
    RuleNames skip = {};
    RuleNames experimental = {};
    bool error = false; ///< a finding makes the build fail

    /// Errors have no location: ErrorCode::invalid with BuildKit's text, `invalid check option
    /// "k"`.
    static Result<CheckOptions> parse(std::string_view text);
};

/// What the comments above one instruction ask for: the first `check=` among them counts, and
/// nothing if it is malformed.
[[nodiscard]] CheckOptions options_of(std::span<const std::string> comments);

} // namespace mybuild::lint
