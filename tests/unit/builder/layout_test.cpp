#include "builder/copy/layout.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

using namespace mybuild;

namespace {

LayerEntry directory(std::string path, std::uint32_t mode = 0755, std::uint32_t uid = 0) {
    return {.path = std::move(path),
            .type = EntryType::directory,
            .mode = mode,
            .uid = uid,
            .mtime = 5};
}
LayerEntry file(std::string path, std::uint32_t mode = 0644) {
    return {.path = std::move(path), .mode = mode, .mtime = 7};
}
LayerEntry symlink_to(std::string path, std::string target) {
    return {.path = std::move(path),
            .type = EntryType::symlink,
            .mode = 0777,
            .link = std::move(target)};
}

StageView view(std::vector<LayerEntry> entries) {
    std::sort(entries.begin(), entries.end(), [](const LayerEntry& a, const LayerEntry& b) {
        return compare_paths(a.path, b.path) < 0;
    });
    ListingBuilder builder;
    for (const auto& entry : entries)
        REQUIRE(builder.add(entry));
    return StageView({Listing::from_bytes(builder.finish()).value()});
}

std::map<std::string, LayerEntry> finished(Layout& layout) {
    std::map<std::string, LayerEntry> out;
    for (auto& planned : layout.finish())
        out.emplace(planned.entry.path, planned.entry);
    return out;
}

std::vector<std::string> paths(Layout& layout) {
    std::vector<std::string> out;
    for (auto& planned : layout.finish())
        out.push_back(planned.entry.path);
    return out;
}

const std::function<OpenContent(const SourceNode&)> no_content = [](const SourceNode&) {
    return OpenContent{};
};

} // namespace

TEST_CASE("missing parents are made plain, existing ones keep what they are") {
    Layout layout(view({directory("srv", 0700, 12)}), {.now = 99});
    REQUIRE(layout.put_file("srv/a/b/f", {file("f")}, {}));
    const auto out = finished(layout);
    CHECK(out.at("srv").mode == 0700);
    CHECK(out.at("srv").uid == 12);
    CHECK(out.at("srv").mtime == 5);
    CHECK(out.at("srv/a").mode == 0755);
    CHECK(out.at("srv/a").mtime == 99);
    CHECK(out.at("srv/a/b/f").mtime == 7);
}

TEST_CASE("--chown covers what is copied and parents made for it, not what was there") {
    Layout layout(view({directory("srv")}), {.owner = Owner{3, 4}});
    REQUIRE(layout.put_file("srv/new/f", {file("f")}, {}));
    const auto out = finished(layout);
    CHECK(out.at("srv").uid == 0);
    CHECK(out.at("srv/new").uid == 3);
    CHECK(out.at("srv/new/f").gid == 4);
}

TEST_CASE("an octal --chmod sets made parents too, a symbolic one does not, links keep theirs") {
    for (const bool octal : {true, false}) {
        LayoutOptions options;
        options.chmod = [](std::uint32_t, bool) { return 0640U; };
        options.chmod_is_octal = octal;
        Layout layout(StageView(), std::move(options));
        REQUIRE(layout.put_file("d/f", {file("f")}, {}));
        REQUIRE(layout.put_file("d/l", {symlink_to("l", "f")}, {}));
        const auto out = finished(layout);
        CHECK(out.at("d").mode == (octal ? 0640U : 0755U));
        CHECK(out.at("d/f").mode == 0640);
        CHECK(out.at("d/l").mode == 0777);
    }
}

TEST_CASE("merging a directory: an existing destination keeps owner and mode and takes the time") {
    Layout layout(view({directory("app", 0711, 8), directory("app/sub", 0700, 8), file("app/old")}),
                  {});
    auto top = directory("", 0777);
    top.mtime = 1234;
    REQUIRE(layout.merge_directory("app", {{top}, {directory("sub", 0750)}, {file("sub/f")}},
                                   no_content));
    const auto out = finished(layout);
    CHECK(out.at("app").mode == 0711);
    CHECK(out.at("app").uid == 8);
    CHECK(out.at("app").mtime == 1234);
    CHECK(out.at("app/sub").mode == 0750); // a sub-directory takes the source's attributes
    CHECK(out.at("app/sub").uid == 0);
    CHECK(out.count("app/sub/f") == 1);
    CHECK(out.count("app/old") == 0); // not a change
}

