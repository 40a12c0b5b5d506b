#pragma once

#include "base/result.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild {

/// The rules of a .dockerignore file (also of COPY --exclude): the last pattern that matches a path
/// or a directory above it decides. As in Docker, which walks the tree from above, an exception
/// counts for a directory and all below it only where the directory itself is excluded: after
/// `**/*.log` and `!logs`, the file logs/a.log is ignored.
class IgnoreRules {
  public:
    IgnoreRules();
    ~IgnoreRules();
    IgnoreRules(const IgnoreRules&);
    IgnoreRules& operator=(const IgnoreRules&);
    IgnoreRules(IgnoreRules&&) noexcept;
    IgnoreRules& operator=(IgnoreRules&&) noexcept;

    /// Errors are located in `source`: a malformed pattern, a lone `!`.
    static Result<IgnoreRules> parse(const std::shared_ptr<const Source>& source);
    /// One pattern each, as in `--exclude`: unlike a line of a file, one that begins with `/` stays
    /// so and matches nothing. Errors have no location.
    static Result<IgnoreRules> from_patterns(std::span<const std::string> patterns);

    [[nodiscard]] bool empty() const;
    [[nodiscard]] bool has_exceptions() const; ///< there is a `!` pattern

    /// Whether `path` (relative to the root, `/` between components, clean) is ignored.
    [[nodiscard]] bool ignored(std::string_view path) const;

    /// What a walker keeps for a directory while it is below it.
    struct Verdict {
        bool ignored = false;
        bool prune = false; ///< ignored, and so is everything below it: need not be entered
        /// For each pattern: it matches this path or one above, and made a difference there.
        std::vector<bool> covers;
    };
    /// The same answer as ignored(), for one test of each pattern: `parent` is the verdict on the
    /// directory that holds `path` (null: the root).
    [[nodiscard]] Verdict judge(std::string_view path, const Verdict* parent) const;

  private:
    struct Pattern;
    struct Written;
    Status add(const Written& line);

    std::vector<Pattern> m_patterns;
    bool m_has_exceptions = false;
};

} // namespace mybuild
