#pragma once

#include "builder/session.hpp"

#include <stop_token>

namespace mybuild {

/// The image that FROM or --from names, as far as the store has it: by its name, or by an id.
Result<std::optional<StoredImage>> known_image(Store& store, const plan::FromImage& image);

/// Brings every image that the reachable stages name into the store (from the store, else pulled)
/// and notes it in Session::images. Errors are located at the FROM or --from that names it.
Status resolve_images(Session& session, std::stop_token stop);

/// The layers of an image in the store, unpacked where they are not yet.
Result<LayerStack> image_layers(Store& store, LayerStore& layers, const StoredImage& image,
                                std::stop_token stop);

} // namespace mybuild
