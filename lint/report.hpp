#pragma once

#include "lint/finding.hpp"
#include "lint/options.hpp"
#include "lint/rule.hpp"
#include "parser/ast.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mybuild::lint {

/// What the findings are for: some rules speak up only where somebody asked for checks.
enum class Purpose : std::uint8_t { build, check };

/// What a rule says about one place.
struct Found {
    std::string message = {};
    Span mark;
    std::string fix = {}; ///< what to write instead, or to do
    std::vector<std::string> notes = {};
    std::optional<Span> lines = {}; ///< if others than the instruction's
};

/// Takes what one rule finds, unless somebody has switched the rule off there.
class Report {
  public:
    Report(const Rule& rule, const CheckOptions& options, Purpose purpose,
           std::vector<Finding>& findings)
        : m_rule(rule), m_options(options), m_purpose(purpose), m_findings(findings) {}

    /// Something about `instruction`; a comment above it may silence it.
    void add(const Instruction& instruction, Found found);

  private:
    [[nodiscard]] bool wanted(const CheckOptions& here) const;

    const Rule& m_rule;
    const CheckOptions& m_options;
    Purpose m_purpose;
    std::vector<Finding>& m_findings;
};

} // namespace mybuild::lint
