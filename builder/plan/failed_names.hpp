#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace mybuild::plan {

/// Variables that an instruction with an error should have set. What depends on them cannot be
/// judged: an error there may only follow from the one that is reported already.
class FailedNames {
  public:
    void add(std::string_view name) { m_names.emplace(name); }
    [[nodiscard]] bool has(std::string_view name) const { return m_names.contains(name); }

    /// Notes whether the name is one of them: to be called for every name that is looked up.
    void look_up(std::string_view name) { m_met = m_met || has(name); }
    /// Whether one was looked up since the last call.
    [[nodiscard]] bool take_met() { return std::exchange(m_met, false); }

  private:
    std::set<std::string, std::less<>> m_names;
    bool m_met = false;
};

} // namespace mybuild::plan
