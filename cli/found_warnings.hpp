#pragma once

#include "builder/events.hpp"

#include <string>
#include <vector>

namespace mybuild::cli {

/// What checks found during a build. People read it at the end, as Docker shows it, where output of
/// steps does not scroll it away.
class FoundWarnings {
  public:
    /// Keeps the warning if a rule of the checks found it; else false.
    bool keep(const event::Warning& warning);
    /// ` 2 warnings found (…):` and a line for each, an empty line before; nothing if there are
    /// none. They are not told again.
    [[nodiscard]] std::string take();

  private:
    std::vector<event::Warning> m_warnings;
};

} // namespace mybuild::cli
