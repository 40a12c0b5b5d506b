#pragma once

#include "builder/session.hpp"

#include <stop_token>

namespace mybuild {

/// Brings every image that the reachable stages name into the store (from the store, else pulled)
/// and notes it in Session::images. Errors are located at the FROM or --from that names it.
Status resolve_images(Session& session, std::stop_token stop);

/// The layers of an image in the store, unpacked where they are not yet.
Result<LayerStack> image_layers(Store& store, LayerStore& layers, const StoredImage& image,
                                std::stop_token stop);

} // namespace mybuild
