#include "image/compress.hpp"
#include "tests/unit/image/archive_support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fcntl.h>
#include <functional>
#include <sys/socket.h>
#include <thread>

using namespace mybuild;
using namespace mybuild::test;

namespace {

const oci::Platform arm{"linux", "arm64", ""};

std::string blob_name(const Digest& digest) {
    return "blobs/sha256/" + digest.hex();
}

std::string packed(Compression kind, std::string_view data) {
    StringSink out;
    auto sink = make_compressor({.kind = kind}, out);
    REQUIRE(sink);
    REQUIRE((*sink)->write(std::as_bytes(std::span(data))));
    REQUIRE((*sink)->finish());
    return out.take();
}

/// The files of an OCI layout of some images, to be changed before they become an archive.
struct Layout {
    std::map<std::string, std::string> files = {
        {"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"}};
    oci::Index index;

    Layout() { index.media_type = oci::media_type::index; }

    std::string blob(const std::string& bytes) {
        const auto name = blob_name(Digest::of(bytes));
        files[name] = bytes;
        return name;
    }
    void add(const ArchiveImage& image, const MemoryBlobs& blobs,
             std::map<std::string, std::string> annotations = {}) {
        blob(image.manifest_json);
        blob(image.config_json);
        for (const auto& layer : image.parsed.layers)
            blob(blobs.blobs.at(layer.digest));
        index.manifests.push_back(image.manifest);
        index.manifests.back().annotations = std::move(annotations);
    }
    /// A nested index around everything so far.
    void nest() {
        const auto text = oci::write_index(index);
        blob(text);
        oci::Descriptor inner;
        inner.media_type = oci::media_type::index;
        inner.digest = Digest::of(text);
        inner.size = text.size();
        index.manifests = {inner};
    }
    [[nodiscard]] std::string archive(bool index_first = false) {
        FileList list(files.begin(), files.end());
        const auto text = oci::write_index(index);
        list.insert(index_first ? list.begin() : list.end(), {"index.json", text});
        return tar_of(list);
    }
};

/// The ways an archive comes: each reads it and returns what read_archive() gives.
using Way = std::function<Result<std::vector<ImportedImage>>(std::string_view, MemoryBlobs&)>;

Result<std::vector<ImportedImage>> by_pipe(std::string_view archive, MemoryBlobs& sink) {
    int ends[2] = {};
    // A socket reads like a pipe and spares the writer the signal of a broken one.
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    Fd reader(ends[0]);
    std::jthread feeder([&, writer = Fd(ends[1])] {
        // The reader may stop at an error; then the rest is not wanted.
        for (auto rest = archive; !rest.empty();) {
            const auto count = ::send(writer.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
            if (count <= 0) return;
            rest.remove_prefix(static_cast<std::size_t>(count));
        }
    });
    auto images = read_archive(reader.get(), "image.tar", sink, {});
    reader.reset();
    return images;
}

Result<std::vector<ImportedImage>> by_directory(std::string_view archive, MemoryBlobs& sink) {
    auto dir = fs::TempDir::create("/tmp", "image-test");
    REQUIRE(dir);
    const auto items = read_layer(archive);
    REQUIRE(items);
    for (const auto& item : *items) {
        const auto parent = std::string(parent_path(item.entry.path));
        if (!parent.empty()) REQUIRE(fs::make_dirs_at(dir->fd(), parent));
        if (item.entry.type == EntryType::directory) {
            REQUIRE(fs::make_dirs_at(dir->fd(), item.entry.path));
        } else if (item.entry.type == EntryType::symlink) {
            REQUIRE(::symlinkat(item.entry.link.c_str(), dir->fd(), item.entry.path.c_str()) == 0);
        } else {
            const auto fd = fs::open_at(dir->fd(), item.entry.path, O_WRONLY | O_CREAT);
            REQUIRE(fd);
            REQUIRE(fs::write_all(fd->get(), item.content));
        }
    }
    return read_archive(dir->path(), sink, {});
}

const std::map<std::string, Way> ways = {
    {"file",
     [](std::string_view archive, MemoryBlobs& sink) { return import_from(archive, sink); }},
    {"gzip",
     [](std::string_view archive, MemoryBlobs& sink) {
         return import_from(packed(Compression::gzip, archive), sink);
     }},
    {"zstd",
     [](std::string_view archive, MemoryBlobs& sink) {
         return import_from(packed(Compression::zstd, archive), sink);
     }},
    {"pipe", by_pipe},
    {"directory", by_directory},
};

void check_complete(const ArchiveImage& image, const MemoryBlobs& blobs, const MemoryBlobs& sink) {
    REQUIRE(sink.blobs.contains(image.manifest.digest));
    CHECK(sink.blobs.at(image.manifest.digest) == image.manifest_json);
    REQUIRE(sink.blobs.contains(image.parsed.config.digest));
    CHECK(sink.blobs.at(image.parsed.config.digest) == image.config_json);
    for (const auto& layer : image.parsed.layers) {
        REQUIRE(sink.blobs.contains(layer.digest));
        CHECK((sink.blobs.at(layer.digest) == blobs.blobs.at(layer.digest)));
    }
}

/// An archive as docker save has written it for years.
struct DockerSave {
    oci::ImageConfig config;
    FileList files;
    std::vector<std::string> layers;

    void add(const std::string& tar, const std::string& stored, const std::string& name) {
        config.diff_ids.push_back(Digest::of(tar));
        layers.push_back(name);
        files.emplace_back(name, stored);
    }
    [[nodiscard]] std::string archive(const std::string& tags) {
        const auto text = oci::write_config(config);
        const auto config_name = Digest::of(text).hex() + ".json";
        std::string names;
        for (const auto& layer : layers)
            names += (names.empty() ? "\"" : ",\"") + layer + "\"";
        FileList all = {{config_name, text}};
        all.insert(all.end(), files.begin(), files.end());
        all.emplace_back("manifest.json", R"([{"Config":")" + config_name + R"(","RepoTags":)" +
                                              tags + R"(,"Layers":[)" + names + "]}]");
        return tar_of(all);
    }
};

} // namespace

TEST_CASE("what we write is read back from a file, compressed, a pipe, a directory") {
    MemoryBlobs blobs;
    const auto a = make_image(blobs, {"base", std::string(700'000, 'x')}, {"a:1", "host:5000/a:2"});
    const auto b = make_image(blobs, {"base", "b"}, {});
    StringSink out;
    REQUIRE(write_oci_archive(std::vector{a, b}, blobs, out));
    for (const auto& row : ways) {
        const auto& name = row.first;
        const auto& way = row.second;
        CAPTURE(name);
        MemoryBlobs sink;
        const auto images = way(out.str(), sink);
        REQUIRE_MESSAGE(images, (images ? "" : images.error().message));
        REQUIRE(images->size() == 2);
        CHECK(images->at(0).manifest.digest == a.manifest.digest);
        CHECK(images->at(0).manifest.size == a.manifest.size);
        CHECK(images->at(0).manifest.media_type == oci::media_type::manifest);
        CHECK(names_of(images->at(0)) ==
              std::vector<std::string>{"docker.io/library/a:1", "host:5000/a:2"});
        CHECK(images->at(1).manifest.digest == b.manifest.digest);
        CHECK(images->at(1).names.empty());
        check_complete(a, blobs, sink);
        check_complete(b, blobs, sink);
        CHECK(sink.blobs.size() == 7);
    }
}

TEST_CASE("the index may come first, and the archive need not begin at offset 0") {
    MemoryBlobs blobs;
    const auto image = make_image(blobs, {"layer"}, {});
    Layout layout;
    layout.add(image, blobs, {{"io.containerd.image.name", "docker.io/library/x:1"}});
    for (const auto& row : ways) {
        const auto& name = row.first;
        const auto& way = row.second;
        CAPTURE(name);
        MemoryBlobs sink;
        REQUIRE(way(layout.archive(true), sink));
        check_complete(image, blobs, sink);
    }
    MemoryBlobs sink;
    const auto fd = unnamed_file(std::string(1000, 'j') + layout.archive());
    ::lseek(fd.get(), 1000, SEEK_SET);
    REQUIRE(read_archive(fd.get(), "image.tar", sink, {}));
    check_complete(image, blobs, sink);
}

TEST_CASE("names come from the best source there is") {
    MemoryBlobs blobs;
    const auto image = make_image(blobs, {"layer"}, {});
    const auto manifest_json = R"([{"Config":")" + blob_name(image.parsed.config.digest) +
                               R"(","RepoTags":["tagged:1"],"Layers":[]}])";
    struct Case {
        std::map<std::string, std::string> annotations;
        bool docker;
        std::vector<std::string> names;
    };
    const std::string containerd = "io.containerd.image.name";
    const std::string ref = "org.opencontainers.image.ref.name";
    const Case cases[] = {
        {{{containerd, "docker.io/library/a:1"}, {ref, "host/b:2"}},
         true,
         {"docker.io/library/a:1"}},
        {{{ref, "host.org/b:2"}}, true, {"host.org/b:2"}},
        {{{ref, "alpine:3"}}, false, {"docker.io/library/alpine:3"}},
        {{{ref, "latest"}}, true, {"docker.io/library/tagged:1"}},
        {{{ref, "latest"}}, false, {}},
        {{}, true, {"docker.io/library/tagged:1"}},
        {{{containerd, "NOT A NAME"}}, false, {}},
    };
    for (const auto& [annotations, docker, names] : cases) {
        Layout layout;
        layout.add(image, blobs, annotations);
        if (docker) layout.files["manifest.json"] = manifest_json;
        MemoryBlobs sink;
        const auto images = import_from(layout.archive(), sink);
        REQUIRE_MESSAGE(images, (images ? "" : images.error().message));
        REQUIRE(images->size() == 1);
        CHECK(names_of(images->front()) == names);
    }
}

