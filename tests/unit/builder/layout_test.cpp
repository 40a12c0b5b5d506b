#include "builder/copy/layout.hpp"
#include "image/byte_stream_io.hpp"

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

TEST_CASE("a directory on both sides keeps those xattrs that the source does not have") {
    auto old = directory("d");
    old.xattrs = {{"user.a", "old"}, {"user.b", "old"}};
    auto from = directory("d", 0700);
    from.xattrs = {{"user.b", "new"}, {"user.c", "new"}};
    Layout layout(view({old}), {});
    REQUIRE(layout.merge_directory("", {{directory("")}, {from}}, no_content));
    CHECK(finished(layout).at("d").xattrs ==
          std::vector<Xattr>{{"user.a", "old"}, {"user.b", "new"}, {"user.c", "new"}});
}

TEST_CASE(
    "a directory on the way is made like its source; one that was there takes its mode alone") {
    LayoutOptions options;
    options.owner = Owner{3, 4};
    options.chmod = [](std::uint32_t, bool) { return 0711U; };
    options.chmod_is_octal = true;
    Layout layout(view({directory("was", 0755, 9)}), std::move(options));
    const auto on_the_way = [](LayerEntry entry) {
        SourceNode node{std::move(entry)};
        node.on_the_way = true;
        return node;
    };
    REQUIRE(layout.merge_directory("",
                                   {{directory("")},
                                    on_the_way(directory("new", 0700)),
                                    {file("new/f")},
                                    on_the_way(directory("was", 0700)),
                                    {file("was/f")}},
                                   no_content));
    const auto out = finished(layout);
    CHECK(out.at("new").mode == 0711);
    CHECK(out.at("new").uid == 3);
    CHECK(out.at("was").mode == 0700);
    CHECK(out.at("was").uid == 9);
    CHECK(out.at("was").mtime == 5);
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

TEST_CASE("names of one inode stay hard links within one copied tree, and only there") {
    Layout layout(StageView(), {});
    const std::vector<SourceNode> tree = {{directory("")}, {file("a"), 77}, {file("b"), 77}};
    REQUIRE(layout.merge_directory("one", tree, no_content));
    REQUIRE(layout.merge_directory("two", tree, no_content));
    REQUIRE(layout.put_file("c", {file("c"), 77}, {}));
    const auto out = finished(layout);
    CHECK(out.at("one/a").type == EntryType::file);
    CHECK(out.at("one/b").type == EntryType::hard_link);
    CHECK(out.at("one/b").link == "one/a");
    CHECK(out.at("two/a").type == EntryType::file);
    CHECK(out.at("two/b").link == "two/a");
    CHECK(out.at("c").type == EntryType::file);
}

TEST_CASE("a hard link whose first name is overwritten by a later source is a file") {
    Layout layout(StageView(), {});
    REQUIRE(
        layout.merge_directory("", {{directory("")}, {file("a"), 7}, {file("b"), 7}}, no_content));
    REQUIRE(layout.put_file("a", {file("a", 0600)}, {}));
    const auto out = finished(layout);
    CHECK(out.at("a").mode == 0600);
    CHECK(out.at("b").type == EntryType::file);
    CHECK(out.at("b").mode == 0644);
}

TEST_CASE("links, devices and fifos of one inode stay hard links, unlike BuildKit's") {
    Layout layout(StageView(), {});
    LayerEntry fifo = file("p");
    fifo.type = EntryType::fifo;
    LayerEntry again = fifo;
    again.path = "q";
    REQUIRE(layout.merge_directory("", {{directory("")}, {fifo, 5}, {again, 5}}, no_content));
    const auto out = finished(layout);
    CHECK(out.at("p").type == EntryType::fifo);
    CHECK(out.at("q").type == EntryType::hard_link);
    CHECK(out.at("q").link == "p");
}

TEST_CASE("the bits above 0777 of an octal --chmod are for what is copied, not for made parents") {
    LayoutOptions options;
    options.chmod = [](std::uint32_t, bool) { return 04755U; };
    options.chmod_is_octal = true;
    Layout layout(StageView(), std::move(options));
    REQUIRE(layout.put_file("d/f", {file("f")}, {}));
    const auto out = finished(layout);
    CHECK(out.at("d").mode == 0755);
    CHECK(out.at("d/f").mode == 04755);
}

TEST_CASE("an archive's destination takes --chown, parents that it does not have are root's") {
    LayoutOptions options;
    options.owner = Owner{3, 4};
    options.chmod = [](std::uint32_t, bool) { return 0700U; };
    options.chmod_is_octal = true;
    Layout layout(StageView(), std::move(options));
    REQUIRE(layout.make_unpack_root("a/b"));
    REQUIRE(layout.unpack(file("a/b/implied/f", 0640), {}));
    const auto out = finished(layout);
    CHECK(out.at("a/b").uid == 3);
    CHECK(out.at("a/b").mode == 0755);
    CHECK(out.at("a/b/implied").uid == 0);
    CHECK(out.at("a/b/implied").mode == 0755);
    CHECK(out.at("a/b/implied/f").uid == 3);
    CHECK(out.at("a/b/implied/f").mode == 0640);
}

TEST_CASE(
    "what an archive has hidden of the stage stays hidden when a directory is merged over it") {
    Layout layout(view({directory("d"), file("d/inner")}), {});
    REQUIRE(layout.unpack(file("d"), {}));
    REQUIRE(layout.unpack(directory("d"), {}));
    REQUIRE(layout.merge_directory("", {{directory("")}, {directory("d", 0700)}}, no_content));
    CHECK_FALSE(layout.find("d/inner"));
    CHECK(finished(layout).at("d").opaque);
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

TEST_CASE("an archive sees its destination as the root") {
    const auto below = view({directory("sub"), directory("sub/var"), directory("run"),
                             symlink_to("sub/var/run", "/run"), symlink_to("sub/up", "../../run"),
                             symlink_to("sub/near", "var"), symlink_to("sub/loop", "/loop")});
    Layout layout(below, {});
    CHECK(layout.resolve("var/run/x", true, "sub").value() == "sub/run/x");
    CHECK(layout.resolve("near/./x/../y", true, "sub").value() == "sub/var/y");
    CHECK(layout.resolve("up", true, "sub").error().message ==
          "a symbolic link in up leads out of /sub");
    CHECK(layout.resolve("", true, "sub").value() == "sub");
    CHECK_FALSE(layout.resolve("loop/x", true, "sub"));
    CHECK(layout.resolve("sub/var/run/x", true).value() == "run/x");
}

TEST_CASE("an archive's hard links are names of what stands there, of the archive or before it") {
    LayoutOptions options;
    options.owner = Owner{3, 4};
    std::string opened;
    options.open_below = [&](const std::string& path) -> Result<std::unique_ptr<ByteSource>> {
        opened = path;
        return std::make_unique<MemorySource>("below");
    };
    Layout layout(view({directory("d"), file("old", 0600), symlink_to("l", "old")}),
                  std::move(options));
    REQUIRE(layout.unpack(file("first", 0640), {}));
    REQUIRE(layout.unpack(symlink_to("s", "first"), {}));
    REQUIRE(layout.unpack_link("first", "z"));
    REQUIRE(layout.unpack_link("first", "a"));
    REQUIRE(layout.unpack_link("first", "first"));
    REQUIRE(layout.unpack_link("s", "s2"));
    REQUIRE(layout.unpack_link("old", "of-stage"));
    REQUIRE(layout.unpack_link("l", "l2"));
    CHECK(layout.unpack_link("nothing", "x").error().message ==
          "/x is a hard link to /nothing, which is not there");
    CHECK(layout.unpack_link("d", "x").error().message == "/x is a hard link to /d, a directory");
    std::map<std::string, PlannedEntry> out;
    for (auto& planned : layout.finish())
        out.emplace(planned.entry.path, planned);
    CHECK(out.at("a").entry.type == EntryType::file); // the first name in canonical order
    CHECK(out.at("first").entry.link == "a");
    CHECK(out.at("z").entry.link == "a");
    CHECK(out.at("s2").entry.link == "first");
    CHECK(out.at("s2").entry.type == EntryType::symlink);
    CHECK(out.at("l2").entry.type == EntryType::symlink);
    CHECK(out.at("of-stage").entry.type == EntryType::file);
    CHECK(out.at("of-stage").entry.mode == 0600);
    CHECK(out.at("of-stage").entry.uid == 3);
    CHECK(out.at("old").entry.link == "of-stage");
    CHECK(out.count("l") == 0);
    REQUIRE(out.at("of-stage").open);
    REQUIRE(out.at("of-stage").open());
    CHECK(opened == "old");
}

TEST_CASE("entries come in canonical order, each after its parents") {
    Layout layout(view({directory("a"), directory("a/b")}), {});
    for (const auto* path : {"a/b/z", "a-b/x", "a/b/c/d", "a.txt"})
        REQUIRE(layout.put_file(path, {file("x")}, {}));
    CHECK(paths(layout) == std::vector<std::string>{"a", "a/b", "a/b/c", "a/b/c/d", "a/b/z", "a-b",
                                                    "a-b/x", "a.txt"});
}
