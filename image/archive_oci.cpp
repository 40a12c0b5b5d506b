#include "base/render.hpp"
#include "image/archive_import.hpp"

#include <fmt/format.h>

#include <algorithm>

// An OCI layout (image-spec, image-layout.md): index.json names manifests or further indexes, all
// of them blobs. Nothing in it is believed before its digest is found right.
namespace mybuild::archive {

namespace {

// An index of indexes of platforms is the deepest we know of.
constexpr int max_depth = 4;

std::string blob_name(const Digest& digest) {
    return "blobs/sha256/" + digest.hex();
}

/// A JSON blob, checked against its descriptor.
Result<std::string> read_blob(Files& files, const oci::Descriptor& blob, std::size_t limit) {
    TRY_ASSIGN(auto text, files.read(blob_name(blob.digest), limit));
    if (!text) return fail(missing(blob));
    if (text->size() != blob.size || Digest::of(*text) != blob.digest) {
        return fail(
            Error{.code = ErrorCode::corrupt,
                  .message = fmt::format("the blob {} is damaged: it does not have the digest "
                                         "and the {} bytes it should have",
                                         blob.digest.str(), blob.size)});
    }
    return std::move(*text);
}

Status store_blob(Files& files, BlobSink& sink, const oci::Descriptor& blob) {
    if (sink.has(blob.digest)) return {};
    auto stored = files.store(blob_name(blob.digest), sink, &blob);
    if (!stored) return fail(std::move(stored).error().in("blob " + blob.digest.str()));
    if (!*stored) return fail(missing(blob));
    return {};
}

std::string annotation(const oci::Descriptor& descriptor, const char* key) {
    const auto found = descriptor.annotations.find(key);
    return found == descriptor.annotations.end() ? std::string() : found->second;
}

/// The name that an entry of index.json gives its image, as containerd and others read it.
std::optional<oci::Reference> name_of(const oci::Descriptor& descriptor) {
    if (auto name = oci::parse_reference(annotation(descriptor, "io.containerd.image.name")))
        return std::move(*name);
    // Often only a tag; a whole name has a registry or a tag of its own.
    const auto text = annotation(descriptor, "org.opencontainers.image.ref.name");
    if (text.find_first_of("/:") == std::string::npos) return std::nullopt;
    if (auto name = oci::parse_reference(text)) return std::move(*name);
    return std::nullopt;
}

bool is_attestation(const oci::Descriptor& descriptor) {
    return descriptor.annotations.contains("vnd.docker.reference.type") ||
           (descriptor.platform && descriptor.platform->os == "unknown");
}

tl::unexpected<Error> no_platform(const oci::Index& index, const oci::Platform& wanted) {
    std::string have;
    for (const oci::Descriptor& descriptor : index.manifests) {
        if (descriptor.platform && !is_attestation(descriptor))
            have += (have.empty() ? "" : ", ") + printable(descriptor.platform->str());
    }
    return fail(Error{.code = ErrorCode::unsupported,
                      .message = fmt::format("the archive has no image for {}", wanted.str()),
                      .hint = have.empty() ? std::string() : "it has images for " + have});
}

/// Follows indexes down to the manifest for `wanted`.
Result<oci::Descriptor> find_manifest(Files& files, oci::Descriptor descriptor,
                                      const oci::Platform& wanted) {
    for (int depth = 0; oci::is_index(descriptor.media_type); ++depth) {
        if (depth == max_depth) {
            return fail(Error{.code = ErrorCode::corrupt,
                              .message = fmt::format("the index {} is nested too deep",
                                                     descriptor.digest.str())});
        }
        TRY_ASSIGN(const auto text, read_blob(files, descriptor, max_json));
        TRY_ASSIGN(const auto index, oci::parse_index(text));
        const oci::Descriptor* chosen = oci::choose_platform(index, wanted);
        if (chosen == nullptr) return no_platform(index, wanted);
        descriptor = *chosen;
    }
    return descriptor;
}

struct Found {
    ImportedImage image;
    Digest config; ///< by which manifest.json knows it
};

Result<Found> import_manifest(Files& files, BlobSink& sink, const oci::Descriptor& descriptor) {
    TRY_ASSIGN(const auto text, read_blob(files, descriptor, max_json));
    TRY_ASSIGN(const auto manifest, oci::parse_manifest(text));
    const auto& type = manifest.config.media_type;
    if (type != oci::media_type::config && type != oci::media_type::docker_config) {
        return fail(Error{.code = ErrorCode::unsupported,
                          .message = fmt::format("{} is no image but holds {}",
                                                 descriptor.digest.str(), printable(type))});
    }
    TRY_ASSIGN(const auto config_text, read_blob(files, manifest.config, max_config));
    TRY_ASSIGN(const auto config, oci::parse_config(config_text));
    if (config.diff_ids.size() != manifest.layers.size()) {
        return fail(Error{.code = ErrorCode::corrupt,
                          .message = fmt::format("the manifest {} has {} layers and its config {}",
                                                 descriptor.digest.str(), manifest.layers.size(),
                                                 config.diff_ids.size())});
    }
    for (const oci::Descriptor& layer : manifest.layers)
        TRY(store_blob(files, sink, layer));
    TRY(store_bytes(sink, config_text, manifest.config));
    TRY(store_bytes(sink, text, descriptor));
    Found found;
    found.image.manifest.media_type = manifest.media_type;
    found.image.manifest.digest = descriptor.digest;
    found.image.manifest.size = descriptor.size;
    found.image.manifest.platform = config.platform;
    found.config = manifest.config.digest;
    return found;
}

/// Entries of index.json with one name: the same image for several platforms, as some tools write
/// it.
struct Candidates {
    std::optional<oci::Reference> name;
    oci::Index entries;
};

std::vector<Candidates> by_name(const oci::Index& index) {
    std::vector<Candidates> groups;
    for (const oci::Descriptor& descriptor : index.manifests) {
        if (is_attestation(descriptor)) continue;
        const auto name = name_of(descriptor);
        const auto same = std::ranges::find_if(
            groups, [&](const Candidates& group) { return group.name == name; });
        Candidates& group = same == groups.end() ? groups.emplace_back() : *same;
        group.name = name;
        group.entries.manifests.push_back(descriptor);
    }
    return groups;
}

/// The entries of a group to import. A single one is wanted whatever its platform; of several with
/// one name, the best; of several without a name, all that fit.
Result<std::vector<oci::Descriptor>> choose(const Candidates& group, const oci::Platform& wanted) {
    const auto& entries = group.entries.manifests;
    if (entries.size() == 1) return entries;
    if (group.name) {
        const auto* chosen = oci::choose_platform(group.entries, wanted);
        if (chosen == nullptr) return no_platform(group.entries, wanted);
        return std::vector{*chosen};
    }
    std::vector<oci::Descriptor> fitting;
    std::ranges::copy_if(entries, std::back_inserter(fitting), [&](const oci::Descriptor& entry) {
        return !entry.platform || oci::match_quality(*entry.platform, wanted) > 0;
    });
    if (fitting.empty()) return no_platform(group.entries, wanted);
    return fitting;
}

void add_image(std::vector<Found>& images, Found found, const std::optional<oci::Reference>& name) {
    const auto same = std::ranges::find_if(images, [&](const Found& image) {
        return image.image.manifest.digest == found.image.manifest.digest;
    });
    Found& image = same == images.end() ? images.emplace_back(std::move(found)) : *same;
    if (name) image.image.names.push_back(*name);
}

void add_docker_names(Found& found, const std::vector<DockerImage>& docker) {
    if (!found.image.names.empty()) return;
    for (const DockerImage& image : docker) {
        if (image.config == blob_name(found.config)) found.image.names = image.names;
    }
}

/// What an entry of index.json is called in its layout: a tag, or a whole name.
std::string layout_tag(const oci::Descriptor& entry) {
    return annotation(entry, "org.opencontainers.image.ref.name");
}

bool has_tag(const oci::Descriptor& entry, std::string_view tag) {
    const auto name = layout_tag(entry);
    return name == tag || name.ends_with(fmt::format(":{}", tag));
}

Error no_such_image(const oci::Index& index, std::string_view selector) {
    std::string have;
    for (const oci::Descriptor& entry : index.manifests) {
        if (is_attestation(entry)) continue;
        const auto tag = layout_tag(entry);
        have += (have.empty() ? "" : ", ") +
                (tag.empty() ? "@" + entry.digest.str() : printable(":" + tag));
    }
    return Error{.code = ErrorCode::not_found,
                 .message = selector.empty() ? "the OCI layout has several images or none"
                                             : fmt::format("the OCI layout has no image {}",
                                                           printable(selector)),
                 .hint = have.empty() ? std::string() : "it has " + have};
}

/// The entries of index.json that a selector means: several are one image for several platforms.
Result<oci::Index> select_entries(const oci::Index& index, std::string_view selector) {
    oci::Index selected;
    const auto take = [&](const auto& fits) {
        std::ranges::copy_if(
            index.manifests, std::back_inserter(selected.manifests),
            [&](const auto& entry) { return !is_attestation(entry) && fits(entry); });
    };
    if (selector.starts_with('@')) {
        TRY_ASSIGN(const auto digest, Digest::parse(selector.substr(1)));
        take([&](const oci::Descriptor& entry) { return entry.digest == digest; });
    } else {
        const auto tag = selector.empty() ? std::string_view("latest") : selector.substr(1);
        take([&](const oci::Descriptor& entry) { return has_tag(entry, tag); });
        if (selected.manifests.empty() && selector.empty())
            take([](const oci::Descriptor&) { return true; });
    }
    if (selected.manifests.empty()) return fail(no_such_image(index, selector));
    return selected;
}

} // namespace

Result<ImportedImage> import_oci_image(Files& files, BlobSink& sink, const oci::Platform& wanted,
                                       std::string_view selector) {
    TRY_ASSIGN(const auto text, files.read("index.json", max_json));
    if (!text) {
        return fail(
            Error{.code = ErrorCode::corrupt, .message = "the OCI layout has no index.json"});
    }
    TRY_ASSIGN(const auto index, oci::parse_index(*text));
    TRY_ASSIGN(const auto selected, select_entries(index, selector));
    const auto* entry = &selected.manifests.front();
    if (selected.manifests.size() > 1) {
        const bool have_platforms = std::ranges::all_of(
            selected.manifests, [](const auto& other) { return other.platform.has_value(); });
        if (!have_platforms) return fail(no_such_image(index, selector));
        entry = oci::choose_platform(selected, wanted);
        if (entry == nullptr) return no_platform(selected, wanted);
    }
    TRY_ASSIGN(const auto manifest, find_manifest(files, *entry, wanted));
    TRY_ASSIGN(auto found, import_manifest(files, sink, manifest));
    return std::move(found.image);
}

Error missing(const oci::Descriptor& blob) {
    return Error{.code = ErrorCode::corrupt,
                 .message =
                     fmt::format("the blob {} is missing in the archive", blob.digest.str())};
}

Status store_bytes(BlobSink& sink, std::string_view bytes, const oci::Descriptor& expected) {
    if (sink.has(expected.digest)) return {};
    TRY_ASSIGN(const auto writer, sink.begin());
    TRY(writer->write(std::as_bytes(std::span(bytes))));
    auto committed = writer->commit(&expected);
    if (!committed) return fail(std::move(committed).error());
    return {};
}

Result<std::vector<ImportedImage>> import_oci(Files& files, BlobSink& sink,
                                              const oci::Platform& wanted,
                                              const std::vector<DockerImage>& docker) {
    TRY_ASSIGN(const auto text, files.read("index.json", max_json));
    if (!text) {
        return fail(
            Error{.code = ErrorCode::corrupt, .message = "the OCI layout has no index.json"});
    }
    TRY_ASSIGN(const auto index, oci::parse_index(*text));
    std::vector<Found> images;
    for (const Candidates& group : by_name(index)) {
        TRY_ASSIGN(const auto chosen, choose(group, wanted));
        for (const oci::Descriptor& entry : chosen) {
            TRY_ASSIGN(const auto manifest, find_manifest(files, entry, wanted));
            TRY_ASSIGN(auto found, import_manifest(files, sink, manifest));
            add_image(images, std::move(found), group.name);
        }
    }
    std::vector<ImportedImage> imported;
    for (Found& found : images) {
        add_docker_names(found, docker);
        imported.push_back(std::move(found.image));
    }
    return imported;
}

} // namespace mybuild::archive
