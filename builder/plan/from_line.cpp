#include "builder/plan/from_line.hpp"

#include "base/render.hpp"
#include "builder/plan/expansion.hpp"
#include "builder/plan/references.hpp"
#include "parser/suggest.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

namespace mybuild::plan {

namespace {

/// `--platform`, expanded. What a single word leaves open is as on the machine that builds.
Result<oci::Platform> read_platform(const Word& written, const std::string& text,
                                    const oci::Platform& machine) {
    if (text.empty())
        return fail(
            Error{.code = ErrorCode::invalid,
                  .message = "empty platform value from expression " + printable(written.text),
                  .hint = "give the ARG a value, or leave --platform out"});
    TRY_ASSIGN(auto platform, oci::parse_platform(text));
    if (text.find('/') != text.npos) return platform;
    const bool is_system =
        text::equal_ignoring_case(text, platform.os) || text::equal_ignoring_case(text, "macos");
    if (!is_system) return oci::parse_platform(machine.os + "/" + text);
    platform.architecture = machine.architecture;
    platform.variant = machine.variant;
    return platform;
}

Result<Origin> resolve_base(const Word& written, const std::string& name,
                            const oci::Platform& platform, std::span<const StageNode> above,
                            const NamedContexts& contexts) {
    if (name.empty())
        return fail(Error{
            .code = ErrorCode::invalid,
            .message = fmt::format("base name ({}) should not be blank", printable(written.text)),
            .hint = "give the ARG a value: with --build-arg, or behind its name"});
    if (const auto index = find_stage(above, name)) return FromStage{*index};
    if (name == "scratch") return FromScratch{};
    if (auto replacement = replacement_of(contexts, name, platform)) return *replacement;
    auto image = oci::parse_reference(name);
    if (image) return FromImage{.name = std::move(*image), .platform = platform};
    Error error = std::move(image).error();
    std::vector<std::string_view> names = {"scratch"};
    for (const StageNode& stage : above)
        if (!stage.name.empty()) names.push_back(stage.name);
    if (auto hint = did_you_mean(name, names); !hint.empty()) error.hint = std::move(hint);
    return fail(std::move(error));
}

/// A FROM line that fails is more likely wrong by a variable that nobody set, if there is one.
Error blame_unset(Error error, std::span<const UnsetVariable> unset) {
    if (unset.empty()) return error;
    error.notes.push_back(fmt::format("variable ${} is not set", printable(unset.front().name)));
    error.hint = unset.front().hint;
    return error;
}

/// The platform of a stage on this base, and what the stage needs because of it.
void settle_base(StageNode& stage, std::span<const StageNode> above,
                 const oci::Platform& target_platform) {
    if (const auto* image = std::get_if<FromImage>(&stage.base)) {
        stage.images.push_back(*image);
    } else if (const auto* parent = std::get_if<FromStage>(&stage.base)) {
        stage.platform = above[parent->index].platform;
        stage.needs.push_back(parent->index);
    } else if (const auto* context = std::get_if<FromContext>(&stage.base)) {
        stage.contexts.push_back(context->name);
    } else {
        stage.platform = target_platform;
    }
}

/// Fills in what the stage stands on.
Status find_base(const Dockerfile& file, const PlanOptions& options, GlobalScope& scope,
                 std::span<const StageNode> above, StageNode& stage) {
    const From& from = stage.ast->base();
    std::vector<UnsetVariable> unset;
    Expander expander = global_expander(file, scope, unset);
    const auto located = [&](Error error, const Word& word) {
        return fail(blame_unset(std::move(error), unset).at(file.source, word.span));
    };
    TRY_ASSIGN(const auto name, expander.word(from.image));
    if (from.platform) {
        TRY_ASSIGN(const auto text, expander.word(*from.platform));
        auto platform = read_platform(*from.platform, text, options.build_platform);
        if (!platform) return located(std::move(platform).error(), *from.platform);
        stage.platform = *platform;
    }
    if (auto replacement = replacement_of(options.contexts, stage.name, stage.platform)) {
        stage.base = *std::move(replacement);
        stage.replaced = true;
        settle_base(stage, above, options.platform);
        return {};
    }
    auto base = resolve_base(from.image, name, stage.platform, above, options.contexts);
    if (!base) return located(std::move(base).error(), from.image);
    stage.base = *base;
    settle_base(stage, above, options.platform);
    return {};
}

} // namespace

StageNode plan_from_line(const Dockerfile& file, const PlanOptions& options, GlobalScope& scope,
                         std::span<const StageNode> above, const StageAst& ast, ErrorList& errors) {
    StageNode stage{.ast = &ast, .platform = options.platform};
    if (const auto& alias = ast.base().alias) stage.name = text::lower(alias->text);
    auto found = find_base(file, options, scope, above, stage);
    const bool follows = scope.failed.take_met();
    if (!follows) errors.take(std::move(found));
    return stage;
}

} // namespace mybuild::plan
