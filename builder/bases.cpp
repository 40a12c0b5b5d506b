#include "builder/bases.hpp"

#include "builder/import.hpp"
#include "builder/plan/references.hpp"
#include "cache/store.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild {
namespace {

constexpr std::size_t max_manifest = std::size_t{4} * 1024 * 1024; // as registries allow

/// Where a reachable stage names an image.
struct Place {
    std::size_t stage = 0;
    Span span = {};
    std::string text = {}; ///< the name as it was written, or as it came from variables
};

bool is_image(const plan::Origin& origin, const plan::FromImage& image) {
    const auto* from = std::get_if<plan::FromImage>(&origin);
    return from != nullptr && *from == image;
}

/// The --from or from= of an instruction that names the image.
std::optional<Place> place_in(const Session& session, std::size_t stage,
                              const Instruction& instruction, const plan::FromImage& image) {
    const auto references = plan::references_of(session.file, instruction);
    if (!references) return std::nullopt;
    for (const auto& reference : *references) {
        const auto origin =
            plan::resolve_reference(session.graph, reference.text, reference.kind, image.platform);
        if (origin && is_image(*origin, image)) return Place{stage, reference.span, reference.text};
    }
    return std::nullopt;
}

/// The FROM that names the image, or else what copies or mounts from it. What a trigger names
/// stands at the FROM that runs it.
Place place_of(const Session& session, const plan::FromImage& image) {
    auto name = image.name.familiar();
    if (name.ends_with(":latest")) name.resize(name.rfind(':'));
    std::optional<Place> found;
    for (std::size_t stage = 0; stage < session.graph.stages.size(); ++stage) {
        const auto& node = session.graph.stages[stage];
        const auto from = node.ast->base().image.span;
        if (!node.reachable) continue;
        if (is_image(node.base, image)) return {stage, from, name};
        if (found) continue;
        for (const auto& instruction : node.ast->instructions)
            if (!found) found = place_in(session, stage, instruction, image);
        const bool by_trigger = std::ranges::find(node.images, image) != node.images.end();
        if (!found && by_trigger) found = Place{stage, from, name};
    }
    return found.value_or(Place{});
}

Error at_place(const Session& session, const plan::FromImage& image, Error error) {
    const auto place = place_of(session, image);
    if (auto hint = plan::stage_hint(session.graph, place.stage, place.text); !hint.empty())
        error.hint = std::move(hint);
    return session.located(std::move(error), place.span);
}

/// `FROM c69984ff0683`: an id of an image in the store, as Docker allows.
Result<std::optional<StoredImage>> image_by_id(Store& store, const plan::FromImage& image) {
    constexpr std::string_view library = "library/";
    constexpr std::size_t fewest_digits = 12;
    const auto& repository = image.name.repository;
    if (image.name.registry != "docker.io" || !repository.starts_with(library)) return std::nullopt;
    const auto hex = repository.substr(library.size());
    if (hex.size() < fewest_digits || hex.find_first_not_of("0123456789abcdef") != hex.npos)
        return std::nullopt;
    return store.images().by_prefix(hex);
}

Result<StoredImage> resolve_one(Session& session, const plan::FromImage& image,
                                std::stop_token stop) {
    if (!image.layout.empty()) {
        const auto& spec = session.graph.named.at(image.layout);
        auto found = load_layout_image(session.ports.store, session.ports.layers, spec.text,
                                       spec.selector, image.platform, std::move(stop));
        if (!found)
            return fail(std::move(found).error().in(fmt::format("build context {}", image.layout)));
        return found;
    }
    auto& images = session.ports.store.images();
    TRY_ASSIGN(auto known, images.by_tag(image.name));
    if (!known) {
        TRY_ASSIGN(auto by_id, image_by_id(session.ports.store, image));
        if (by_id) return std::move(*by_id);
    }
    if (known && !session.request.pull) return std::move(*known);
    const StepRef ref{place_of(session, image).stage, 0};
    TRY(session.ports.pull_image(
        image,
        [&](const std::string& what, std::uint64_t current, std::uint64_t total) {
            session.events.send(event::StepProgress{ref, what, current, total});
        },
        std::move(stop)));
    TRY_ASSIGN(auto pulled, images.by_tag(image.name));
    if (!pulled) {
        return fail({ErrorCode::internal,
                     fmt::format("{} was pulled but is not in the store", image.name.familiar())});
    }
    return std::move(*pulled);
}

} // namespace

Result<std::optional<StoredImage>> known_image(Store& store, const plan::FromImage& image) {
    TRY_ASSIGN(auto known, store.images().by_tag(image.name));
    if (known) return known;
    return image_by_id(store, image);
}

namespace {

Status resolve_known(Session& session, const std::stop_token& stop) {
    for (const auto& image : session.graph.images) {
        if (session.images.contains(image_key(image))) continue;
        auto found = resolve_one(session, image, stop);
        if (!found) return fail(at_place(session, image, std::move(found).error()));
        session.images.emplace(image_key(image), std::move(*found));
    }
    return {};
}

} // namespace

Status resolve_images(Session& session, std::stop_token stop) {
    auto& graph = session.graph;
    std::vector<bool> looked_at(graph.stages.size());
    for (bool again = true; again;) {
        TRY(resolve_known(session, stop));
        again = false;
        // Triggers of a base may copy from stages and images that nothing else needs.
        for (std::size_t stage = 0; stage < graph.stages.size(); ++stage) {
            const auto* from = std::get_if<plan::FromImage>(&graph.stages[stage].base);
            if (from == nullptr || !graph.stages[stage].reachable || looked_at[stage]) continue;
            looked_at[stage] = true;
            TRY_ASSIGN(const auto config, oci::parse_config(session.image(*from).config));
            if (config.on_build.empty()) continue;
            TRY(plan::add_trigger_needs(session.file, graph, stage, config.on_build,
                                        session.options));
            again = true;
        }
    }
    return {};
}

Result<LayerStack> image_layers(Store& store, LayerStore& layers, const StoredImage& image,
                                std::stop_token stop) {
    TRY_ASSIGN(const auto config, oci::parse_config(image.config));
    std::optional<Digest> chain;
    for (const auto& diff_id : config.diff_ids)
        chain = oci::chain_id(chain, diff_id);
    if (!chain) return LayerStack{};
    TRY_ASSIGN(auto stack, layers.stack(*chain));
    if (stack) return std::move(*stack);

    // Built images have their layers in the store; what is missing is that of a pulled one.
    if (image.manifest.media_type.empty()) {
        return fail({ErrorCode::corrupt,
                     fmt::format("the layers of image {} are gone from the store", image.id.str()),
                     {},
                     "build that image again"});
    }
    TRY_ASSIGN(const auto json, store.blobs().read(image.manifest.digest, max_manifest));
    TRY_ASSIGN(const auto manifest, oci::parse_manifest(json));
    if (manifest.layers.size() != config.diff_ids.size()) {
        return fail({ErrorCode::corrupt,
                     fmt::format("image {}: {} layers in its manifest, {} in its config",
                                 image.id.str(), manifest.layers.size(), config.diff_ids.size())});
    }
    std::vector<LayerBlob> blobs;
    for (std::size_t i = 0; i < config.diff_ids.size(); ++i)
        blobs.push_back({config.diff_ids[i], manifest.layers[i]});
    return layers.import_all(blobs, std::move(stop));
}

} // namespace mybuild
