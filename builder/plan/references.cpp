#include "builder/plan/references.hpp"

#include "base/render.hpp"
#include "parser/mount.hpp"
#include "parser/parse.hpp"
#include "parser/suggest.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <charconv>

namespace mybuild::plan {

namespace {

constexpr std::string_view scratch = "scratch";

/// Go's Atoi: a sign and digits. Too large a number is one all the same.
std::optional<long> stage_index(std::string_view text) {
    const auto digits = text.substr(text.starts_with('-') || text.starts_with('+') ? 1 : 0);
    if (digits.empty() || digits.find_first_not_of("0123456789") != digits.npos)
        return std::nullopt;
    if (text.starts_with('+')) text = digits;
    long value = -1;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    return read.ec == std::errc() ? value : -1;
}

/// Names of the stages, for suggestions.
std::vector<std::string_view> stage_names(std::span<const StageNode> stages) {
    std::vector<std::string_view> names;
    for (const StageNode& stage : stages)
        if (!stage.name.empty()) names.push_back(stage.name);
    return names;
}

Result<Origin> resolve_index(std::span<const StageNode> stages, long index, std::string_view text) {
    if (index >= 0 && static_cast<std::size_t>(index) < stages.size())
        return FromStage{static_cast<std::size_t>(index)};
    return fail(Error{.code = ErrorCode::invalid,
                      .message = fmt::format("invalid stage index {}", printable(text)),
                      .hint = stages.size() == 1 ? "the Dockerfile has one stage, number 0"
                                                 : fmt::format("the stages are numbered 0 to {}",
                                                               stages.size() - 1)});
}

} // namespace

Result<std::vector<Reference>> references_of(const Dockerfile& file,
                                             const Instruction& instruction) {
    std::vector<Reference> references;
    if (const auto* copy = std::get_if<Copy>(&instruction.body)) {
        if (copy->from && !copy->from->text.empty())
            references.push_back({copy->from->text, copy->from->span, FromKind::copy});
    } else if (const auto* run = std::get_if<Run>(&instruction.body)) {
        for (const Word& mount : run->mounts) {
            auto from = mount_from(mount.text);
            if (!from) return fail(std::move(from).error().at(file.source, mount.span));
            if (*from && !(*from)->empty())
                references.push_back({**from, mount.span, FromKind::mount});
        }
    }
    return references;
}

std::string display_name(std::span<const StageNode> stages, std::size_t index) {
    const std::string& name = stages[index].name;
    return name.empty() ? fmt::format("stage-{}", index) : name;
}

std::optional<std::size_t> find_stage(std::span<const StageNode> stages, std::string_view name) {
    const std::string wanted = text::lower(name);
    for (std::size_t index = stages.size(); index-- > 0 && !wanted.empty();)
        if (stages[index].name == wanted) return index;
    return std::nullopt;
}

std::optional<Origin> replacement_of(const NamedContexts& contexts, std::string_view name,
                                     const oci::Platform& platform) {
    const auto found = find_context(contexts, name, platform);
    if (found == contexts.end()) return std::nullopt;
    const auto& [key, spec] = *found;
    switch (spec.kind) {
    case ContextSpec::Kind::empty:
        return FromScratch{};
    case ContextSpec::Kind::image:
        return FromImage{.name = *spec.image, .platform = platform};
    case ContextSpec::Kind::layout:
        return FromImage{.name = {.registry = "oci-layout", .repository = key, .tag = "latest"},
                         .platform = platform,
                         .layout = key};
    default:
        return FromContext{key};
    }
}

Result<Origin> resolve_reference(const StageGraph& graph, std::string_view text, FromKind kind,
                                 const oci::Platform& platform) {
    const std::span<const StageNode> stages = graph.stages;
    if (kind == FromKind::copy)
        if (const auto index = stage_index(text)) return resolve_index(stages, *index, text);
    if (const auto index = find_stage(stages, text)) return FromStage{*index};
    if (text == scratch) return FromScratch{};
    if (auto replacement = replacement_of(graph.named, text, platform)) return *replacement;
    auto name = oci::parse_reference(text);
    if (name) return FromImage{.name = std::move(*name), .platform = platform};
    Error error = std::move(name).error();
    if (auto hint = did_you_mean(text, stage_names(stages)); !hint.empty())
        error.hint = std::move(hint);
    return fail(std::move(error));
}

Status check_order(std::span<const StageNode> stages, std::size_t current, std::size_t needed,
                   std::string_view text, FromKind kind) {
    if (needed < current) return {};
    const std::string_view verb = kind == FromKind::copy ? "copy" : "mount";
    return fail(Error{.code = ErrorCode::invalid,
                      .message = fmt::format(
                          "cannot {} from stage {}, it needs to be defined before "
                          "current stage {}",
                          verb, text::quoted(text), text::quoted(display_name(stages, current))),
                      .hint = needed == current ? "a stage cannot take files from itself"
                                                : "move that stage above this one"});
}

Error in_trigger(Error error, std::string_view text) {
    return std::move(error).in("ONBUILD trigger " + text::quoted(text.substr(0, text.find('\n'))));
}

Result<Instruction> parse_trigger(const Dockerfile& file, const Instruction& from,
                                  std::string_view text) {
    const Span where = std::get<From>(from.body).image.span;
    auto parsed = parse_instruction_text(text, where);
    if (!parsed) return fail(std::move(parsed).error().at(file.source, where));
    const bool refused = std::holds_alternative<From>(parsed->body) ||
                         std::holds_alternative<Onbuild>(parsed->body) ||
                         std::holds_alternative<Maintainer>(parsed->body);
    if (!refused) return parsed;
    Error error{.code = ErrorCode::invalid,
                .message = parsed->keyword + " isn't allowed as an ONBUILD trigger"};
    return fail(in_trigger(std::move(error).at(file.source, where), text));
}

} // namespace mybuild::plan
