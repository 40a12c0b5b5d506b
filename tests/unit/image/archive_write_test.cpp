#include "tests/unit/image/archive_support.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

using namespace mybuild;
using namespace mybuild::test;
using nlohmann::json;

namespace {

std::string archive_of(const std::vector<ArchiveImage>& images, MemoryBlobs& blobs,
                       const ArchiveOptions& options = {}) {
    StringSink out;
    const auto status = write_oci_archive(images, blobs, out, options);
    REQUIRE_MESSAGE(status, (status ? "" : status.error().message));
    return out.take();
}

std::map<std::string, std::string> files_of(const std::string& archive) {
    const auto items = read_layer(archive);
    REQUIRE(items);
    std::map<std::string, std::string> files;
    for (const auto& item : *items) {
        CHECK(item.entry.mtime == 0);
        CHECK(item.entry.uid == 0);
        CHECK_FALSE(files.contains(item.entry.path));
        files[item.entry.path] = item.content;
    }
    return files;
}

} // namespace

TEST_CASE("an archive is an OCI layout and a docker archive at once") {
    MemoryBlobs blobs;
    auto image = make_image(blobs, {"layer one", "layer two", "layer one"},
                            {"app:1", "localhost:5000/team/app:1.2", "app:1"});
    image.created = "2024-05-06T07:08:09Z";
    const auto files = files_of(archive_of({image}, blobs));

    CHECK(json::parse(files.at("oci-layout")) == json::parse(R"({"imageLayoutVersion":"1.0.0"})"));
    const auto index = oci::parse_index(files.at("index.json"));
    REQUIRE(index);
    REQUIRE(index->manifests.size() == 2);
    CHECK(index->manifests[0].digest == image.manifest.digest);
    CHECK(index->manifests[1].digest == image.manifest.digest);
    CHECK(index->manifests[0].platform == oci::Platform{});
    CHECK(index->manifests[0].annotations ==
          std::map<std::string, std::string>{
              {"io.containerd.image.name", "docker.io/library/app:1"},
              {"org.opencontainers.image.ref.name", "1"},
              {"org.opencontainers.image.created", "2024-05-06T07:08:09Z"}});
    CHECK(index->manifests[1].annotations.at("io.containerd.image.name") ==
          "localhost:5000/team/app:1.2");
    CHECK(index->manifests[1].annotations.at("org.opencontainers.image.ref.name") == "1.2");

    const auto docker = json::parse(files.at("manifest.json"));
    REQUIRE(docker.size() == 1);
    CHECK(docker[0].at("RepoTags") == json({"app:1", "localhost:5000/team/app:1.2"}));
    CHECK(files.at(docker[0].at("Config")) == image.config_json);
    REQUIRE(docker[0].at("Layers").size() == 3);
    CHECK(files.at(docker[0].at("Layers")[0]) == "layer one");
    CHECK(files.at(docker[0].at("Layers")[1]) == "layer two");

    std::size_t found = 0;
    for (const auto& [name, content] : files) {
        if (!name.starts_with("blobs/sha256/")) continue;
        CHECK(name == "blobs/sha256/" + Digest::of(content).hex());
        ++found;
    }
    CHECK(found == 4);
}

TEST_CASE("an image without a name has one entry and no tags") {
    MemoryBlobs blobs;
    const auto image = make_image(blobs, {"layer"}, {"app@sha256:" + std::string(64, 'a')});
    const auto files = files_of(archive_of({image}, blobs));
    const auto index = oci::parse_index(files.at("index.json"));
    REQUIRE(index->manifests.size() == 1);
    CHECK(index->manifests[0].annotations.empty());
    CHECK(json::parse(files.at("manifest.json"))[0].at("RepoTags") == json::array());
}

TEST_CASE("several images share their blobs") {
    MemoryBlobs blobs;
    const auto a = make_image(blobs, {"base", "a"}, {"a"});
    const auto b = make_image(blobs, {"base", "b"}, {"b"});
    const auto files = files_of(archive_of({a, b}, blobs));
    CHECK(std::ranges::count_if(files, [](const auto& file) {
              return file.first.starts_with("blobs/sha256/") && !file.second.empty();
          }) == 7);
    CHECK(oci::parse_index(files.at("index.json"))->manifests.size() == 2);
    CHECK(json::parse(files.at("manifest.json")).size() == 2);
}

TEST_CASE("the docker manifest can be left out") {
    MemoryBlobs blobs;
    const auto image = make_image(blobs, {"layer"}, {"app"});
    const auto files = files_of(archive_of({image}, blobs, {.docker_manifest = false}));
    CHECK_FALSE(files.contains("manifest.json"));
    CHECK(files.contains("index.json"));
}

TEST_CASE("the same image gives the same bytes") {
    MemoryBlobs blobs;
    const auto image = make_image(blobs, {"layer", std::string(700'000, 'x')}, {"app"});
    CHECK((archive_of({image}, blobs) == archive_of({image}, blobs)));
}

TEST_CASE("GNU tar unpacks an archive without a complaint") {
    MemoryBlobs blobs;
    const auto image = make_image(blobs, {std::string(700'000, 'x')}, {"app"});
    const auto list =
        run_tool("mkdir d; tar xf in -C d 2>err; test ! -s err\n"
                 "cd d; (cd blobs/sha256; for f in *; do echo \"$f  $f\"; done | "
                 "sha256sum -c --quiet); find . -type f -printf '%m %P\\n' | sort >../out",
                 archive_of({image}, blobs));
    CHECK(std::ranges::count(list, '\n') == 6);
    CHECK(list.find("644 index.json\n") != std::string::npos);
}

TEST_CASE("a layer that is not what the manifest says is an error") {
    MemoryBlobs blobs;
    const auto image = make_image(blobs, {"layer"}, {"app"});
    StringSink out;
    blobs.blobs[image.parsed.layers[0].digest] = "other";
    CHECK(write_oci_archive({&image, 1}, blobs, out)); // same size: the store vouches for content
    blobs.blobs[image.parsed.layers[0].digest] = "longer than that";
    const auto longer = write_oci_archive({&image, 1}, blobs, out);
    REQUIRE_FALSE(longer);
    CHECK(longer.error().code == ErrorCode::corrupt);
    blobs.blobs.clear();
    const auto absent = write_oci_archive({&image, 1}, blobs, out);
    REQUIRE_FALSE(absent);
    CHECK(absent.error().code == ErrorCode::not_found);
    CHECK(absent.error().message.find(image.parsed.layers[0].digest.str()) != std::string::npos);
    auto wrong = image;
    wrong.config_json += " ";
    CHECK(write_oci_archive({&wrong, 1}, blobs, out).error().code == ErrorCode::internal);
}
