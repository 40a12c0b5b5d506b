#pragma once

#include "base/result.hpp"
#include "cache/images.hpp"
#include "image/oci/platform.hpp"
#include "image/oci/reference.hpp"
#include "image/registry/client.hpp"

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace mybuild {

class Store;
class LayerStore;

/// An image that has come into the store, and the names it has now.
struct BroughtImage {
    StoredImage image;
    std::vector<oci::Reference> names;
};

/// Reads an OCI layout directory, an OCI archive or a docker archive into the store, unpacks its
/// layers (so that what is wrong with them is known now) and tags its images. `path`: a file or
/// directory; `-` is the descriptor `input` (which may be a pipe).
Result<std::vector<BroughtImage>> load_archive(Store& store, LayerStore& layers,
                                               const std::string& path, int input,
                                               const oci::Platform& platform,
                                               const std::stop_token& stop);

/// Brings one image of an OCI layout directory into the store, without a name. `selector`: see
/// read_layout_image().
Result<StoredImage> load_layout_image(Store& store, LayerStore& layers,
                                      const std::string& directory, const std::string& selector,
                                      const oci::Platform& platform, const std::stop_token& stop);

/// Pulls an image, unpacks its layers and tags it.
Result<BroughtImage> pull_image(Store& store, LayerStore& layers, registry::RegistryClient& client,
                                const oci::Reference& name, const oci::Platform& platform,
                                const registry::BlobProgress& progress,
                                const std::stop_token& stop);

} // namespace mybuild
