#include "cli/check_report.hpp"
#include "image/registry/auth.hpp"
#include "lint/rule.hpp"

#include <nlohmann/json.hpp>

namespace mybuild::cli {
namespace {

using json = nlohmann::ordered_json;

/// One range for each line, as Docker has them; columns it has none.
json location(const Source& source, Span lines) {
    const auto first = source.position(lines.begin).line;
    const auto last = source.position(std::max(lines.end, lines.begin + 1) - 1).line;
    auto ranges = json::array();
    for (auto line = first; line <= std::max(first, last); ++line)
        ranges.push_back({{"start", {{"line", line}}}, {"end", {{"line", line}}}});
    return {{"ranges", std::move(ranges)}};
}

json mark(const Source& source, Span span) {
    const auto begin = source.position(span.begin);
    const auto end = source.position(span.end);
    return {{"startLine", begin.line},
            {"startColumn", begin.column},
            {"endLine", end.line},
            {"endColumn", end.column}};
}

json to_json(const Source& source, const lint::Finding& finding) {
    const auto& rule = *finding.rule;
    json out{{"ruleName", rule.name}, {"description", rule.summary}};
    if (!rule.url.empty()) out["url"] = rule.url;
    out["detail"] = finding.message;
    out["location"] = location(source, finding.lines);
    out["mark"] = mark(source, finding.mark);
    if (!finding.fix.empty()) out["fix"] = finding.fix;
    if (!finding.notes.empty()) out["notes"] = finding.notes;
    return out;
}

json to_json(const Error& error) {
    json out{{"message", error.message}, {"location", json::object()}};
    if (error.where && error.where->source) {
        out["location"] = location(*error.where->source, error.where->span);
        out["mark"] = mark(*error.where->source, error.where->span);
    }
    if (!error.hint.empty()) out["hint"] = error.hint;
    return out;
}

std::string printed(const json& value) {
    return value.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

json mount_list(const Source& source, const std::vector<lint::Outline::Mount>& mounts) {
    auto list = json::array();
    for (const auto& mount : mounts) {
        json out{{"name", mount.name}};
        if (mount.required) out["required"] = true;
        out["location"] = location(source, mount.lines);
        list.push_back(std::move(out));
    }
    return list;
}

} // namespace

std::string check_json(const CheckReport& report) {
    json out{{"warnings", json::array()}};
    for (const auto& finding : report.findings)
        out["warnings"].push_back(to_json(*report.source, finding));
    out["sources"] = json::array({{{"filename", report.source->name()},
                                   {"data", registry::base64_encode(report.source->text())},
                                   {"language", "Dockerfile"}}});
    if (!report.errors.empty()) {
        // Docker knows one; the others come after it.
        out["buildError"] = to_json(report.errors.front());
        auto more = json::array();
        for (std::size_t i = 1; i < report.errors.size(); ++i)
            more.push_back(to_json(report.errors[i]));
        if (!more.empty()) out["buildErrors"] = std::move(more);
    }
    if (!report.missing.empty()) out["unknownBaseImages"] = report.missing;
    return printed(out);
}

std::string outline_json(const lint::Outline& outline, const Source& source) {
    json out = json::object();
    if (!outline.name.empty()) out["name"] = outline.name;
    if (!outline.description.empty()) out["description"] = outline.description;
    for (const auto& arg : outline.args) {
        json one{{"name", arg.name}};
        if (!arg.description.empty()) one["description"] = arg.description;
        if (!arg.value.empty()) one["value"] = arg.value;
        one["location"] = location(source, arg.lines);
        out["args"].push_back(std::move(one));
    }
    if (!outline.secrets.empty()) out["secrets"] = mount_list(source, outline.secrets);
    if (!outline.ssh.empty()) out["ssh"] = mount_list(source, outline.ssh);
    out["sources"] = json::array({registry::base64_encode(source.text())});
    return printed(out);
}

std::string targets_json(std::span<const lint::Target> targets, const Source& source) {
    json out{{"targets", json::array()}};
    for (const auto& target : targets) {
        json one = json::object();
        if (!target.name.empty()) one["name"] = target.name;
        if (target.is_default) one["default"] = true;
        if (!target.description.empty()) one["description"] = target.description;
        one["base"] = target.base;
        if (!target.platform.empty()) one["platform"] = target.platform;
        one["location"] = location(source, target.lines);
        out["targets"].push_back(std::move(one));
    }
    out["sources"] = json::array({registry::base64_encode(source.text())});
    return printed(out);
}

} // namespace mybuild::cli