TEST_CASE("the image for the platform is taken from an index") {
    MemoryBlobs blobs;
    const auto amd = make_image(blobs, {"amd"}, {});
    const auto arm_image = make_image(blobs, {"arm"}, {}, arm);
    const std::map<std::string, std::string> name = {{"io.containerd.image.name", "x.org/a:1"}};
    for (const int nesting : {0, 1, 3}) {
        CAPTURE(nesting);
        Layout layout;
        layout.add(arm_image, blobs, nesting == 0 ? name : std::map<std::string, std::string>{});
        layout.add(amd, blobs, nesting == 0 ? name : std::map<std::string, std::string>{});
        for (int i = 0; i < nesting; ++i)
            layout.nest();
        if (nesting > 0) layout.index.manifests[0].annotations = name;
        for (const auto* wanted : {&amd, &arm_image}) {
            MemoryBlobs sink;
            const auto images = import_from(layout.archive(), sink, *wanted->manifest.platform);
            REQUIRE_MESSAGE(images, (images ? "" : images.error().message));
            REQUIRE(images->size() == 1);
            CHECK(images->front().manifest.digest == wanted->manifest.digest);
            CHECK(images->front().manifest.platform == wanted->manifest.platform);
            CHECK(names_of(images->front()) == std::vector<std::string>{"x.org/a:1"});
            CHECK(sink.blobs.size() == 3);
        }
        MemoryBlobs sink;
        const auto none = import_from(layout.archive(), sink, {"linux", "s390x", ""});
        REQUIRE_FALSE(none);
        CHECK(none.error().code == ErrorCode::unsupported);
        CHECK(none.error().hint == "it has images for linux/arm64, linux/amd64");
    }
}

