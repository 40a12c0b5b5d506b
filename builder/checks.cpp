#include "builder/checks.hpp"

#include "lint/check.hpp"

namespace mybuild {
namespace {

lint::Subject subject_of(const Session& session, Reached reached) {
    lint::Subject subject{.file = session.file,
                          .options = session.options,
                          .parse_warnings = session.parse_warnings,
                          .complete = reached != Reached::part};
    if (reached != Reached::plans) return subject;
    subject.ignore = &session.ignore;
    subject.graph = &session.graph;
    subject.plans = session.plans;
    for (const auto& stage : session.graph.stages)
        subject.planned.push_back(stage.reachable);
    subject.base_known.assign(session.graph.stages.size(), true);
    return subject;
}

event::Warning warning_of(const Session& session, const lint::Finding& finding) {
    const auto& source = session.file.source;
    Error warning{ErrorCode::invalid, finding.message, SourceLocation{source, finding.mark}};
    warning.hint = finding.fix;
    warning.notes = finding.notes;
    return {std::move(warning), std::string(finding.rule->name), std::string(finding.rule->summary),
            std::string(finding.rule->url), source->position(finding.lines.begin).line};
}

} // namespace

Status report_checks(Session& session, Reached reached) {
    TRY_ASSIGN(const auto options, lint::check_options(session.file, session.options));
    const auto findings = lint::check(subject_of(session, reached), options, lint::Purpose::build);
    for (const auto& finding : findings)
        session.events.send(warning_of(session, finding));
    if (reached != Reached::plans) return {}; // an error is on its way already
    if (auto error = lint::violation(findings, options, session.file))
        return fail(std::move(*error));
    return {};
}

} // namespace mybuild
