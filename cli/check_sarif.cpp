#include "cli/check_report.hpp"
#include "lint/page.hpp"
#include "lint/rules.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <map>

namespace mybuild::cli {
namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view error_rule = "BuildError";

/// A path as a relative URI reference (RFC 3986).
std::string uri_of(std::string_view path) {
    while (path.starts_with("./"))
        path.remove_prefix(2);
    std::string out;
    for (const char c : path) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') ||
                           std::string_view("-._~/").find(c) != std::string_view::npos;
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return path.starts_with('/') ? "file://" + out : out;
}

json region(const Source& source, Span span) {
    const auto begin = source.position(span.begin);
    const auto end = source.position(span.end);
    json out{{"startLine", begin.line},
             {"startColumn", begin.column},
             {"endLine", end.line},
             {"endColumn", end.column}};
    out["snippet"] = {{"text", std::string(source.slice(span))}};
    return out;
}

json locations(const CheckReport& report, Span span) {
    return json::array({{{"physicalLocation",
                          {{"artifactLocation", {{"uri", uri_of(report.path)}}},
                           {"region", region(*report.source, span)}}}}});
}

json rule_json(const lint::Rule& rule) {
    json out{
        {"id", rule.name}, {"name", rule.name}, {"shortDescription", {{"text", rule.summary}}}};
    if (!rule.url.empty()) out["helpUri"] = rule.url;
    out["help"] = {{"text", rule.summary}, {"markdown", lint::page(rule)}};
    out["defaultConfiguration"] = {{"level", "warning"},
                                   {"enabled", rule.on != lint::Default::named}};
    return out;
}

/// Every rule, so that a code scanner can tell what was looked for; errors come last.
json rules_json(std::map<std::string_view, std::size_t>& indexes) {
    auto rules = json::array();
    for (const lint::Rule* rule : lint::all_rules()) {
        indexes[rule->name] = rules.size();
        rules.push_back(rule_json(*rule));
    }
    indexes[error_rule] = rules.size();
    rules.push_back({{"id", error_rule},
                     {"name", error_rule},
                     {"shortDescription", {{"text", "The Dockerfile cannot be built"}}},
                     {"help", {{"text", "The Dockerfile cannot be built as it is."}}},
                     {"defaultConfiguration", {{"level", "error"}}}});
    return rules;
}

json result(const CheckReport& report, const lint::Finding& finding, std::size_t index) {
    auto text = finding.message;
    if (!finding.fix.empty()) text += "\nFix: " + finding.fix;
    for (const auto& note : finding.notes)
        text += "\nNote: " + note;
    return {{"ruleId", finding.rule->name},
            {"ruleIndex", index},
            {"level", "warning"},
            {"message", {{"text", std::move(text)}}},
            {"locations", locations(report, finding.mark)}};
}

json result(const CheckReport& report, const Error& error, std::size_t index) {
    auto text = error.message;
    if (!error.hint.empty()) text += "\nHint: " + error.hint;
    const bool located = error.where && error.where->source == report.source;
    return {{"ruleId", error_rule},
            {"ruleIndex", index},
            {"level", "error"},
            {"message", {{"text", std::move(text)}}},
            {"locations", locations(report, located ? error.where->span : Span{})}};
}

} // namespace

std::string check_sarif(const CheckReport& report) {
    std::map<std::string_view, std::size_t> indexes;
    json driver{{"name", "mybuild"}, {"version", MYBUILD_VERSION}};
    driver["rules"] = rules_json(indexes);
    auto results = json::array();
    for (const auto& finding : report.findings)
        results.push_back(result(report, finding, indexes[finding.rule->name]));
    for (const auto& error : report.errors)
        results.push_back(result(report, error, indexes[error_rule]));
    json run{{"tool", {{"driver", std::move(driver)}}},
             {"columnKind", "unicodeCodePoints"},
             {"invocations", json::array({{{"executionSuccessful", true}}})},
             {"artifacts", json::array({{{"location", {{"uri", uri_of(report.path)}}}}})},
             {"results", std::move(results)}};
    const json out{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                   {"version", "2.1.0"},
                   {"runs", json::array({std::move(run)})}};
    return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace mybuild::cli
