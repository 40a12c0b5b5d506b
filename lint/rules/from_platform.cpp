#include "base/render.hpp"
#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"
#include "parser/text.hpp"
#include "parser/words.hpp"

#include <fmt/format.h>

#include <set>

namespace mybuild::lint::rules {
namespace {

/// A --platform, expanded, and the names it is made of.
struct Expanded {
    std::string text;
    std::set<std::string, std::less<>> set;
    bool has_unset = false;
};

std::optional<Expanded> expand_platform(const Subject& subject, const plan::GlobalScope& scope,
                                        const Word& word) {
    Expanded result;
    auto text = expand(
        word.text,
        [&](std::string_view name) {
            auto value = scope.values.get(name);
            if (value)
                result.set.emplace(name);
            else
                result.has_unset = true;
            return value;
        },
        subject.file.directives.escape);
    if (!text) return std::nullopt;
    result.text = std::move(*text);
    return result;
}

template <class F>
void each_platform(const Subject& subject, F f) {
    if (!subject.complete) return;
    const auto scope = global_scope(subject, subject.options);
    for (const StageAst& stage : subject.file.stages) {
        const auto& platform = stage.base().platform;
        if (!platform || platform->text.empty()) continue;
        if (const auto expanded = expand_platform(subject, scope, *platform))
            f(stage, *platform, *expanded, scope);
    }
}

std::string without_flag(const Subject& subject, const StageAst& stage) {
    const From& from = stage.base();
    const auto& source = *subject.file.source;
    std::string line(source.slice(stage.from.keyword_span));
    line.append(" ").append(from.image.text);
    if (from.alias) line.append(" AS ").append(from.alias->text);
    return line;
}

void check_redundant(const Subject& subject, Report& report) {
    each_platform(subject, [&](const StageAst& stage, const Word& word, const Expanded& expanded,
                               const plan::GlobalScope& scope) {
        if (expanded.set.size() != 1 || expanded.has_unset) return;
        if (!expanded.set.contains("TARGETPLATFORM")) return;
        if (expanded.text != scope.values.get("TARGETPLATFORM")) return;
        report.add(stage.from,
                   {.message = fmt::format("Setting platform to predefined {} in FROM is redundant "
                                           "as this is the default behavior",
                                           word.text),
                    .mark = word.span,
                    .fix = without_flag(subject, stage)});
    });
}

void check_constant(const Subject& subject, Report& report) {
    each_platform(subject, [&](const StageAst& stage, const Word& word, const Expanded& expanded,
                               const plan::GlobalScope&) {
        if (!expanded.set.empty() || expanded.has_unset) return;
        const auto platform = oci::parse_platform(expanded.text);
        if (!platform) return;
        const auto& alias = stage.base().alias;
        const auto name = alias ? text::lower(alias->text) : std::string();
        if (name.find(platform->os) != name.npos || name.find(platform->architecture) != name.npos)
            return;
        report.add(stage.from,
                   {.message = fmt::format("FROM --platform flag should not use constant value {}",
                                           text::quoted(expanded.text)),
                    .mark = word.span,
                    .fix = fmt::format(
                        "{}, with --platform {} for the whole build; --platform=$BUILDPLATFORM for "
                        "a stage "
                        "of tools; or AS NAME-{} if the stage is for that platform alone",
                        without_flag(subject, stage), expanded.text, platform->architecture)});
    });
}

void check_image(const Subject& subject, Report& report) {
    if (subject.graph == nullptr) return;
    for (std::size_t index = 0; index < subject.plans.size(); ++index) {
        const auto& node = subject.graph->stages[index];
        const auto* image = std::get_if<plan::FromImage>(&node.base);
        if (image == nullptr || !subject.planned[index] || !subject.base_known[index]) continue;
        const auto& have = subject.plans[index].base_config.platform;
        const auto& wanted = image->platform;
        if (have.os == wanted.os && have.architecture == wanted.architecture) continue;
        const auto& written = node.ast->base().image.text;
        const bool is_plain = written.find('$') == written.npos;
        report.add(node.ast->from,
                   {.message = fmt::format("Base image {} was pulled with platform {}, expected {} "
                                           "for current build",
                                           is_plain ? written : image->name.familiar(),
                                           text::quoted(have.str()), text::quoted(wanted.str())),
                    .mark = node.ast->base().image.span,
                    .fix = fmt::format("a base image that exists for {}, or --platform={} if "
                                       "that is what you want",
                                       printable(wanted.str()), printable(have.str()))});
    }
}

} // namespace

const Rule redundant_target_platform{
    .name = "RedundantTargetPlatform",
    .summary = "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the "
               "default behavior",
    .url = "https://docs.docker.com/go/dockerfile/rule/redundant-target-platform/",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .run = check_redundant,
    .page = {.why = "A base image is taken for the target platform unless FROM says another one.",
             .bad = "FROM --platform=$TARGETPLATFORM alpine:3.20\n",
             .good = "FROM alpine:3.20\n",
             .more = ""}};

const Rule from_platform_flag_const_disallowed{
    .name = "FromPlatformFlagConstDisallowed",
    .summary = "FROM --platform flag should not use a constant value",
    .url = "https://docs.docker.com/go/dockerfile/rule/from-platform-flag-const-disallowed/",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .run = check_constant,
    .page = {
        .why = "With a platform in its FROM a Dockerfile makes images for that platform alone, "
               "whatever `--platform`\nsays, and their config says another one. Choose the "
               "platform when you build.",
        .bad = "FROM --platform=linux/amd64 alpine:3.20\n",
        .good = "FROM alpine:3.20\n",
        .more = "A stage whose name holds the system or the architecture (`AS build_amd64`) may "
                "do it: that is how stages\nfor several platforms are written. Stages of tools "
                "that run while building want\n`--platform=$BUILDPLATFORM`."}};

const Rule invalid_base_image_platform{
    .name = "InvalidBaseImagePlatform",
    .summary = "Base image platform does not match expected target platform",
    .url = "",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .silence = Silence::file_only,
    .run = check_image,
    .page = {.why =
                 "The base image was made for another system or processor than the image that is "
                 "built: its programs do\nnot run there. A base that exists for one platform only "
                 "is taken all the same, hence the warning.",
             .bad = "FROM registry.example.com/only-arm64:1\n",
             .good = "FROM registry.example.com/for-all:1\n",
             .more = "Known for base images that are in the store: always in a build, and under "
                     "`--check` after `mybuild pull`."}};

} // namespace mybuild::lint::rules