TEST_CASE("a single image is loaded whatever its platform") {
    MemoryBlobs blobs;
    const auto image = make_image(blobs, {"arm"}, {}, arm);
    Layout layout;
    layout.add(image, blobs);
    MemoryBlobs sink;
    const auto images = import_from(layout.archive(), sink);
    REQUIRE(images);
    CHECK(images->front().manifest.platform == arm);
}

TEST_CASE("a docker archive gets a manifest") {
    for (const auto& row : ways) {
        const auto& name = row.first;
        const auto& way = row.second;
        CAPTURE(name);
        DockerSave save;
        const std::string second(5000, 's');
        save.add("first", "first", "111/layer.tar");
        save.add(second, packed(Compression::gzip, second), "222/layer.tar");
        save.add(second, packed(Compression::zstd, second), "abc.tar");
        save.add("first", "->../111/layer.tar", "333/layer.tar");
        save.files.emplace_back("111/VERSION", "1.0");
        save.files.emplace_back("111/json", "{}");
        save.files.emplace_back("repositories", R"({"a":{"1":"111"}})");
        MemoryBlobs sink;
        const auto images = way(save.archive(R"(["a:1","b.org/c"])"), sink);
        REQUIRE_MESSAGE(images, (images ? "" : images.error().message));
        REQUIRE(images->size() == 1);
        CHECK(names_of(images->front()) ==
              std::vector<std::string>{"docker.io/library/a:1", "b.org/c:latest"});
        const auto manifest = oci::parse_manifest(sink.blobs.at(images->front().manifest.digest));
        REQUIRE(manifest);
        CHECK(manifest->media_type == oci::media_type::manifest);
        CHECK(sink.blobs.at(manifest->config.digest) == oci::write_config(save.config));
        REQUIRE(manifest->layers.size() == 4);
        CHECK(manifest->layers[0].media_type == oci::media_type::layer);
        CHECK(manifest->layers[1].media_type == oci::media_type::layer_gzip);
        CHECK(manifest->layers[2].media_type == oci::media_type::layer_zstd);
        CHECK(manifest->layers[3] == manifest->layers[0]);
        for (const auto& layer : manifest->layers) {
            REQUIRE(sink.blobs.contains(layer.digest));
            CHECK(sink.blobs.at(layer.digest).size() == layer.size);
        }
        CHECK(sink.blobs.size() == 5);
    }
}

