#include "builder/ops/copy_sources.hpp"

#include "builder/bases.hpp"
#include "builder/copy/stage_tree.hpp"

#include <fmt/format.h>

namespace mybuild::ops {
namespace {

Result<LayerStack> layers_of(const Session& session, const plan::Origin& origin,
                             std::stop_token stop) {
    if (const auto* image = std::get_if<plan::FromImage>(&origin))
        return image_layers(session.ports.store, session.ports.layers, session.image(*image),
                            std::move(stop));
    const auto* stage = std::get_if<plan::FromStage>(&origin);
    if (stage == nullptr || !session.states[stage->index].chain) return LayerStack{};
    TRY_ASSIGN(auto stack, session.ports.layers.stack(*session.states[stage->index].chain));
    if (stack) return std::move(*stack);
    return fail({ErrorCode::corrupt,
                 "a layer of the stage to copy from is gone from the store",
                 {},
                 "build with --no-cache to make it again"});
}

std::string name_of(const Session& session, const plan::Origin& origin) {
    if (const auto* image = std::get_if<plan::FromImage>(&origin))
        return "image " + image->name.familiar();
    const auto* stage = std::get_if<plan::FromStage>(&origin);
    if (stage == nullptr) return "empty image scratch";
    const auto& name = session.graph.stages[stage->index].name;
    return name.empty() ? fmt::format("stage {}", stage->index) : "stage " + name;
}

} // namespace

Result<SourceLayers> open_layers(const Session& session, const plan::Origin& origin,
                                 std::stop_token stop) {
    TRY_ASSIGN(auto layers, layers_of(session, origin, std::move(stop)));
    return SourceLayers{std::move(layers), {name_of(session, origin)}};
}

SourceTree* context_of(const Session& session, const std::optional<plan::Origin>& from) {
    if (!from) return session.context.get();
    const auto* context = std::get_if<plan::FromContext>(&*from);
    return context == nullptr ? nullptr : session.named.at(context->name).get();
}

Result<std::shared_ptr<SourceTree>> open_source(const Session& session, const plan::Origin& origin,
                                                std::stop_token stop) {
    if (const auto* context = std::get_if<plan::FromContext>(&origin))
        return session.named.at(context->name);
    TRY_ASSIGN(auto source, open_layers(session, origin, std::move(stop)));
    return std::make_shared<StageTree>(session.ports.layers, std::move(source.layers),
                                       std::move(source.label));
}

void warn_unmatched(Session& session, const plan::CopyOp& op,
                    const std::vector<SelectedSource>& selected, std::string_view where) {
    for (const auto number : unmatched_sources(op, selected)) {
        auto warning = Error{ErrorCode::not_found,
                             fmt::format("{} matches nothing in the {}", op.sources[number], where)}
                           .with_hint("nothing is copied for it, as with Docker");
        session.events.send(
            event::Warning{session.located(std::move(warning), op.source_spans.at(number))});
    }
}

} // namespace mybuild::ops
