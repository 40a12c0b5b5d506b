#include "image/oci/oci.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace mybuild;
using namespace mybuild::oci;

namespace {

const std::string digest_a = "sha256:" + std::string(64, 'a');

Descriptor descriptor(std::string_view type, char fill, std::uint64_t size) {
    return {.media_type = std::string(type),
            .digest = *Digest::from_hex(std::string(64, fill)),
            .size = size};
}

Index index_of(std::initializer_list<const char*> platforms) {
    Index index;
    index.media_type = media_type::index;
    char fill = '0';
    for (const std::string text : platforms) {
        auto one = descriptor(media_type::manifest, fill++, 1);
        if (text == "attestation") {
            one.platform = Platform{"unknown", "unknown", ""};
            one.annotations["vnd.docker.reference.type"] = "attestation-manifest";
        } else if (!text.empty()) {
            one.platform = *parse_platform(text);
        }
        index.manifests.push_back(std::move(one));
    }
    return index;
}

} // namespace

TEST_CASE("a manifest is the same after writing and reading") {
    Manifest manifest{.media_type = std::string(media_type::manifest),
                      .config = descriptor(media_type::config, '1', 10),
                      .layers = {descriptor(media_type::layer_gzip, '2', 20),
                                 descriptor(media_type::layer_zstd, '3', 1ULL << 40)},
                      .annotations = {{"k", "v <&>"}}};
    const auto text = write_manifest(manifest);
    const auto read = parse_manifest(text);
    REQUIRE(read);
    CHECK(read->media_type == manifest.media_type);
    CHECK(read->config == manifest.config);
    CHECK(read->layers == manifest.layers);
    CHECK(read->annotations == manifest.annotations);
    CHECK(write_manifest(*read) == text);
}

TEST_CASE("an index is the same after writing and reading") {
    auto index = index_of({"linux/amd64", "linux/arm/v7", ""});
    index.annotations["org.opencontainers.image.created"] = "2024-01-01T00:00:00Z";
    const auto text = write_index(index);
    const auto read = parse_index(text);
    REQUIRE(read);
    CHECK(read->manifests == index.manifests);
    CHECK(read->annotations == index.annotations);
    CHECK(write_index(*read) == text);
}

TEST_CASE("a manifest without mediaType has the type of its config's family") {
    const auto with_config = [](std::string_view type) {
        return R"({"schemaVersion":2,"config":{"mediaType":")" + std::string(type) +
               R"(","digest":")" + digest_a + R"(","size":2},"layers":[]})";
    };
    CHECK(parse_manifest(with_config(media_type::config))->media_type == media_type::manifest);
    CHECK(parse_manifest(with_config(media_type::docker_config))->media_type ==
          media_type::docker_manifest);
}

TEST_CASE("bad manifests and indexes are errors") {
    const std::string ok = R"({"mediaType":"x","digest":")" + digest_a + R"(","size":2})";
    const auto manifest = [&](std::string config, std::string layers, std::string more = "") {
        return R"({"schemaVersion":2,"config":)" + config + R"(,"layers":)" + layers + more + "}";
    };
    REQUIRE(parse_manifest(manifest(ok, "[]")));
    const std::string bad[] = {
        "",
        "null",
        "[]",
        "{",
        "{}",
        "\xff",
        std::string(100'000, '['),
        R"({"schemaVersion":2})",
        R"({"schemaVersion":"2","config":)" + ok + R"(,"layers":[]})",
        manifest("[]", "[]"),
        manifest(ok, "null"),
        manifest(ok, "{}"),
        manifest(ok, "[1]"),
        manifest(ok, R"([{"mediaType":"x","digest":"sha256:12","size":2}])"),
        manifest(ok, R"([{"mediaType":"x","digest":")" + digest_a + R"(","size":-1}])"),
        manifest(ok, R"([{"mediaType":"x","digest":")" + digest_a + R"(","size":1.5}])"),
        manifest(ok, R"([{"mediaType":"x","digest":")" + digest_a + R"(","size":"1"}])"),
        manifest(ok, R"([{"mediaType":"x","digest":")" + digest_a + R"("}])"),
        manifest(ok, R"([{"mediaType":"x","digest":")" + digest_a +
                         R"(","size":9223372036854775808}])"),
        manifest(ok, R"([{"digest":")" + digest_a + R"(","size":1}])"),
        manifest(ok, "[]", R"(,"manifests":[])"),
        manifest(ok, "[]", R"(,"annotations":{"a":1})"),
        manifest(ok, "[]", R"(,"mediaType":")" + std::string(media_type::index) + R"(")"),
    };
    for (const auto& text : bad) {
        CAPTURE(text.substr(0, 300));
        const auto read = parse_manifest(text);
        REQUIRE_FALSE(read);
        CHECK(read.error().code == ErrorCode::corrupt);
    }
    CHECK(parse_manifest(R"({"schemaVersion":1,"fsLayers":[]})").error().code ==
          ErrorCode::unsupported);
    CHECK(parse_manifest(manifest(ok, R"([{"mediaType":"x","digest":"sha512:)" +
                                          std::string(128, 'a') + R"(","size":1}])"))
              .error()
              .code == ErrorCode::unsupported);
    CHECK(parse_index(R"({"schemaVersion":2,"manifests":[],"layers":[]})").error().code ==
          ErrorCode::corrupt);
    CHECK(parse_index(R"({"schemaVersion":2})").error().code == ErrorCode::corrupt);
    CHECK(parse_index(R"({"schemaVersion":2,"manifests":[]})"));
}

TEST_CASE("the image for a platform is chosen from an index") {
    struct Case {
        Index index;
        const char* wanted;
        int chosen; ///< position; -1: none
    };
    const Case cases[] = {
        {index_of({"linux/amd64", "linux/arm64"}), "linux/arm64", 1},
        {index_of({"linux/arm/v5", "linux/arm/v7", "linux/arm/v6"}), "linux/arm/v7", 1},
        {index_of({"linux/arm/v5", "linux/arm/v6", "linux/arm/v8"}), "linux/arm/v7", 1},
        {index_of({"linux/amd64", "linux/amd64/v3"}), "linux/amd64", 0},
        {index_of({"linux/amd64", "linux/amd64/v3"}), "linux/amd64/v4", 1},
        {index_of({"linux/amd64"}), "linux/arm64", -1},
        {index_of({"windows/amd64", "linux/amd64"}), "linux/amd64", 1},
        {index_of({"attestation", "linux/amd64"}), "linux/amd64", 1},
        {index_of({"attestation"}), "linux/amd64", -1},
        {index_of({"attestation", ""}), "linux/amd64", 1},
        {index_of({"", ""}), "linux/amd64", -1},
        {index_of({}), "linux/amd64", -1},
    };
    for (const auto& row : cases) {
        const auto& index = row.index;
        const auto& wanted = row.wanted;
        const auto& chosen = row.chosen;
        CAPTURE(write_index(index));
        CAPTURE(wanted);
        const auto* found = choose_platform(index, *parse_platform(wanted));
        CHECK((found == nullptr ? -1 : static_cast<int>(found - index.manifests.data())) == chosen);
    }
}

TEST_CASE("chain ids are those of the image specification") {
    const auto first = Digest::of("first");
    const auto second = Digest::of("second");
    CHECK(chain_id({}, first) == first);
    CHECK(chain_id(first, second) == Digest::of(first.str() + " " + second.str()));
}