TEST_CASE("layers in xz and bzip2, which OCI has not, are unpacked") {
    for (const std::string tool : {"xz", "bzip2"}) {
        for (const auto& row : ways) {
            const auto& name = row.first;
            const auto& way = row.second;
            CAPTURE(tool);
            CAPTURE(name);
            const std::string layer(5000, 'l');
            DockerSave save;
            save.add(layer, run_tool(tool + " -c <in >out", layer), "layer.tar");
            MemoryBlobs sink;
            const auto images = way(save.archive("null"), sink);
            REQUIRE_MESSAGE(images, (images ? "" : images.error().message));
            const auto manifest =
                oci::parse_manifest(sink.blobs.at(images->front().manifest.digest));
            CHECK(manifest->layers[0].media_type == oci::media_type::layer);
            CHECK(manifest->layers[0].digest == Digest::of(layer));
        }
    }
}

TEST_CASE("hard links in docker archives are followed") {
    DockerSave save;
    save.add("first", "first", "1/layer.tar");
    save.config.diff_ids.push_back(Digest::of("first"));
    save.layers.push_back("2/layer.tar");
    auto archive = save.archive("null");
    archive.resize(archive.size() - 1024);
    REQUIRE(
        tar::append_header(archive, {.name = "2/layer.tar", .type = '1', .link = "1/layer.tar"}));
    archive.append(1024, '\0');
    MemoryBlobs sink;
    CHECK(import_from(archive, sink));
}

