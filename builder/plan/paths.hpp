#pragma once

#include <string>
#include <string_view>

/// Paths inside an image, by their text alone.
namespace mybuild::plan {

/// `path` below `directory` (an absolute `path` is below `/`), absolute, without `.`, `..`, doubled
/// or trailing slashes; `..` ends at `/`.
[[nodiscard]] std::string clean_path(std::string_view directory, std::string_view path);

/// Where COPY puts things: clean_path, but ending in `/` where `path` says that it is a directory:
/// it ends in `/` or `/.`, is `.` or empty.
[[nodiscard]] std::string destination_path(std::string_view directory, std::string_view path);

/// The new WorkingDir of an image: an absolute path stays as written, a relative one is joined to
/// `current` and cleaned (BuildKit's NormalizeWorkdir); an empty one keeps `current`.
[[nodiscard]] std::string next_workdir(std::string_view current, std::string_view path);

} // namespace mybuild::plan
