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
    [[nodiscard]] bool is_octal() const { return m_is_octal; }

    /// One step of a symbolic mode.
    struct Change {
        std::uint32_t who = 0;       ///< bits it may touch: of user, group, other, sticky
        char op = '=';               ///< `+`, `-` or `=`
        std::uint32_t bits = 0;      ///< what to set or clear, for all three classes
        bool conditional_x = false;  ///< X: also x, if the entry is a directory or has an x
        std::uint32_t copy_from = 0; ///< 0700, 0070 or 0007: the bits of that class; 0: none
    };

  private:
    bool m_is_octal = false;
    std::uint32_t m_octal = 0;
    std::vector<Change> m_changes;
};

} // namespace mybuild
