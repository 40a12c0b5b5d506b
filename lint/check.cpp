#include "lint/check.hpp"

#include "lint/rules.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace mybuild::lint {
namespace {

constexpr const char* check_arg = "BUILDKIT_DOCKERFILE_CHECK";

} // namespace

Result<CheckOptions> check_options(const Dockerfile& file, const plan::PlanOptions& options) {
    if (const auto given = options.build_args.find(check_arg); given != options.build_args.end()) {
        auto parsed = CheckOptions::parse(given->second);
        if (parsed) return parsed;
        return fail(
            std::move(parsed).error().in(fmt::format("failed to parse build-arg:{}", check_arg)));
    }
    const auto& directive = file.directives.check;
    if (!directive) return CheckOptions{};
    auto parsed = CheckOptions::parse(directive->text);
    if (parsed) return parsed;
    return fail(std::move(parsed)
                    .error()
                    .in("failed to parse check options")
                    .at(file.source, directive->span));
}

std::vector<Finding> check(const Subject& subject, const CheckOptions& options, Purpose purpose) {
    std::vector<Finding> findings;
    for (const Rule* rule : all_rules()) {
        Report report(*rule, options, purpose, findings);
        rule->run(subject, report);
    }
    // Equal places keep the order of the table.
    std::ranges::stable_sort(findings, {}, [](const Finding& finding) {
        return std::pair(finding.mark.begin, finding.mark.end);
    });
    return findings;
}

std::optional<Error> violation(std::span<const Finding> findings, const CheckOptions& options,
                               const Dockerfile& file) {
    if (!options.error) return std::nullopt;
    std::set<std::string_view> names;
    std::optional<Span> first;
    for (const Finding& finding : findings) {
        const auto& rule = *finding.rule;
        if (rule.origin == Origin::mybuild && !options.experimental.names.contains(rule.name))
            continue;
        names.insert(rule.name);
        if (!first) first = finding.mark;
    }
    if (!first) return std::nullopt;
    Error error{
        ErrorCode::invalid,
        fmt::format("lint violation found for rules: {}", fmt::join(names, ", ")),
        SourceLocation{file.source, *first},
        "error=true makes a failure of what checks find: mend it, or skip the rule (mybuild "
        "--check shows how)"};
    return error;
}

} // namespace mybuild::lint
