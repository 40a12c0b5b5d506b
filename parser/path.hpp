#pragma once

#include <string>
#include <string_view>

namespace mybuild {

/// Go's path.Clean, by text alone: `./a//b/` is `a/b`, `a/../b` is `b`, `/..` is `/`, nothing is
/// `.`.
[[nodiscard]] std::string clean_path(std::string_view path);

/// What stands after the last `/` of the path without slashes at its end; `/` and `.` as Go's
/// path.Base.
[[nodiscard]] std::string path_base(std::string_view path);

} // namespace mybuild
