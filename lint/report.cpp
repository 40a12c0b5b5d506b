#include "lint/report.hpp"

#include <utility>

namespace mybuild::lint {

bool Report::wanted(const CheckOptions& here) const {
    const auto name = m_rule.name;
    const bool skipped = here.skip.has(name) || m_options.skip.has(name);
    if (m_rule.origin == Origin::buildkit) {
        // BuildKit's experimental rules run when they are asked for, and then nothing skips them.
        if (m_rule.on == Default::named)
            return here.experimental.has(name) || m_options.experimental.has(name);
        return !skipped;
    }
    // Ours want their very name: `experimental=all` was written with BuildKit's in mind. What is
    // said above an instruction counts more than what is said about the file.
    if (here.experimental.names.contains(name)) return true;
    if (here.skip.has(name)) return false;
    if (m_options.experimental.names.contains(name)) return true;
    if (m_options.skip.has(name) || m_rule.on == Default::named) return false;
    return m_rule.on == Default::everywhere || m_purpose == Purpose::check;
}

void Report::add(const Instruction& instruction, Found found) {
    const bool asks = m_rule.silence == Silence::instruction;
    if (!wanted(asks ? options_of(instruction.comments) : CheckOptions{})) return;
    m_findings.push_back({.rule = &m_rule,
                          .message = std::move(found.message),
                          .mark = found.mark,
                          .lines = found.lines.value_or(instruction.span),
                          .fix = std::move(found.fix),
                          .notes = std::move(found.notes)});
}

} // namespace mybuild::lint
