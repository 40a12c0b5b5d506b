#include "lint/check.hpp"

#include "lint/outline.hpp"
#include "lint/survey.hpp"

#include <cstdlib>

// Checking any text: every finding lies in the text and says something, and what has no errors has
// an outline.

using namespace mybuild;
using namespace mybuild::lint;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto source = std::make_shared<const Source>(
        "Dockerfile", std::string(reinterpret_cast<const char*>(data), size));
    const plan::PlanOptions options{.build_args = {{"a", "$b"}}};
    const auto result = survey(source, options, [](const plan::FromImage& image) {
        oci::ImageConfig config;
        config.env = {"A=1"};
        config.on_build = {"COPY $x /", "RUN apt-get update"};
        return image.name.tag == "1" ? std::optional(config) : std::nullopt;
    });
    const std::string patterns[] = {"*.log", "d"};
    const auto ignore = IgnoreRules::from_patterns(patterns);
    CheckOptions asked;
    asked.experimental.names = {"MissingUser", "InvalidDefinitionDescription"};
    for (const Finding& finding : check(result.subject(options, &*ignore), asked, Purpose::check)) {
        require(!finding.message.empty());
        require(finding.mark.begin <= finding.mark.end && finding.mark.end <= size);
        require(finding.lines.begin <= finding.lines.end && finding.lines.end <= size);
    }
    if (result.errors.empty()) require(outline(result, options).args.size() <= size);
    return 0;
}
