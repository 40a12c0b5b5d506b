#include "builder/plan/predefined.hpp"

#include <algorithm>
#include <array>

namespace mybuild::plan {

namespace {

struct ProxyName {
    std::string_view upper;
    std::string_view lower;
};

constexpr std::array<ProxyName, 5> proxies = {{
    {"HTTP_PROXY", "http_proxy"},
    {"HTTPS_PROXY", "https_proxy"},
    {"FTP_PROXY", "ftp_proxy"},
    {"NO_PROXY", "no_proxy"},
    {"ALL_PROXY", "all_proxy"},
}};

constexpr std::array<std::string_view, 11> automatic_names = {
    "BUILDPLATFORM", "BUILDOS",        "BUILDOSVERSION", "BUILDARCH",
    "BUILDVARIANT",  "TARGETPLATFORM", "TARGETOS",       "TARGETOSVERSION",
    "TARGETARCH",    "TARGETVARIANT",  "TARGETSTAGE",
};

} // namespace

std::vector<std::pair<std::string, std::string>> automatic_args(const PlanOptions& options,
                                                                std::string_view stage) {
    const oci::Platform& build = options.build_platform;
    const oci::Platform& target = options.platform;
    return {
        {"BUILDPLATFORM", build.str()},
        {"BUILDOS", build.os},
        {"BUILDOSVERSION", ""},
        {"BUILDARCH", build.architecture},
        {"BUILDVARIANT", build.variant},
        {"TARGETPLATFORM", target.str()},
        {"TARGETOS", target.os},
        {"TARGETOSVERSION", ""},
        {"TARGETARCH", target.architecture},
        {"TARGETVARIANT", target.variant},
        {"TARGETSTAGE", std::string(stage.empty() ? "default" : stage)},
    };
}

ParseOptions parse_options(const PlanOptions& options) {
    ParseOptions parse;
    const auto given = options.build_args.find("BUILDKIT_SYNTAX");
    if (given != options.build_args.end()) parse.frontend = given->second;
    return parse;
}

bool is_proxy_arg(std::string_view name) {
    return std::ranges::any_of(proxies, [&](const ProxyName& proxy) {
        return name == proxy.upper || name == proxy.lower;
    });
}

bool has_own_meaning(std::string_view name) {
    return is_proxy_arg(name) || name.starts_with("BUILDKIT_") || name == "SOURCE_DATE_EPOCH" ||
           std::ranges::find(automatic_names, name) != automatic_names.end();
}

bool is_kept_from_environment(std::string_view name) {
    return name == "BUILDKIT_SBOM_SCAN_CONTEXT" || name == "BUILDKIT_SBOM_SCAN_STAGE";
}

std::vector<std::string> proxy_environment(const std::map<std::string, std::string>& build_args) {
    const auto value_of = [&](std::string_view name) -> std::string {
        const auto found = build_args.find(std::string(name));
        return found == build_args.end() ? "" : found->second;
    };
    std::vector<std::string> entries;
    for (const auto& [upper, lower] : proxies) {
        std::string for_upper = value_of(upper);
        std::string for_lower = value_of(lower);
        if (for_upper.empty()) for_upper = for_lower;
        if (for_lower.empty()) for_lower = for_upper;
        if (for_upper.empty()) continue;
        entries.push_back(std::string(upper) + "=" + for_upper);
        entries.push_back(std::string(lower) + "=" + for_lower);
    }
    return entries;
}

} // namespace mybuild::plan
