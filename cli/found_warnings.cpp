#include "cli/found_warnings.hpp"

#include "base/render.hpp"

#include <fmt/format.h>

namespace mybuild::cli {

bool FoundWarnings::keep(const event::Warning& warning) {
    if (warning.rule.empty()) return false;
    m_warnings.push_back(warning);
    return true;
}

std::string FoundWarnings::take() {
    if (m_warnings.empty()) return {};
    std::string text = fmt::format("\n {} warning{} found (use mybuild --check to expand):\n",
                                   m_warnings.size(), m_warnings.size() == 1 ? "" : "s");
    for (const auto& warning : m_warnings)
        text += fmt::format(" - {}: {} (line {})\n", warning.rule,
                            printable(warning.warning.message), warning.line);
    m_warnings.clear();
    return text;
}

} // namespace mybuild::cli
