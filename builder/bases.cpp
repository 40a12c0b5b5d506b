#include "builder/bases.hpp"

#include "builder/import.hpp"
#include "cache/store.hpp"

#include <fmt/format.h>

namespace mybuild {
namespace {

constexpr std::size_t max_manifest = std::size_t{4} * 1024 * 1024; // as registries allow

/// The FROM that names the image first, or the first stage that copies from it.
StepRef user_of(const Session& session, const plan::FromImage& image) {
    for (std::size_t stage = 0; stage < session.graph.stages.size(); ++stage) {
        const auto& node = session.graph.stages[stage];
        const auto* from = std::get_if<plan::FromImage>(&node.base);
        if (node.reachable && from != nullptr && *from == image) return {stage, 0};
    }
    return {};
}

Error at_from(const Session& session, const plan::FromImage& image, Error error) {
    for (const auto& node : session.graph.stages) {
        const auto* from = std::get_if<plan::FromImage>(&node.base);
        if (from != nullptr && *from == image)
            return std::move(error).at(session.file.source, node.ast->base().image.span);
    }
    return error;
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
    if (!known && image.name.registry == "docker.io" &&
        image.name.repository.starts_with("library/")) {
        // `FROM c69984ff0683`: an id of an image in the store, as Docker allows.
        const auto hex = image.name.repository.substr(std::string_view("library/").size());
        if (hex.size() >= 12 && hex.find_first_not_of("0123456789abcdef") == std::string::npos) {
            TRY_ASSIGN(known, images.by_prefix(hex));
            if (known) return std::move(*known);
        }
    }
    if (known && !session.request.pull) return std::move(*known);
    const auto ref = user_of(session, image);
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

Status resolve_images(Session& session, std::stop_token stop) {
    for (const auto& image : session.graph.images) {
        auto found = resolve_one(session, image, stop);
        if (!found) return fail(at_from(session, image, std::move(found).error()));
        session.images.emplace(image_key(image), std::move(*found));
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
