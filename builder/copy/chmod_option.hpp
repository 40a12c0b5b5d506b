#pragma once

#include "builder/copy/layout.hpp"
#include "parser/chmod.hpp"

#include <optional>
#include <string>

namespace mybuild {

/// Fills in the chmod members for the value of --chmod; an empty value counts as not given.
inline Status set_chmod(LayoutOptions& options, const std::optional<std::string>& value) {
    if (!value || value->empty()) return {};
    TRY_ASSIGN(const auto chmod, Chmod::parse(*value));
    options.chmod_is_octal = chmod.is_octal();
    options.chmod = [chmod](std::uint32_t mode, bool is_directory) {
        return chmod.apply(mode, is_directory);
    };
    return {};
}

} // namespace mybuild
