#pragma once

#include "base/fs.hpp"
#include "image/archive.hpp"
#include "image/byte_stream_io.hpp"
#include "image/layer_tar_header.hpp"
#include "tests/unit/image/layer_tar_support.hpp"

#include <fmt/format.h>

#include <map>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace mybuild::test {

/// A descriptor of an unnamed file with these bytes, at offset 0.
inline Fd unnamed_file(std::string_view bytes) {
    Fd fd(::memfd_create("test", MFD_CLOEXEC));
    REQUIRE(fd);
    REQUIRE(fs::write_all(fd.get(), bytes));
    REQUIRE(::lseek(fd.get(), 0, SEEK_SET) == 0);
    return fd;
}

/// Blobs in memory, as strict as a store.
class MemoryBlobs final : public BlobSource, public BlobSink {
  public:
    Result<Fd> open(const Digest& digest) override {
        const auto found = blobs.find(digest);
        if (found == blobs.end())
            return fail(Error{.code = ErrorCode::not_found, .message = "no such blob"});
        return unnamed_file(found->second);
    }
    bool has(const Digest& digest) override { return blobs.contains(digest); }
    Result<std::unique_ptr<BlobWriter>> begin() override { return std::make_unique<Writer>(*this); }

    Digest put(const std::string& bytes) {
        const auto digest = Digest::of(bytes);
        blobs[digest] = bytes;
        return digest;
    }

    std::map<Digest, std::string> blobs;

  private:
    class Writer final : public BlobWriter {
      public:
        explicit Writer(MemoryBlobs& owner) : m_owner(owner) {}
        Status write(std::span<const std::byte> bytes) override {
            m_bytes.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
            return {};
        }
        Result<oci::Descriptor> commit(const oci::Descriptor* expected) override {
            oci::Descriptor blob;
            blob.digest = Digest::of(m_bytes);
            blob.size = m_bytes.size();
            if (expected != nullptr &&
                (blob.digest != expected->digest || blob.size != expected->size))
                return fail(Error{.code = ErrorCode::corrupt, .message = "wrong digest or size"});
            m_owner.blobs[blob.digest] = m_bytes;
            return blob;
        }

      private:
        MemoryBlobs& m_owner;
        std::string m_bytes;
    };
};

/// An image with these layers (plain tars), its layers in `blobs`.
inline ArchiveImage make_image(MemoryBlobs& blobs, const std::vector<std::string>& layers,
                               const std::vector<std::string>& names,
                               const oci::Platform& platform = {}) {
    ArchiveImage image;
    oci::ImageConfig config;
    config.platform = platform;
    image.parsed.media_type = oci::media_type::manifest;
    for (const auto& layer : layers) {
        oci::Descriptor descriptor;
        descriptor.media_type = oci::media_type::layer;
        descriptor.digest = blobs.put(layer);
        descriptor.size = layer.size();
        config.diff_ids.push_back(descriptor.digest);
        image.parsed.layers.push_back(std::move(descriptor));
    }
    image.config_json = oci::write_config(config);
    image.parsed.config.media_type = oci::media_type::config;
    image.parsed.config.digest = Digest::of(image.config_json);
    image.parsed.config.size = image.config_json.size();
    image.manifest_json = oci::write_manifest(image.parsed);
    image.manifest.media_type = oci::media_type::manifest;
    image.manifest.digest = Digest::of(image.manifest_json);
    image.manifest.size = image.manifest_json.size();
    image.manifest.platform = platform;
    for (const auto& name : names)
        image.names.push_back(*oci::parse_reference(name));
    return image;
}

/// Files of an archive in order; a content beginning with `->` is a symbolic link.
using FileList = std::vector<std::pair<std::string, std::string>>;

inline std::string tar_of(const FileList& files) {
    std::string out;
    for (const auto& [name, content] : files) {
        if (content.starts_with("->")) {
            const auto link = content.substr(2);
            REQUIRE(tar::append_header(out, {.name = name, .type = '2', .link = link}));
            continue;
        }
        REQUIRE(tar::append_header(out, {.name = name, .size = content.size()}));
        out += content;
        out.append(tar::padding(content.size()), '\0');
    }
    out.append(1024, '\0');
    return out;
}

inline Result<std::vector<ImportedImage>> import_from(std::string_view archive, MemoryBlobs& sink,
                                                      const oci::Platform& wanted = {}) {
    const auto fd = unnamed_file(archive);
    return read_archive(fd.get(), "image.tar", sink, wanted);
}

inline std::vector<std::string> names_of(const ImportedImage& image) {
    std::vector<std::string> names;
    for (const auto& name : image.names)
        names.push_back(name.canonical());
    return names;
}

} // namespace mybuild::test
