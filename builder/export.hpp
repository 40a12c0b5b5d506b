#pragma once

#include "base/result.hpp"
#include "builder/events.hpp"
#include "cache/images.hpp"
#include "cache/layers/layer_store.hpp"
#include "image/byte_stream.hpp"
#include "image/oci/reference.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mybuild {

class Store;

/// One image in the store on its way out.
struct ExportedImage {
    StoredImage image;
    std::vector<oci::Reference> names; ///< may be empty
    /// SOURCE_DATE_EPOCH in seconds: the time of all files where the file system itself is written.
    std::optional<std::int64_t> file_time = {};
};

enum class ExportCompression : std::uint8_t { gzip, zstd, uncompressed };

/// Writes the images into one archive that is an OCI layout and a `docker load` archive at once.
/// Layers that came compressed stay as they came. The same images give the same bytes.
Status export_archive(Store& store, LayerStore& layers, const std::vector<ExportedImage>& images,
                      ExportCompression compression, ByteSink& out);

/// The root file system of an image as one tar, owners kept.
Status export_tar(Store& store, LayerStore& layers, const ExportedImage& image, ByteSink& out);

/// The root file system of an image into the directory `destination`, made where it is missing;
/// what is in it is overwritten where names are equal. As root, owners and all attributes are kept;
/// otherwise files belong to the caller.
Status export_local(Store& store, LayerStore& layers, const ExportedImage& image,
                    const std::string& destination);

} // namespace mybuild
