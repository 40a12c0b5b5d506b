#pragma once

#include "builder/copy/source_tree.hpp"
#include "parser/ignore.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mybuild {

/// Which entries below a directory are copied: those that COPY --parents asks for, without those
/// that --exclude names (dockerfile-language.md, 6.9). Paths are relative to that directory.
class CopyFilter {
  public:
    /// `include`: a pattern of --parents; none: everything. Errors: malformed patterns.
    static Result<CopyFilter> parse(const std::optional<std::string>& include,
                                    const std::vector<std::string>& excludes);

    [[nodiscard]] bool excludes(std::string_view path) const { return m_exclude.ignored(path); }

    /// Leaves of `nodes` (what stands at `root` first, then all below it in canonical order) what
    /// is copied: the first always, and directories that lead to something, as `on_the_way`.
    void apply(std::vector<SourceNode>& nodes, const std::string& root) const;

  private:
    [[nodiscard]] bool copies(std::string_view path) const;

    std::optional<IgnoreRules> m_include;
    IgnoreRules m_exclude;
};

} // namespace mybuild
