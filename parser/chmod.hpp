#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace mybuild {

/// What `COPY --chmod` asks for: an octal mode, or symbolic changes as chmod(1) knows them
/// (`u=rwX,go=rX`, `+x`, `g=u`), with umask 0.
class Chmod {
  public:
    /// Reads the expanded value. ErrorCode::invalid: `invalid chmod parameter: 'x'. ...`.
    static Result<Chmod> parse(std::string_view text);

    /// The mode (07777 bits) of an entry that had `mode`.
    [[nodiscard]] std::uint32_t apply(std::uint32_t mode, bool is_directory) const;
    /// The octal mode, when that is what was written: created parents get it too.
    [[nodiscard]] bool is_octal() const { return m_changes.empty(); }

    struct Change {
        std::uint32_t who = 0;       ///< 0700, 0070, 0007 combined
        char op = '=';               ///< `+`, `-` or `=`
        std::uint32_t bits = 0;      ///< rwx as 0777 pattern, not yet masked by who
        bool set_id = false;         ///< s
        bool sticky = false;         ///< t
        bool conditional_x = false;  ///< X
        std::uint32_t copy_from = 0; ///< g=u: 0700, 0070 or 0007; 0: none
    };

  private:
    std::uint32_t m_octal = 0;
    std::vector<Change> m_changes;
};

} // namespace mybuild
