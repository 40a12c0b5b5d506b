#include "builder/plan/environment.hpp"

namespace mybuild::plan {

Environment::Environment(const std::vector<std::string>& entries) {
    for (const std::string_view entry : entries) {
        const auto equals = entry.find('=');
        set(entry.substr(0, equals),
            equals == entry.npos ? std::string_view() : entry.substr(equals + 1));
    }
}

void Environment::set(std::string_view name, std::string_view value) {
    if (const auto found = m_index.find(name); found != m_index.end()) {
        m_variables[found->second].value = value;
        return;
    }
    m_index.emplace(name, m_variables.size());
    m_variables.push_back({.name = std::string(name), .value = std::string(value)});
}

std::optional<std::string> Environment::get(std::string_view name) const {
    const auto found = m_index.find(name);
    if (found == m_index.end()) return std::nullopt;
    return m_variables[found->second].value;
}

std::vector<std::string> Environment::entries() const {
    std::vector<std::string> entries;
    entries.reserve(m_variables.size());
    for (const Variable& variable : m_variables)
        entries.push_back(variable.name + "=" + variable.value);
    return entries;
}

std::vector<std::string_view> Environment::names() const {
    std::vector<std::string_view> names;
    names.reserve(m_variables.size());
    for (const Variable& variable : m_variables)
        names.push_back(variable.name);
    return names;
}

} // namespace mybuild::plan