TEST_CASE("damaged archives are corrupt, and the blob is named") {
    MemoryBlobs blobs;
    const auto image = make_image(blobs, {"layer one", "layer two"}, {});
    const auto layer = blob_name(image.parsed.layers[1].digest);
    const auto config = blob_name(image.parsed.config.digest);
    const auto manifest = blob_name(image.manifest.digest);
    struct Case {
        std::string name;
        std::function<void(Layout&)> change;
        std::string part; ///< what the message must have
    };
    const auto tamper = [](const std::string& name) {
        return [name](Layout& layout) { layout.files[name][0] ^= 1; };
    };
    const auto lengthen = [](const std::string& name) {
        return [name](Layout& layout) { layout.files[name] += ' '; };
    };
    const auto remove = [](const std::string& name) {
        return [name](Layout& layout) { layout.files.erase(name); };
    };
    const std::vector<Case> cases = {
        {"layer tampered", tamper(layer), layer.substr(13)},
        {"layer longer", lengthen(layer), layer.substr(13)},
        {"layer missing", remove(layer), layer.substr(13)},
        {"config tampered", tamper(config), config.substr(13)},
        {"config longer", lengthen(config), config.substr(13)},
        {"config missing", remove(config), config.substr(13)},
        {"manifest tampered", tamper(manifest), manifest.substr(13)},
        {"manifest missing", remove(manifest), manifest.substr(13)},
        {"wrong size", [](Layout& layout) { layout.index.manifests[0].size += 1; },
         manifest.substr(13)},
        {"no version", [](Layout& layout) { layout.files["oci-layout"] = "{}"; }, "version"},
        {"layout no JSON", [](Layout& layout) { layout.files["oci-layout"] = "x"; }, "version"},
        {"deep nesting",
         [](Layout& layout) {
             for (int i = 0; i < 6; ++i)
                 layout.nest();
         },
         "nested too deep"},
    };
    for (const auto& row : cases) {
        const auto& name = row.name;
        const auto& change = row.change;
        const auto& part = row.part;
        for (const auto& by : ways) {
            const auto& way_name = by.first;
            const auto& way = by.second;
            CAPTURE(name);
            CAPTURE(way_name);
            Layout layout;
            layout.add(image, blobs);
            change(layout);
            MemoryBlobs sink;
            const auto images = way(layout.archive(), sink);
            REQUIRE_FALSE(images);
            CAPTURE(images.error().message);
            CHECK(images.error().code == ErrorCode::corrupt);
            CHECK(images.error().message.find(part) != std::string::npos);
            if (way_name == "file") CHECK_FALSE(sink.has(image.manifest.digest));
            for (const auto& [digest, bytes] : sink.blobs)
                CHECK(Digest::of(bytes) == digest);
        }
    }
}

