#include "cache/layers/stage_view.hpp"
#include "tests/unit/cache/layers/entries.hpp"

#include <doctest/doctest.h>

using namespace mybuild;
using namespace mybuild::test;

namespace {

using Names = std::vector<std::string>;

StageView view(const std::vector<std::vector<LayerEntry>>& layers) {
    std::vector<std::shared_ptr<const Listing>> listings;
    for (const auto& entries : layers)
        listings.push_back(listing(entries));
    return StageView(listings);
}

Names paths(const std::vector<LayerEntry>& entries) {
    Names names;
    for (const auto& entry : entries)
        names.push_back(entry.path);
    return names;
}

} // namespace

TEST_CASE("an empty view is a root directory and nothing else") {
    const StageView empty;
    REQUIRE(empty.find(""));
    CHECK(empty.find("")->type == EntryType::directory);
    CHECK(empty.find("")->mode == 0755);
    CHECK_FALSE(empty.find("etc"));
    CHECK(empty.children("").empty());
    CHECK(empty.subtree("").empty());
    CHECK_FALSE(empty.kept("etc/passwd"));
    const auto resolved = empty.resolve("/a/../b/./c", true).value();
    CHECK(resolved.path == "b/c");
    CHECK_FALSE(resolved.entry);
}

TEST_CASE("the topmost layer that speaks of a path is right, its silence lets lower ones show") {
    const auto stage = view({{directory("a", 0700), file("a/x", "1"), file("a/y", "1")},
                             {directory("a", 0711), file("a/x", "22")}});
    CHECK(stage.find("a")->mode == 0711);
    CHECK(stage.find("a/x")->size == 2);
    CHECK(stage.find("a/y")->size == 1);
    CHECK(stage.children("a") == Names{"x", "y"});
    CHECK(stage.children("a/x").empty());
    CHECK(paths(stage.subtree("a")) == Names{"a", "a/x", "a/y"});
}

TEST_CASE("what is deleted, replaced or under an opaque directory does not show") {
    const std::vector<LayerEntry> below = {directory("d"), directory("d/e"), file("d/e/f", "old"),
                                           file("d/g"), file("keep")};
    struct Case {
        const char* what;
        std::vector<LayerEntry> above;
        Names visible;
    };
    const Case cases[] = {
        {"whiteout of a file", {directory("d"), whiteout("d/g")}, {"d", "d/e", "d/e/f", "keep"}},
        {"whiteout of a directory", {whiteout("d")}, {"keep"}},
        {"opaque", {opaque("d"), file("d/new")}, {"d", "d/new", "keep"}},
        {"opaque and empty", {opaque("d")}, {"d", "keep"}},
        {"file for directory", {file("d")}, {"d", "keep"}},
        {"link for directory", {soft_link("d", "keep")}, {"d", "keep"}},
        {"directory for file",
         {directory("d"), directory("d/g"), file("d/g/h")},
         {"d", "d/e", "d/e/f", "d/g", "d/g/h", "keep"}},
        {"implied parent", {file("d/e/h")}, {"d", "d/e", "d/e/f", "d/e/h", "d/g", "keep"}},
        {"implied parent over a file",
         {file("keep/x")},
         {"d", "d/e", "d/e/f", "d/g", "keep", "keep/x"}},
        {"deeper opaque", {directory("d"), opaque("d/e")}, {"d", "d/e", "d/g", "keep"}},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        const auto stage = view({below, c.above});
        CHECK(paths(stage.subtree("")) == c.visible);
        for (const auto& name : {"d", "d/e", "d/e/f", "d/g", "d/g/h", "d/new", "keep", "d/e/h"})
            CHECK(stage.find(name).has_value() ==
                  (std::ranges::find(c.visible, name) != c.visible.end()));
        // A layer in between that says nothing changes nothing, nor does one that says it again.
        CHECK(paths(view({below, {}, c.above, {}}).subtree("")) == c.visible);
        CHECK(paths(view({below, c.above, c.above}).subtree("")) == c.visible);
    }
}

TEST_CASE("what a higher layer puts into a deleted directory shows without the old content") {
    const auto stage =
        view({{directory("d"), file("d/old")}, {whiteout("d")}, {directory("d"), file("d/new")}});
    CHECK(stage.children("d") == Names{"new"});
    CHECK(stage.children("") == Names{"d"});
    CHECK_FALSE(stage.find("d/old"));
    CHECK(paths(stage.subtree("d")) == Names{"d", "d/new"});
}

TEST_CASE("implied directories have the attributes of the layers below") {
    const auto stage =
        view({{directory("opt", 0750), directory("opt/a", 0700)}, {file("opt/a/f")}});
    CHECK(stage.find("opt/a")->mode == 0700);
    CHECK(stage.subtree("opt")[1].mode == 0700);
    const auto nowhere = view({{file("x/y")}});
    CHECK(nowhere.find("x")->mode == 0755);
    CHECK(nowhere.find("x")->type == EntryType::directory);
}

TEST_CASE("siblings whose names start alike keep apart") {
    const auto stage = view({{directory("a"), file("a/x"), file("a-b"), directory("a.d"),
                              file("a.d/y"), directory("ab"), file("ab/z")},
                             {whiteout("a")}});
    CHECK(stage.children("") == Names{"a-b", "a.d", "ab"});
    CHECK(paths(stage.subtree("")) == Names{"a-b", "a.d", "a.d/y", "ab", "ab/z"});
}

