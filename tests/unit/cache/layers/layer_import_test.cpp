#include "tests/unit/cache/layers/layer_fixture.hpp"
#include "tests/unit/cache/layers/raw_tar.hpp"

#include <doctest/doctest.h>

using namespace mybuild;
using namespace mybuild::test;

namespace {

using Shape = std::vector<std::string>;

/// A base with a merged /usr, as distributions have it.
RawTar base_tar() {
    return RawTar()
        .directory("usr/")
        .directory("usr/lib/", 0711)
        .file("usr/lib/so", "library", 04755)
        .symlink("lib", "usr/lib")
        .directory("etc/", 0750)
        .file("etc/a", "a")
        .file("etc/b", "b");
}

std::string content(TestStore& store, const Layer& layer, const std::string& path) {
    return must(fs::read_all(must(store.layers->open_file(layer, path)).get()));
}

/// A place outside the store that an archive would like to reach.
struct Outside {
    fs::TempDir dir = must(fs::TempDir::create("/tmp", "mybuild-test-"));
    Outside() { write_file(dir.fd(), "victim", "untouched"); }
    [[nodiscard]] bool untouched() const {
        return must(fs::list_dir(dir.fd())) == std::vector<std::string>{"victim"} &&
               must(fs::read_file_at(dir.fd(), "victim")) == "untouched";
    }
};

} // namespace

TEST_CASE("archives that try to leave their root are refused or stay inside") {
    Fixture f;
    const Outside outside;
    const auto& path = outside.dir.path();
    struct Case {
        const char* what;
        RawTar tar;
        std::optional<ErrorCode> error;
    };
    const Case cases[] = {
        {"absolute name", RawTar().file(path + "/victim", "evil"), {}},
        {"dot-dot", RawTar().file("../../../../../.." + path + "/victim", "evil"),
         ErrorCode::corrupt},
        {"dot-dot inside", RawTar().file("a/../../x", "evil"), ErrorCode::corrupt},
        {"link and through it", RawTar().symlink("l", path).file("l/victim", "evil"), {}},
        {"relative link and through it",
         RawTar().symlink("l", "../../../../../.." + path).file("l/victim", "evil"),
         {}},
        {"chain of links",
         RawTar().symlink("a", "b").symlink("b", path).file("a/new", "evil").directory("a/d/"),
         {}},
        {"over a link", RawTar().symlink("l", path + "/victim").file("l", "evil"), {}},
        {"directory over a link",
         RawTar().symlink("l", path).directory("l/").file("l/victim", "evil"),
         {}},
        {"hard link to outside", RawTar().hard_link("h", path + "/victim"), ErrorCode::corrupt},
        {"hard link with dot-dot", RawTar().hard_link("h", "../../victim"), ErrorCode::corrupt},
        {"hard link through a link", RawTar().symlink("l", path).hard_link("h", "l/victim"),
         ErrorCode::corrupt},
        {"hard link to a link, written through",
         RawTar().symlink("l", path + "/victim").hard_link("h", "l").file("h", "evil"),
         {}},
        {"whiteout through a link", RawTar().symlink("l", path).whiteout("l/.wh.victim"), {}},
        {"whiteout of dot-dot", RawTar().directory("a/").whiteout("a/.wh..."), ErrorCode::corrupt},
        {"whiteout of dot", RawTar().directory("a/").whiteout("a/.wh.."), ErrorCode::corrupt},
        {"whiteout of nothing", RawTar().directory("a/").whiteout("a/.wh."), ErrorCode::corrupt},
        {"loop of links", RawTar().symlink("a", "b").symlink("b", "a").file("a/x", ""),
         ErrorCode::corrupt},
        {"file as directory", RawTar().file("a", "").file("a/x", ""), ErrorCode::corrupt},
        {"hard link to a directory", RawTar().directory("d/").hard_link("h", "d"),
         ErrorCode::corrupt},
        {"hard link to nothing", RawTar().hard_link("h", "none"), ErrorCode::corrupt},
        {"hard link below itself", RawTar().directory("d/").file("d/f", "").hard_link("d", "d/f"),
         ErrorCode::corrupt},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        const auto layer = f.store.import_tar({}, c.tar.str());
        CHECK(outside.untouched());
        CHECK(layer.has_value() == !c.error.has_value());
        if (!layer) {
            CAPTURE(layer.error().message);
            CHECK(layer.error().code == *c.error);
        }
    }
    CHECK(f.store.names("listings").size() == f.store.names("trees").size());
}