TEST_CASE("a new destination directory is 0755 root, whatever the source is") {
    Layout layout(StageView(), {});
    REQUIRE(layout.merge_directory("x/y", {{directory("", 0700)}, {file("f")}}, no_content));
    CHECK(finished(layout).at("x/y").mode == 0755);
}

TEST_CASE("what cannot stand where something else stands is an error") {
    const auto below = view({directory("d"), file("f"), symlink_to("l", "d")});
    SUBCASE("a file over a directory") {
        Layout layout(below, {});
        CHECK(layout.put_file("d", {file("x")}, {}).error().message ==
              "cannot replace to directory /d with file");
    }
    SUBCASE("a directory over a file") {
        Layout layout(below, {});
        CHECK(layout.merge_directory("f", {{directory("")}}, no_content).error().message ==
              "cannot copy to non-directory: /f");
    }
    SUBCASE("a sub-directory over a link") {
        Layout layout(below, {});
        CHECK_FALSE(layout.merge_directory("", {{directory("")}, {directory("l")}}, no_content));
    }
    SUBCASE("a file as a parent") {
        Layout layout(below, {});
        CHECK(layout.put_file("f/x", {file("x")}, {}).error().message ==
              "mkdir /f: not a directory");
    }
}

TEST_CASE("links in the destination are followed inside the stage") {
    const auto below =
        view({directory("real"), directory("var"), symlink_to("var/abs", "/real"),
              symlink_to("var/up", "../../../real"), symlink_to("var/loop", "loop")});
    Layout layout(below, {});
    CHECK(layout.resolve("/var/abs/x", true).value() == "real/x");
    CHECK(layout.resolve("var/up", true).value() == "real");
    CHECK(layout.resolve("var/up", false).value() == "var/up");
    CHECK(layout.resolve("../../x/./y/..", true).value() == "x");
    CHECK_FALSE(layout.resolve("var/loop/x", true));
}

TEST_CASE("names of one inode below one source stay hard links of the first") {
    Layout layout(StageView(), {});
    const std::vector<SourceNode> nodes = {{directory("")}, {file("b"), 77}, {file("a"), 77}};
    REQUIRE(layout.merge_directory("x", nodes, no_content));
    REQUIRE(layout.merge_directory("y", nodes, no_content));
    REQUIRE(layout.put_file("z", {file("z"), 77}, {}));
    const auto out = finished(layout);
    CHECK(out.at("x/a").type == EntryType::file);
    CHECK(out.at("x/b").type == EntryType::hard_link);
    CHECK(out.at("x/b").link == "x/a");
    CHECK(out.at("y/b").link == "y/a");
    CHECK(out.at("z").type == EntryType::file);
}

TEST_CASE("an unpacked archive takes the place of what was there") {
    const auto below = view({directory("d"), file("d/inner"), file("f"), symlink_to("l", "d")});
    Layout layout(below, {.now = 1});
    REQUIRE(layout.unpack(file("d"), {}));            // a file over a directory
    REQUIRE(layout.unpack(directory("f", 0700), {})); // a directory over a file
    REQUIRE(layout.unpack(directory("l", 0700), {})); // a directory over a link
    CHECK_FALSE(layout.find("d/inner"));
    REQUIRE(layout.unpack(directory("d", 0711), {})); // and back: the old content is not seen again
    const auto out = finished(layout);
    CHECK(out.at("d").opaque);
    CHECK(out.at("f").type == EntryType::directory);
    CHECK_FALSE(out.at("f").opaque);
    CHECK(out.at("l").type == EntryType::directory);
}

TEST_CASE("entries come in canonical order, each after its parents") {
    Layout layout(view({directory("a"), directory("a/b")}), {});
    for (const auto* path : {"a/b/z", "a-b/x", "a/b/c/d", "a.txt"})
        REQUIRE(layout.put_file(path, {file("x")}, {}));
    CHECK(paths(layout) == std::vector<std::string>{"a", "a/b", "a/b/c", "a/b/c/d", "a/b/z", "a-b",
                                                    "a-b/x", "a.txt"});
}
