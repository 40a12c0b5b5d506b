#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

/// Names in layer archives (image-spec, layer.md, "Whiteouts").
namespace mybuild::tar {

inline constexpr std::string_view whiteout_prefix = ".wh.";
inline constexpr std::string_view whiteout_meta_prefix = ".wh..wh."; ///< aufs's own, and:
inline constexpr std::string_view opaque_name = ".wh..wh..opq";

/// The first component of `path` that begins with `.wh.`, or empty.
[[nodiscard]] std::string_view whiteout_component(std::string_view path);

/// True for a LayerEntry::path: relative, no empty, `.` or `..` component.
[[nodiscard]] bool is_clean(std::string_view path);

/// A name of an archive as LayerEntry::path: without leading and trailing `/`, `//`, `.`; empty for
/// the root. A `..` is ErrorCode::corrupt.
Result<std::string> clean_name(std::string_view name);

/// The same, but a `..` takes away what stands before it; one that leads out of the archive is
/// ErrorCode::invalid.
Result<std::string> inner_name(std::string_view name);

} // namespace mybuild::tar
