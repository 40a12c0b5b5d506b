#pragma once

#include "image/oci/oci.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Texts of an image's history as BuildKit writes them (dockerfile-language.md, 6.18).
namespace mybuild::plan {

/// Go's %q of a list: `["a" "b"]`.
[[nodiscard]] std::string quoted_list(const std::vector<std::string>& words);
/// Go's %v of a list: `[a b]`.
[[nodiscard]] std::string plain_list(const std::vector<std::string>& words);

/// `RUN |2 A=1 B=2 /bin/sh -c x # buildkit`; `args` are `NAME=VALUE` of the declared ones.
[[nodiscard]] std::string run_history(const std::vector<std::string>& args,
                                      const std::vector<std::string>& argv);

/// `HEALTHCHECK {Test:[CMD-SHELL x] Interval:30s …}`.
[[nodiscard]] std::string healthcheck_history(const oci::Healthcheck& check);

} // namespace mybuild::plan