TEST_CASE("hard links are the file they name; in a subtree its first name is the file") {
    auto first = file("a/1", "content");
    first.xattrs = {{"user.k", "v"}};
    first.mode = 0755;
    const auto stage = view({{directory("a"), first, directory("b"), hard_link("b/2", "a/1"),
                              hard_link("b/3", "a/1")}});
    const auto second = stage.find("b/2");
    REQUIRE(second);
    CHECK(second->type == EntryType::file);
    CHECK(second->path == "b/2");
    CHECK(second->size == 7);
    CHECK(second->xattrs == first.xattrs);

    const auto subtree = stage.subtree("b");
    REQUIRE(subtree.size() == 3);
    CHECK(subtree[1].type == EntryType::file);
    CHECK(subtree[1].content == first.content);
    CHECK(subtree[1].xattrs == first.xattrs);
    CHECK(subtree[2].type == EntryType::hard_link);
    CHECK(subtree[2].link == "b/2");
    CHECK(subtree[2].mode == 0755);
    CHECK(listing(subtree)->size() == 3); // can be listed as it is

    // The first name deleted above: the second one is the file.
    const auto without = StageView(stage).with(listing({directory("a"), whiteout("a/1")}));
    const auto rest = without.subtree("");
    CHECK(paths(rest) == Names{"a", "b", "b/2", "b/3"});
    CHECK(rest[2].type == EntryType::file);
    CHECK(rest[3].link == "b/2");
}

TEST_CASE("a subtree of one file or nothing") {
    const auto stage = view({{directory("a"), file("a/f", "1"), soft_link("l", "a")}});
    CHECK(paths(stage.subtree("a/f")) == Names{"a/f"});
    CHECK(stage.subtree("l").at(0).type == EntryType::symlink);
    CHECK(stage.subtree("none").empty());
}

TEST_CASE("symbolic links are followed inside the root") {
    const auto stage = view({{directory("usr"), directory("usr/lib"), file("usr/lib/so", "1"),
                              soft_link("lib", "usr/lib"), soft_link("abs", "/usr/lib"),
                              soft_link("up", "../../../usr/lib"), soft_link("chain", "abs"),
                              soft_link("usr/rel", "../lib/so"), soft_link("dangling", "nowhere/x"),
                              soft_link("loop", "loop"), soft_link("root", "/"), file("f")}});
    struct Case {
        const char* path;
        bool follow;
        const char* resolved;
        bool exists;
    };
    const Case cases[] = {
        {"lib/so", true, "usr/lib/so", true},
        {"/abs/so", false, "usr/lib/so", true},
        {"up/so", true, "usr/lib/so", true},
        {"chain/so", true, "usr/lib/so", true},
        {"chain/new", true, "usr/lib/new", false},
        {"usr/rel", true, "usr/lib/so", true},
        {"usr/rel", false, "usr/rel", true},
        {"lib", false, "lib", true},
        {"lib", true, "usr/lib", true},
        {"lib/..", true, "usr", true},
        {"../../lib/./so", true, "usr/lib/so", true},
        {"dangling", true, "nowhere/x", false},
        {"dangling/y/z", true, "nowhere/x/y/z", false},
        {"root", true, "", true},
        {"root/root/usr", true, "usr", true},
        {"loop", false, "loop", true},
        {"no/such/../x", true, "no/x", false},
        {"", true, "", true},
        {"/", true, "", true},
    };
    for (const auto& c : cases) {
        CAPTURE(c.path);
        const auto resolved = stage.resolve(c.path, c.follow);
        REQUIRE(resolved);
        CHECK(resolved->path == c.resolved);
        CHECK(resolved->entry.has_value() == c.exists);
    }
    CHECK(stage.resolve("loop", true).error().code == ErrorCode::invalid);
    CHECK(stage.resolve("loop/x", false).error().code == ErrorCode::invalid);
    const auto through_file = stage.resolve("f/x", true);
    REQUIRE_FALSE(through_file);
    CHECK(through_file.error().code == ErrorCode::invalid);
    CHECK(through_file.error().message.find("not a directory") != std::string::npos);
    CHECK(stage.resolve("f/..", true).error().code == ErrorCode::invalid);
}

TEST_CASE("kept bytes are those of the topmost layer that has the file, links followed") {
    const auto with_passwd = [](const std::string& text, const std::string& at = "etc/passwd") {
        ListingBuilder builder;
        must(builder.add(directory("etc")));
        must(builder.add(file("etc/passwd", text)));
        builder.keep(at, text);
        return Listing::from_bytes(builder.finish()).value();
    };
    StageView stage({with_passwd("one"), with_passwd("two")});
    CHECK(stage.kept("etc/passwd") == "two");
    CHECK_FALSE(stage.kept("etc/group"));
    CHECK(stage.with(listing({file("x")})).kept("etc/passwd") == "two");
    CHECK_FALSE(stage.with(listing({directory("etc"), whiteout("etc/passwd")})).kept("etc/passwd"));
    CHECK_FALSE(stage.with(listing({opaque("etc")})).kept("etc/passwd"));
    CHECK_FALSE(stage.with(listing({directory("etc"), soft_link("etc/passwd", "group")}))
                    .kept("etc/passwd"));
    CHECK_FALSE(
        view({{directory("usr")}}).with(listing({soft_link("etc", "usr/etc")})).kept("etc/passwd"));
}
