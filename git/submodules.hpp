#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mybuild::git {

/// A repository inside a repository, as the file `.gitmodules` has it (gitmodules(5)).
struct Submodule {
    std::string name;
    std::string path = {};  ///< where its commit stands in the tree
    std::string url = {};   ///< as written
    bool is_fetched = true; ///< false: `update = none`
};

/// Reads `.gitmodules`: the sections `[submodule "NAME"]` of git's configuration format
/// (git-config(1), "Syntax"); others are skipped, nothing is included. Errors: ErrorCode::invalid.
Result<std::vector<Submodule>> parse_gitmodules(std::string_view text);

/// The URL that a submodule's means inside a repository: one that begins with `./` or `../` is
/// relative to the repository's. Errors (ErrorCode::denied): paths of this machine, which a
/// repository from elsewhere may not name.
Result<std::string> submodule_url(std::string_view repository, std::string_view url);

} // namespace mybuild::git
