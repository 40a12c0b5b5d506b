#pragma once

#include "builder/copy/source_tree.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What the path of a COPY source means in the tree that it is copied from
/// (dockerfile-language.md, 6.9 "Local source paths").
namespace mybuild {

/// The path cleaned against `/`: relative, without `.` and `..`.
[[nodiscard]] std::string clean_source(std::string_view path);

/// A path of two parts, each of which may be empty.
[[nodiscard]] std::string join_source(const std::string& directory, const std::string& name);

/// The error for a source that is not there.
[[nodiscard]] Error missing_source(const std::string& path, const SourceTree& tree);

/// The paths a pattern (clean) stands for, component by component. Links before the first wildcard
/// are followed, those after it are not, as BuildKit's walk does not. Errors: a malformed pattern,
/// a directory before the first wildcard that is not there.
Result<std::vector<std::string>> expand_wildcards(const std::string& pattern, SourceTree& tree);

/// What `--parents` makes of a source: where it starts, and what is copied from there with its
/// parents.
struct PivotedSource {
    std::string top;     ///< before the first `/./`, clean; may have wildcards
    std::string pattern; ///< after it, clean: in the language of ignore files; empty: everything
    bool plain = false;  ///< no part has a wildcard: something must be there
};
[[nodiscard]] PivotedSource split_pivot(std::string_view source);

/// All that can match `pattern` below the directory `top` (resolved), and the directories that lead
/// there; `top` itself first.
Result<std::vector<SourceNode>> walk_for_pattern(const std::string& top, const std::string& pattern,
                                                 SourceTree& tree);

} // namespace mybuild
