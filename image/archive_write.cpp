#include "image/archive.hpp"
#include "image/byte_stream_io.hpp"
#include "image/layer_tar_header.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <map>
#include <string_view>
#include <sys/stat.h>
#include <vector>

namespace mybuild {

namespace {

constexpr std::size_t copy_size = 256 * 1024;
constexpr std::string_view layout_file = R"({"imageLayoutVersion":"1.0.0"})";

/// A blob of the archive: bytes at hand, or a layer that is copied from its source.
struct Blob {
    std::uint64_t size = 0;
    const std::string* bytes = nullptr;
};

/// Writes members of the archive; nothing in them but name, mode and size tells one build from
/// another.
class Members {
  public:
    explicit Members(ByteSink& out) : m_out(out) {}

    Status directory(std::string_view name) { return header(name, '5', 0755, 0); }

    Status file(std::string_view name, std::string_view bytes) {
        TRY(header(name, '0', 0644, bytes.size()));
        m_buffer.append(bytes);
        m_buffer.append(tar::padding(bytes.size()), '\0');
        return flush();
    }

    Status layer(const std::string& name, const Digest& digest, std::uint64_t size,
                 BlobSource& layers);

    Status end() {
        m_buffer.append(2 * tar::block_size, '\0');
        return flush();
    }

  private:
    Status header(std::string_view name, char type, std::uint32_t mode, std::uint64_t size) {
        return tar::append_header(m_buffer,
                                  {.name = name, .type = type, .mode = mode, .size = size});
    }
    Status flush() {
        TRY(m_out.write(std::as_bytes(std::span(m_buffer))));
        m_buffer.clear();
        return {};
    }

    ByteSink& m_out;
    std::string m_buffer;
};

tl::unexpected<Error> wrong_size(const Digest& digest, std::uint64_t wanted) {
    return fail(Error{.code = ErrorCode::corrupt,
                      .message = fmt::format("the layer {} does not have the {} bytes that its "
                                             "manifest says",
                                             digest.str(), wanted)});
}

Status Members::layer(const std::string& name, const Digest& digest, std::uint64_t size,
                      BlobSource& layers) {
    auto fd = layers.open(digest);
    if (!fd) return fail(std::move(fd).error().in("layer " + digest.str()));
    struct stat status = {};
    if (::fstat(fd->get(), &status) != 0)
        return fail(errno_error("reading layer " + digest.str(), errno));
    if (static_cast<std::uint64_t>(status.st_size) != size) return wrong_size(digest, size);
    TRY(header(name, '0', 0644, size));
    TRY(flush());
    FdSource source(fd->get(), "layer " + digest.str());
    std::vector<std::byte> buffer(
        static_cast<std::size_t>(std::min<std::uint64_t>(size, copy_size)));
    for (std::uint64_t left = size; left > 0;) {
        const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size()));
        TRY_ASSIGN(const auto count, source.read(std::span(buffer).first(room)));
        if (count == 0) return wrong_size(digest, size);
        TRY(m_out.write(std::span(buffer).first(count)));
        left -= count;
    }
    m_buffer.append(tar::padding(size), '\0');
    return {};
}

Status check(const ArchiveImage& image) {
    const bool consistent = Digest::of(image.manifest_json) == image.manifest.digest &&
                            image.manifest_json.size() == image.manifest.size &&
                            Digest::of(image.config_json) == image.parsed.config.digest &&
                            image.config_json.size() == image.parsed.config.size;
    if (consistent) return {};
    return fail(
        Error{.message = fmt::format("the manifest {} does not fit its digest or its config",
                                     image.manifest.digest.str())});
}

std::string blob_name(const Digest& digest) {
    return "blobs/sha256/" + digest.hex();
}

/// Names without digests, each once, in the given order.
std::vector<oci::Reference> tags_of(const ArchiveImage& image) {
    std::vector<oci::Reference> tags;
    for (oci::Reference name : image.names) {
        name.digest.reset();
        if (!name.tag.empty() && std::ranges::find(tags, name) == tags.end()) tags.push_back(name);
    }
    return tags;
}

std::string index_json(std::span<const ArchiveImage> images) {
    oci::Index index;
    index.media_type = oci::media_type::index;
    for (const ArchiveImage& image : images) {
        oci::Descriptor descriptor = image.manifest;
        if (image.created)
            descriptor.annotations["org.opencontainers.image.created"] = *image.created;
        const auto tags = tags_of(image);
        if (tags.empty()) index.manifests.push_back(descriptor);
        for (const oci::Reference& tag : tags) {
            descriptor.annotations["io.containerd.image.name"] = tag.canonical();
            descriptor.annotations["org.opencontainers.image.ref.name"] = tag.tag;
            index.manifests.push_back(descriptor);
        }
    }
    return oci::write_index(index);
}

std::string docker_manifest_json(std::span<const ArchiveImage> images) {
    using nlohmann::json;
    json list = json::array();
    for (const ArchiveImage& image : images) {
        json tags = json::array();
        for (const oci::Reference& tag : tags_of(image))
            tags.push_back(tag.familiar());
        json layers = json::array();
        for (const oci::Descriptor& layer : image.parsed.layers)
            layers.push_back(blob_name(layer.digest));
        list.push_back({{"Config", blob_name(image.parsed.config.digest)},
                        {"RepoTags", std::move(tags)},
                        {"Layers", std::move(layers)}});
    }
    return list.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace

Status write_oci_archive(std::span<const ArchiveImage> images, BlobSource& layers, ByteSink& out,
                         const ArchiveOptions& options) {
    std::map<Digest, Blob> blobs;
    for (const ArchiveImage& image : images) {
        TRY(check(image));
        blobs[image.manifest.digest] = {image.manifest.size, &image.manifest_json};
        blobs[image.parsed.config.digest] = {image.parsed.config.size, &image.config_json};
        for (const oci::Descriptor& layer : image.parsed.layers)
            blobs.try_emplace(layer.digest, Blob{layer.size, nullptr});
    }
    Members members(out);
    TRY(members.directory("blobs/"));
    TRY(members.directory("blobs/sha256/"));
    for (const auto& [digest, blob] : blobs) {
        const auto name = blob_name(digest);
        if (blob.bytes != nullptr)
            TRY(members.file(name, *blob.bytes));
        else
            TRY(members.layer(name, digest, blob.size, layers));
    }
    TRY(members.file("index.json", index_json(images)));
    if (options.docker_manifest) TRY(members.file("manifest.json", docker_manifest_json(images)));
    TRY(members.file("oci-layout", layout_file));
    return members.end();
}

} // namespace mybuild