TEST_CASE("archives that are none, or of another kind, say so") {
    MemoryBlobs blobs;
    const auto image = make_image(blobs, {"layer"}, {});
    const auto config = image.config_json;
    const auto docker = [&](const std::string& text) {
        return tar_of({{"c.json", config}, {"l.tar", "layer"}, {"manifest.json", text}});
    };
    const auto layout = [](const std::string& version, const std::string& index) {
        return tar_of({{"oci-layout", version}, {"index.json", index}});
    };
    const std::string v1 = R"({"imageLayoutVersion":"1.0.0"})";
    auto artifact = image;
    artifact.parsed.config.media_type = "application/vnd.example+json";
    artifact.manifest_json = oci::write_manifest(artifact.parsed);
    artifact.manifest.digest = Digest::of(artifact.manifest_json);
    artifact.manifest.size = artifact.manifest_json.size();
    Layout with_artifact;
    with_artifact.add(artifact, blobs);
    struct Case {
        std::string name;
        std::string archive;
        ErrorCode code;
    };
    const std::vector<Case> cases = {
        {"empty file", "", ErrorCode::invalid},
        {"text", std::string(3000, 't'), ErrorCode::invalid},
        {"root file system", tar_of({{"etc/passwd", "root"}}), ErrorCode::invalid},
        {"empty tar", tar_of({}), ErrorCode::invalid},
        {"other version", layout(R"({"imageLayoutVersion":"2.0.0"})", "{}"),
         ErrorCode::unsupported},
        {"no index", tar_of({{"oci-layout", v1}}), ErrorCode::corrupt},
        {"index no JSON", layout(v1, "nonsense"), ErrorCode::corrupt},
        {"index twice", tar_of({{"oci-layout", v1}, {"index.json", "{}"}, {"index.json", "{}"}}),
         ErrorCode::corrupt},
        {"index too large", layout(v1, std::string(21U << 20U, ' ')), ErrorCode::corrupt},
        {"an artifact", with_artifact.archive(), ErrorCode::unsupported},
        {"null", docker("null"), ErrorCode::corrupt},
        {"no JSON", docker("["), ErrorCode::corrupt},
        {"object", docker("{}"), ErrorCode::corrupt},
        {"list of numbers", docker("[1]"), ErrorCode::corrupt},
        {"no config", docker(R"([{"Layers":["l.tar"]}])"), ErrorCode::corrupt},
        {"config absent", docker(R"([{"Config":"x.json","Layers":["l.tar"]}])"),
         ErrorCode::corrupt},
        {"config outside", docker(R"([{"Config":"../c.json","Layers":["l.tar"]}])"),
         ErrorCode::corrupt},
        {"config is a layer", docker(R"([{"Config":"l.tar","Layers":["l.tar"]}])"),
         ErrorCode::corrupt},
        {"too few layers", docker(R"([{"Config":"c.json","Layers":[]}])"), ErrorCode::corrupt},
        {"layer absent", docker(R"([{"Config":"c.json","Layers":["x"]}])"), ErrorCode::corrupt},
        {"layer no string", docker(R"([{"Config":"c.json","Layers":[1]}])"), ErrorCode::corrupt},
        {"wrong layer", docker(R"([{"Config":"c.json","Layers":["c.json"]}])"), ErrorCode::corrupt},
        {"bad tag", docker(R"([{"Config":"c.json","Layers":["l.tar"],"RepoTags":["A B"]}])"),
         ErrorCode::corrupt},
        {"manifest too large", docker("[]" + std::string(2U << 20U, ' ')), ErrorCode::corrupt},
        {"config too large",
         tar_of({{"c.json", "{" + std::string(5U << 20U, ' ')},
                 {"manifest.json", R"([{"Config":"c.json","Layers":[]}])"}}),
         ErrorCode::corrupt},
        {"link out", tar_of({{"l.tar", "->../../etc/passwd"}}), ErrorCode::corrupt},
        {"links in a circle",
         tar_of({{"a.tar", "->b.tar"},
                 {"b.tar", "->a.tar"},
                 {"c.json", config},
                 {"manifest.json", R"([{"Config":"c.json","Layers":["a.tar"]}])"}}),
         ErrorCode::corrupt},
        {"cut", docker("[]").substr(0, 700), ErrorCode::corrupt},
    };
    REQUIRE(import_from(docker(R"([{"Config":"c.json","Layers":["l.tar"]}])"), blobs));
    for (const auto& row : cases) {
        const auto& name = row.name;
        const auto& archive = row.archive;
        const auto& code = row.code;
        for (const std::string way_name : {"file", "pipe"}) {
            CAPTURE(name);
            CAPTURE(way_name);
            MemoryBlobs sink;
            const auto images = ways.at(way_name)(archive, sink);
            REQUIRE_FALSE(images);
            CAPTURE(images.error().message);
            CHECK(images.error().code == code);
            CHECK(images.error().message.find("image.tar") != std::string::npos);
        }
    }
    CHECK(import_from(docker("[]"), blobs)->empty());
}

TEST_CASE("links in a directory do not lead out of it") {
    auto dir = fs::TempDir::create("/tmp", "image-test");
    REQUIRE(dir);
    REQUIRE(::symlinkat("/etc/passwd", dir->fd(), "oci-layout") == 0);
    MemoryBlobs sink;
    const auto images = read_archive(dir->path(), sink, {});
    REQUIRE_FALSE(images);
    CHECK(images.error().code == ErrorCode::invalid);
    CHECK(sink.blobs.empty());
    REQUIRE(::mkfifoat(dir->fd(), "manifest.json", 0600) == 0);
    CHECK(read_archive(dir->path(), sink, {}).error().code == ErrorCode::corrupt);
}

TEST_CASE("a path that is not there") {
    MemoryBlobs sink;
    const auto images = read_archive("/nonexistent/image.tar", sink, {});
    REQUIRE_FALSE(images);
    CHECK(images.error().code == ErrorCode::not_found);
    CHECK(images.error().message.find("/nonexistent/image.tar") != std::string::npos);
}

TEST_CASE("blobs that are in the sink already need not be in the archive") {
    MemoryBlobs blobs;
    const auto image = make_image(blobs, {"base", "top"}, {});
    Layout layout;
    layout.add(image, blobs);
    layout.files.erase(blob_name(image.parsed.layers[0].digest));
    MemoryBlobs sink;
    sink.put("base");
    CHECK(import_from(layout.archive(), sink));
}
