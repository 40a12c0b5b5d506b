#include "tests/unit/plan/planned.hpp"

#include "base/error_list.hpp"
#include "base/render.hpp"
#include "parser/parse.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace mybuild::plan::test {

namespace {

oci::Platform platform(const std::string& text) {
    return oci::parse_platform(text).value();
}

NamedContexts contexts(const std::vector<std::string>& texts) {
    NamedContexts named;
    for (const auto& text : texts)
        named.insert(parse_named_context(text).value());
    return named;
}

PlanOptions options_of(const Given& given) {
    return {.build_args = given.build_args,
            .target = given.target,
            .labels = given.labels,
            .platform = platform(given.platform),
            .platform_given = given.platform_given,
            .build_platform = platform(given.build_platform),
            .contexts = contexts(given.contexts),
            .allow_host_network = given.allow_host_network,
            .allow_insecure = given.allow_insecure};
}

StageBase base_of(const Planned& planned, const StageNode& stage, const Given& given) {
    if (const auto* parent = std::get_if<FromStage>(&stage.base)) {
        return base_from(planned.stages.at(parent->index));
    }
    if (const auto* image = std::get_if<FromImage>(&stage.base)) {
        const auto found = given.images.find(image->name.familiar());
        if (found != given.images.end()) return {.config = found->second};
        oci::ImageConfig config;
        config.platform = image->platform;
        return {.config = config};
    }
    return {};
}

} // namespace

Result<Planned> try_plan(std::string_view text, const Given& given) {
    auto parsed = parse_dockerfile(std::make_shared<Source>("Dockerfile", std::string(text)), {});
    if (!parsed.errors.empty()) return fail(parsed.errors.front());
    Planned planned{.file = std::make_unique<const Dockerfile>(std::move(parsed.file)),
                    .options = options_of(given)};
    ErrorList errors;
    TRY_ASSIGN(planned.graph, plan_stages(*planned.file, planned.options));
    for (std::size_t index = 0; index < planned.graph.stages.size(); ++index) {
        const StageNode& stage = planned.graph.stages[index];
        if (!stage.reachable) continue;
        auto plan = plan_stage(*planned.file, planned.graph, index, base_of(planned, stage, given),
                               planned.options);
        for (const Error& error : plan.errors)
            errors.add(error);
        planned.stages.emplace(index, std::move(plan));
    }
    TRY(std::move(errors).status());
    return planned;
}

Planned plan_text(std::string_view text, const Given& given) {
    auto planned = try_plan(text, given);
    INFO(text);
    if (!planned) FAIL(render(planned.error()));
    return std::move(*planned);
}

std::string shown(const Error& error) {
    if (!error.where) return "- " + error.message;
    const auto& [source, span] = *error.where;
    const auto begin = source->position(span.begin);
    const auto end = source->position(span.end > span.begin ? span.end - 1 : span.end);
    const std::string last = begin.line == end.line ? std::to_string(end.column)
                                                    : fmt::format("{}:{}", end.line, end.column);
    return fmt::format("{}:{}-{} {}", begin.line, begin.column, last, error.message);
}

std::string failure(std::string_view text, const Given& given) {
    const auto planned = try_plan(text, given);
    return planned ? "planned" : shown(planned.error());
}

std::vector<std::string> failures(std::string_view text, const Given& given) {
    const auto planned = try_plan(text, given);
    std::vector<std::string> all;
    if (!planned)
        for (const auto& error : separated(planned.error()))
            all.push_back(shown(error));
    return all;
}

std::string advice(std::string_view text, const Given& given) {
    const auto planned = try_plan(text, given);
    if (planned) return "planned";
    std::string all = planned.error().hint;
    for (const auto& note : planned.error().notes)
        all += " / " + note;
    return all;
}

std::vector<std::string> unset(const Planned& planned) {
    std::vector<std::string> all;
    for (const UnsetVariable& variable : planned.target().unset) {
        Error error{.message = "variable $" + variable.name + " is not set"};
        all.push_back(shown(std::move(error).at(planned.file->source, variable.where)));
    }
    return all;
}

std::vector<std::string> history(std::string_view text, const Given& given) {
    const Planned planned = plan_text(text, given);
    std::vector<std::string> entries;
    for (const Step& step : planned.target().steps)
        if (step.has_history) entries.push_back(step.created_by);
    return entries;
}

std::string shown(const Origin& origin) {
    if (const auto* stage = std::get_if<FromStage>(&origin))
        return fmt::format("stage {}", stage->index);
    if (const auto* image = std::get_if<FromImage>(&origin))
        return fmt::format("image {} {}", image->name.familiar(), image->platform.str());
    if (const auto* context = std::get_if<FromContext>(&origin)) return "context " + context->name;
    return "scratch";
}

} // namespace mybuild::plan::test
