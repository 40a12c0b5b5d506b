#pragma once

#include "image/blob_source.hpp"
#include "image/byte_stream.hpp"
#include "image/oci/oci.hpp"
#include "image/oci/reference.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

/// Files that hold whole images.
namespace mybuild {

/// One image to be written into an archive.
struct ArchiveImage {
    oci::Descriptor manifest;           ///< of manifest_json; its platform goes into the index
    std::string manifest_json;          ///< exact bytes
    std::string config_json;            ///< exact bytes
    oci::Manifest parsed;               ///< of manifest_json
    std::vector<oci::Reference> names;  ///< may be empty: an image without a name
    std::optional<std::string> created; ///< RFC 3339, for the index
};

struct ArchiveOptions {
    bool docker_manifest = true; ///< also write manifest.json, which `docker load` reads
};

/// Writes a tar that is an OCI layout (image-spec, image-layout.md) and a `docker load` archive at
/// once: blobs/ (each once, by name), index.json (one entry for every name of an image: ref.name
/// its tag, io.containerd.image.name its canonical name), manifest.json (RepoTags: familiar names),
/// oci-layout. Deterministic: times and owners 0. Layers are read from `layers`; one of another
/// size than its descriptor says is ErrorCode::corrupt.
Status write_oci_archive(std::span<const ArchiveImage> images, BlobSource& layers, ByteSink& out,
                         const ArchiveOptions& options = {});

/// One image found in an archive; its blobs are in the sink.
struct ImportedImage {
    oci::Descriptor manifest;          ///< of the image manifest (never an index)
    std::vector<oci::Reference> names; ///< may be empty
};

/// Reads the images of an OCI layout directory, an OCI archive or a docker archive (tar, also
/// compressed) and puts their blobs into `sink`, every one checked against its digest. Of an index
/// with several platforms the one that fits `wanted` is taken. For a docker archive, which has no
/// OCI manifest, one is composed. Is it both, index.json counts (as containerd does); names come
/// from io.containerd.image.name, else from ref.name if that is a full name, else from RepoTags.
/// Errors: ErrorCode::corrupt for damaged or inconsistent content (naming the blob), not_found for
/// a path that is not there, invalid for something that is no image archive, unsupported if there
/// is no image for `wanted`.
Result<std::vector<ImportedImage>> read_archive(const std::string& path, BlobSink& sink,
                                                const oci::Platform& wanted);

/// The same from a descriptor that may be a pipe; `name` stands in errors. Does not own `fd`. Of a
/// pipe or a compressed file all blobs end up in the sink, also those no image needs.
Result<std::vector<ImportedImage>> read_archive(int fd, std::string_view name, BlobSink& sink,
                                                const oci::Platform& wanted);

/// Puts one image of an OCI layout directory into `sink`. `selector` is `@DIGEST` of a manifest or
/// index, or `:TAG` as the layout's index names it; empty: `latest`, or else the only image. Of an
/// index the image for `wanted` is taken. Errors: as read_archive(), and not_found, with what there
/// is, for an image that is not there.
Result<ImportedImage> read_layout_image(const std::string& directory, std::string_view selector,
                                        BlobSink& sink, const oci::Platform& wanted);

} // namespace mybuild
