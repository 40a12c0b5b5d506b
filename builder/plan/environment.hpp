#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild::plan {

/// Variables in the order in which each was first set. Setting one again keeps its place.
class Environment {
  public:
    Environment() = default;
    /// From `K=V` entries as an image config has them; without `=` the value is empty.
    explicit Environment(const std::vector<std::string>& entries);

    void set(std::string_view name, std::string_view value);
    [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const { return m_index.contains(name); }

    /// `K=V`, each name once.
    [[nodiscard]] std::vector<std::string> entries() const;
    /// Borrowed until the next change.
    [[nodiscard]] std::vector<std::string_view> names() const;

  private:
    struct Variable {
        std::string name;
        std::string value;
    };
    std::vector<Variable> m_variables;
    std::map<std::string, std::size_t, std::less<>> m_index;
};

} // namespace mybuild::plan
