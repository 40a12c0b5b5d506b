#pragma once

#include "image/archive.hpp"
#include "image/archive_files.hpp"

#include <map>
#include <string>
#include <vector>

/// The steps of read_archive().
namespace mybuild::archive {

/// One image of manifest.json (docker save's format).
struct DockerImage {
    std::string config;              ///< clean name of the config's file
    std::vector<std::string> layers; ///< clean names, bottom first
    std::vector<oci::Reference> names;
};

/// The images of a manifest.json. ErrorCode::corrupt: wrong JSON, names that lead out of the
/// archive, tags that are no image names.
Result<std::vector<DockerImage>> parse_docker_manifest(std::string_view json);

/// Puts the images of an OCI layout into the sink. `docker`: what manifest.json says beside it.
Result<std::vector<ImportedImage>> import_oci(Files& files, BlobSink& sink,
                                              const oci::Platform& wanted,
                                              const std::vector<DockerImage>& docker);

/// Puts one image of an OCI layout into the sink: see read_layout_image().
Result<ImportedImage> import_oci_image(Files& files, BlobSink& sink, const oci::Platform& wanted,
                                       std::string_view selector);

/// Puts the images of a docker archive into the sink and composes their manifests.
Result<std::vector<ImportedImage>> import_docker(Files& files, BlobSink& sink,
                                                 const std::vector<DockerImage>& images);

/// A blob we have at hand, into the sink.
Status store_bytes(BlobSink& sink, std::string_view bytes, const oci::Descriptor& expected);

[[nodiscard]] Error missing(const oci::Descriptor& blob);

} // namespace mybuild::archive