TEST_CASE("what an archive cannot smuggle into a tree") {
    Fixture f;
    const auto layer = must(f.store.import_tar(
        {}, RawTar().directory("d/").device("d/hidden", 0, 0).device("d/null", 1, 3).str()));
    CHECK(shape(layer) == Shape{"d d", "c d/null"}); // 0/0 would be a whiteout
    const auto with_xattrs =
        must(f.store.import_tar({}, RawTar()
                                        .pax("SCHILY.xattr.user.fine", "yes")
                                        .directory("w/")
                                        .pax("SCHILY.xattr.trusted.overlay.opaque", "y")
                                        .directory("x/")
                                        .pax("SCHILY.xattr.trusted.overlay.redirect", "/etc")
                                        .directory("y/")
                                        .str()));
    CHECK(with_xattrs.listing->entry(0).xattrs == std::vector<Xattr>{{"user.fine", "yes"}});
    for (std::size_t i = 1; i < 3; ++i) {
        CHECK(with_xattrs.listing->entry(i).xattrs.empty());
        CHECK_FALSE(with_xattrs.listing->entry(i).opaque);
    }
    const auto root = must(fs::open_at(f.store.store->root_fd(), "trees/" + with_xattrs.row.tree,
                                       O_RDONLY | O_DIRECTORY));
    for (const auto& [path, line] : Description(root.get()).lines())
        CHECK(line.find("trusted") == std::string::npos);
}

TEST_CASE("later entries win, as in extraction") {
    Fixture f;
    const auto layer = must(f.store.import_tar({}, RawTar()
                                                       .directory("d/", 0700)
                                                       .file("d/f", "first")
                                                       .file("d/f", "second")
                                                       .directory("d/", 0711)
                                                       .file("x", "file")
                                                       .directory("x/")
                                                       .file("x/in", "in")
                                                       .directory("y/")
                                                       .file("y/in", "in")
                                                       .file("y", "file")
                                                       .file("one", "1")
                                                       .hard_link("two", "one")
                                                       .file("one", "new")
                                                       .str()));
    CHECK(shape(layer) == Shape{"d d", "f d/f", "f one", "f two", "d x", "f x/in", "f y"});
    CHECK(content(f.store, layer, "d/f") == "second");
    CHECK(content(f.store, layer, "one") == "new");
    CHECK(content(f.store, layer, "two") == "1");
    CHECK(layer.listing->entry(0).mode == 0711);
}

TEST_CASE("the first name of an inode is the file, whatever the order of the archive") {
    Fixture f;
    const auto layer = must(f.store.import_tar(
        {},
        RawTar().directory("d/").file("d/z", "x").hard_link("a", "d/z").hard_link("b", "a").str()));
    CHECK(shape(layer) == Shape{"f a", "h b", "d d", "h d/z"});
    CHECK(layer.listing->entry(1).link == "a");
    CHECK(content(f.store, layer, "d/z") == "x");
}

