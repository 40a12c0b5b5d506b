#include "base/fs.hpp"
#include "builder/copy/ignored_tree.hpp"
#include "builder/copy/spooled_tree.hpp"
#include "cache/store.hpp"
#include "image/byte_stream_io.hpp"

#include <doctest/doctest.h>

using namespace mybuild;

namespace {

struct Fixture {
    fs::TempDir dir = fs::TempDir::create("/tmp", "mybuild-test-").value();
    std::unique_ptr<Store> store = Store::open(dir.path() + "/store").value();

    [[nodiscard]] Spool spool() const { return Spool::create(*store).value(); }
};

struct Member {
    LayerEntry entry;
    std::string content = {};
};

/// The tar of a layer with these entries, which are in canonical order.
std::string tar_of(const std::vector<Member>& members) {
    StringSink out;
    LayerTarWriter writer(out);
    for (auto [entry, content] : members) {
        entry.size = content.size();
        MemorySource bytes(content);
        REQUIRE(writer.add(entry, &bytes));
    }
    REQUIRE(writer.finish());
    return out.take();
}

LayerEntry file(std::string path) {
    return {.path = std::move(path), .mode = 0600, .uid = 7, .gid = 8, .mtime = 9};
}
LayerEntry directory(std::string path) {
    return {.path = std::move(path), .type = EntryType::directory, .mode = 0700, .uid = 7};
}
LayerEntry hard_link(std::string path, std::string to) {
    return {.path = std::move(path), .type = EntryType::hard_link, .link = std::move(to)};
}

std::shared_ptr<SpooledTree> unpacked(const Fixture& fixture, const std::string& tar) {
    MemorySource bytes(tar);
    return SpooledTree::unpack(bytes, fixture.spool(), {"archive", "look again"}).value();
}

std::string content(SourceTree& tree, const std::string& path) {
    StringSink out;
    REQUIRE(copy_bytes(*tree.open(path).value(), out));
    return out.take();
}

std::vector<std::string> paths(const std::vector<SourceNode>& nodes) {
    std::vector<std::string> out;
    for (const auto& node : nodes)
        out.push_back(node.entry.path);
    return out;
}

using Words = std::vector<std::string>;

} // namespace

TEST_CASE("an archive is a tree of files owned by root, with their bytes and digests") {
    const Fixture fixture;
    const auto tree = unpacked(
        fixture,
        tar_of({{directory("d")}, {file("d/a"), "one"}, {file("d/b"), ""}, {file("e"), "two"}}));
    CHECK(paths(tree->walk("").value()) == Words{"", "d", "d/a", "d/b", "e"});
    CHECK(tree->children("d").value() == Words{"a", "b"});
    const auto node = tree->find("d/a").value().value();
    CHECK(node.entry.uid == 0);
    CHECK(node.entry.gid == 0);
    CHECK(node.entry.mode == 0600);
    CHECK(node.entry.mtime == 9);
    CHECK(node.entry.content == Digest::of("one"));
    CHECK(content(*tree, "d/a") == "one");
    CHECK(content(*tree, "d/b").empty());
    CHECK(content(*tree, "e") == "two");
    CHECK_FALSE(tree->find("f").value());
    CHECK(tree->missing_hint() == "look again");
}

TEST_CASE("directories that an archive only implies are there") {
    const Fixture fixture;
    const auto tree = unpacked(fixture, tar_of({{file("a/b/c"), "x"}}));
    CHECK(paths(tree->walk("a").value()) == Words{"a", "a/b", "a/b/c"});
    CHECK(tree->find("a").value()->entry.mode == 0755);
}

TEST_CASE("hard links of an archive are names of one file") {
    const Fixture fixture;
    const auto tree = unpacked(fixture, tar_of({{file("a"), "x"}, {hard_link("b", "a")}}));
    const auto nodes = tree->walk("").value();
    REQUIRE(nodes.size() == 3);
    CHECK(nodes[1].inode_group != 0);
    CHECK(nodes[1].inode_group == nodes[2].inode_group);
    CHECK(nodes[2].entry.type == EntryType::file);
    CHECK(content(*tree, "b") == "x");
}

TEST_CASE("what is no archive, or has nothing in it, is refused by its name") {
    const Fixture fixture;
    for (const auto& text :
         {std::string("FROM scratch\n"), std::string(1024, '\0'), std::string()}) {
        MemorySource bytes(text);
        const auto tree = SpooledTree::unpack(bytes, fixture.spool(), {"the input"});
        REQUIRE_FALSE(tree);
        CHECK(tree.error().message.starts_with("the input: "));
    }
}

TEST_CASE("an archive with more entries than allowed is refused") {
    const Fixture fixture;
    const auto tar = tar_of({{file("a")}, {file("b")}, {file("c")}});
    TarLimits limits;
    limits.max_entries = 2;
    MemorySource source(tar);
    const auto tree = SpooledTree::unpack(source, fixture.spool(), {"input"}, limits);
    REQUIRE_FALSE(tree);
    CHECK(tree.error().code == ErrorCode::invalid);
}

TEST_CASE("the first bytes tell an archive from a Dockerfile") {
    const auto tar = tar_of({{file("a"), "x"}});
    CHECK(looks_like_archive(tar));
    CHECK(looks_like_archive(std::string_view(tar).substr(0, 512)));
    CHECK(looks_like_archive("\x1f\x8b\x08 and so on"));
    CHECK(looks_like_archive("BZh91AY&SY"));
    CHECK(looks_like_archive(std::string_view("\xfd"
                                              "7zXZ\0",
                                              6)));
    CHECK(looks_like_archive("\x28\xb5\x2f\xfd rest"));
    CHECK_FALSE(looks_like_archive(""));
    CHECK_FALSE(looks_like_archive("FROM scratch\n"));
    CHECK_FALSE(looks_like_archive(std::string(2000, '#')));
    CHECK_FALSE(looks_like_archive(std::string(1024, '\0')));
    auto damaged = tar;
    damaged[0] = 'b';
    CHECK_FALSE(looks_like_archive(damaged));
    CHECK_FALSE(looks_like_archive(std::string_view(tar).substr(0, 511)));
}

TEST_CASE("an ignore file hides what it excludes of any tree") {
    const Fixture fixture;
    const auto all = unpacked(fixture, tar_of({{file("a.log")},
                                               {directory("d")},
                                               {file("d/x")},
                                               {file("d/y")},
                                               {directory("e")},
                                               {file("e/z")},
                                               {file("f")}}));
    const auto rules =
        IgnoreRules::parse(std::make_shared<Source>(".dockerignore", "*.log\nd\n!d/y\ne\n"));
    IgnoredTree tree(all, rules.value());
    CHECK(paths(tree.walk("").value()) == Words{"", "d", "d/y", "f"});
    CHECK(tree.children("").value() == Words{"d", "f"});
    CHECK(tree.find("d").value());
    CHECK_FALSE(tree.find("d/x").value());
    CHECK_FALSE(tree.find("e").value());
    CHECK_FALSE(tree.find("a.log").value());
    CHECK(tree.missing_hint() == "look again");
}
