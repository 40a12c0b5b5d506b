#include "checked.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace mybuild::lint {

std::vector<std::string> Checked::places(std::string_view rule) const {
    const auto& source = *survey.parsed.file.source;
    std::vector<std::string> places;
    for (const Finding& finding : findings) {
        if (finding.rule->name != rule) continue;
        const auto at = source.position(finding.mark.begin);
        places.push_back(fmt::format("{}:{} {}", at.line, at.column, source.slice(finding.mark)));
    }
    return places;
}

std::vector<std::string> Checked::messages(std::string_view rule) const {
    std::vector<std::string> messages;
    for (const Finding& finding : findings)
        if (finding.rule->name == rule) messages.push_back(finding.message);
    return messages;
}

std::vector<std::string> Checked::rules() const {
    std::vector<std::string> names;
    for (const Finding& finding : findings)
        names.emplace_back(finding.rule->name);
    return names;
}

std::unique_ptr<Checked> checked(std::string_view text, const Asked& asked) {
    auto result = std::make_unique<Checked>();
    result->options.build_args = asked.build_args;
    if (!asked.target.empty()) result->options.target = asked.target;
    const auto source = std::make_shared<const Source>("Dockerfile", std::string(text));
    result->survey = survey(source, result->options, [&](const plan::FromImage& image) {
        const auto found = asked.images.find(image.name.familiar());
        return found == asked.images.end() ? std::nullopt : std::optional(found->second);
    });
    auto ignore =
        IgnoreRules::parse(std::make_shared<const Source>(".dockerignore", asked.ignore_file));
    REQUIRE(ignore);
    result->ignore = std::move(*ignore);
    auto options = check_options(result->survey.parsed.file, result->options);
    REQUIRE(options);
    result->check_options = std::move(*options);
    result->findings = check(result->survey.subject(result->options, &result->ignore),
                             result->check_options, asked.purpose);
    return result;
}

} // namespace mybuild::lint