TEST_CASE("what a layer implies is taken from the layers below") {
    Fixture f;
    LayerStack stack = {must(f.store.import_tar({}, base_tar().str()))};
    SUBCASE("attributes of directories without an entry") {
        const auto layer =
            must(f.store.import_tar(stack, RawTar().file("etc/new", "x").file("opt/x", "x").str()));
        CHECK(shape(layer) == Shape{"d etc", "f etc/new", "d opt", "f opt/x"});
        CHECK(layer.listing->entry(0).mode == 0750);
        CHECK(layer.listing->entry(0).mtime == 1'400'000'000);
        CHECK(layer.listing->entry(2).mode == 0755);
    }
    SUBCASE("links of directories are followed") {
        const auto layer = must(
            f.store.import_tar(stack, RawTar().file("lib/new", "x").whiteout("lib/.wh.so").str()));
        CHECK(shape(layer) == Shape{"d usr", "d usr/lib", "f usr/lib/new", "w usr/lib/so"});
        CHECK(layer.listing->entry(1).mode == 0711);
    }
    SUBCASE("a link that the layer replaces is not followed") {
        const auto layer =
            must(f.store.import_tar(stack, RawTar().directory("lib/").file("lib/new", "x").str()));
        CHECK(shape(layer) == Shape{"d lib", "f lib/new"});
    }
    SUBCASE("hard links to files of lower layers are files of their own") {
        const auto layer = must(f.store.import_tar(
            stack, RawTar().hard_link("x", "lib/so").hard_link("y", "usr/lib/so").str()));
        CHECK(shape(layer) == Shape{"f x", "h y"});
        CHECK(layer.listing->entry(0).mode == 04755);
        CHECK(layer.listing->entry(0).content == Digest::of("library"));
        CHECK(content(f.store, layer, "y") == "library");
    }
    SUBCASE("all at once gives the same") {
        const auto tar = RawTar()
                             .file("lib/new", "x")
                             .hard_link("x", "lib/so")
                             .file("etc/c", "c")
                             .whiteout("etc/.wh.a")
                             .str();
        const auto layer = must(f.store.import_tar(stack, tar));
        TestStore other(f.dir.path() + "/other");
        std::vector<LayerBlob> blobs;
        for (const auto& bytes : {base_tar().str(), tar})
            blobs.push_back(
                {Digest::of(bytes), must(other.store->blobs().put(bytes, oci::media_type::layer))});
        const auto all = must(other.layers->import_all(blobs, {}));
        REQUIRE(all.size() == 2);
        CHECK(all_entries(*all[1].listing) == all_entries(*layer.listing));
        stack.push_back(layer);
        CHECK(other.describe(all) == f.store.describe(stack));
        CHECK(must(other.layers->import_all(blobs, {})).back().row.listing == all[1].row.listing);
    }
}

TEST_CASE("deletions count for the layers below, wherever they stand in the archive") {
    Fixture f;
    const LayerStack stack = {must(f.store.import_tar({}, base_tar().str()))};
    struct Case {
        const char* what;
        RawTar tar;
        Shape shape;
    };
    const Case cases[] = {
        {"file", RawTar().directory("etc/").whiteout("etc/.wh.a"), {"d etc", "w etc/a"}},
        {"directory", RawTar().whiteout(".wh.etc"), {"w etc"}},
        {"what is not there", RawTar().whiteout(".wh.none").whiteout("no/.wh.such"), {}},
        {"opaque",
         RawTar().directory("etc/").file("etc/b", "B").whiteout("etc/.wh..wh..opq"),
         {"o etc", "f etc/b"}},
        {"opaque without an entry", RawTar().whiteout("etc/.wh..wh..opq"), {"o etc"}},
        {"opaque of what is not there",
         RawTar().directory("n/").whiteout("n/.wh..wh..opq"),
         {"d n"}},
        {"opaque root",
         RawTar().file("new", "x").directory("usr/").whiteout(".wh..wh..opq"),
         {"w etc", "w lib", "f new", "o usr"}},
        {"deleted before it is made again",
         RawTar().whiteout(".wh.etc").directory("etc/").file("etc/n", "x"),
         {"o etc", "f etc/n"}},
        {"deleted after it was made",
         RawTar().directory("etc/").file("etc/a", "new").whiteout("etc/.wh.a"),
         {"d etc", "f etc/a"}},
        {"inside of what is deleted",
         RawTar().whiteout(".wh.etc").whiteout("etc/.wh.a"),
         {"w etc"}},
        {"aufs's own",
         RawTar().directory("etc/").whiteout(".wh..wh.plnk").whiteout(".wh..wh.aufs"),
         {"d etc"}},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        const auto layer = must(f.store.import_tar(stack, c.tar.str()));
        CHECK(shape(layer) == c.shape);
        // What overlayfs shows is what the listings say.
        auto both = stack;
        both.push_back(layer);
        Shape shown;
        for (const auto& entry : TestStore::view(both).subtree(""))
            shown.push_back(entry.path);
        Shape mounted;
        for (const auto& [path, line] : f.store.describe(both).lines())
            mounted.push_back(path);
        std::ranges::sort(shown);
        CHECK(shown == mounted);
    }
}

TEST_CASE("owners, modes and times are those of the archive") {
    Fixture f;
    const auto layer = must(f.store.import_tar({}, RawTar()
                                                       .owner(1234)
                                                       .directory("d/", 02770)
                                                       .file("d/f", "x", 06755)
                                                       .symlink("l", "d")
                                                       .str()));
    const auto seen = f.store.describe({layer});
    CHECK(seen.lines().at("d").starts_with("mode 42770 owner 1234:1234 time 1400000000"));
    CHECK(seen.lines().at("d/f").starts_with("mode 106755 owner 1234:1234 time 1400000000"));
    CHECK(seen.lines().at("l").starts_with("mode 120777 owner 1234:1234 time 1400000000"));
}

TEST_CASE("a layer that is not what it should be leaves nothing behind") {
    Fixture f;
    const auto good = base_tar().str();
    struct Case {
        const char* what;
        std::string bytes;
        Digest diff_id;
    };
    auto flipped = good;
    flipped[600] = static_cast<char>(flipped[600] ^ 1);
    const Case cases[] = {
        {"another digest", good, Digest::of("something else")},
        {"truncated", good.substr(0, 700), Digest::of(good.substr(0, 700))},
        {"damaged header", flipped, Digest::of(flipped)},
        {"noise", std::string(5000, '\x5a'), Digest::of(std::string(5000, '\x5a'))},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        const auto layer = f.store.import_tar({}, c.bytes, c.diff_id);
        REQUIRE_FALSE(layer);
        CHECK(layer.error().code == ErrorCode::corrupt);
        CHECK_FALSE(must(f.store.layers->find(c.diff_id)).has_value());
        CHECK(f.store.names("trees").empty());
        CHECK(f.store.names("listings").empty());
    }
    CHECK(f.store.import_tar({}, good).has_value());
}

TEST_CASE("a stop request ends an import") {
    Fixture f;
    const auto tar = base_tar().str();
    const auto blob = must(f.store.store->blobs().put(tar, oci::media_type::layer));
    std::stop_source source;
    source.request_stop();
    const auto layer = f.store.layers->import({}, Digest::of(tar), blob, source.get_token());
    REQUIRE_FALSE(layer);
    CHECK(layer.error().code == ErrorCode::cancelled);
}

TEST_CASE("a layer that is there is not read again") {
    Fixture f;
    const auto tar = base_tar().str();
    const auto first = must(f.store.import_tar({}, tar));
    must(f.store.store->blobs().remove(Digest::of(tar)));
    const auto second = must(f.store.layers->import(
        {}, Digest::of(tar), {std::string(oci::media_type::layer), Digest::of(tar), tar.size()},
        {}));
    CHECK(second.row.listing == first.row.listing);
    CHECK(f.store.names("trees").size() == 1);
}

TEST_CASE("bytes after the end of the archive belong to its digest") {
    Fixture f;
    const auto tar = base_tar().str() + std::string(20 * 512, '\0') + "and some more";
    const auto layer = must(f.store.import_tar({}, tar));
    CHECK(layer.row.diff_id == Digest::of(tar));
    CHECK(layer.row.tar_size == tar.size());
    CHECK(f.store.tar(layer) == tar);
}

TEST_CASE("passwd and group of an image are known without its tree") {
    Fixture f;
    const auto layer = must(f.store.import_tar({}, RawTar()
                                                       .directory("etc/")
                                                       .file("etc/passwd", "a:x:1:1::/:\n")
                                                       .file("etc/group", "g:x:7:\n")
                                                       .str()));
    const auto view = TestStore::view({layer});
    CHECK(view.kept("etc/passwd") == "a:x:1:1::/:\n");
    CHECK(view.kept("etc/group") == "g:x:7:\n");
}
