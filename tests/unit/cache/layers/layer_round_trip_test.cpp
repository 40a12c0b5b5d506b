#include "tests/unit/cache/layers/every_kind.hpp"

#include <doctest/doctest.h>

using namespace mybuild;
using namespace mybuild::test;

TEST_CASE("every kind of file survives: upper directory, tree, listing, tar, and back") {
    Fixture f;
    std::optional<Description> seen;
    const auto layer = f.store.step({}, [&](int root) {
        make_every_kind(root);
        seen.emplace(root);
    });
    CHECK(f.store.describe({layer}) == *seen);

    const auto tar = f.store.tar(layer);
    CHECK(Digest::of(tar) == layer.row.diff_id);
    CHECK(tar.size() == layer.row.tar_size);
    CHECK(layer.listing->file_bytes() == layer.row.file_bytes);

    TestStore other(f.dir.path() + "/other");
    const auto imported = must(other.import_tar({}, tar));
    CHECK(all_entries(*imported.listing) == all_entries(*layer.listing));
    CHECK(imported.row.content_id == layer.row.content_id);
    CHECK(imported.row.chain_id == layer.row.chain_id);
    const auto unpacked = other.describe({imported});
    for (const auto& [path, line] : seen->lines()) {
        CAPTURE(path);
        REQUIRE(unpacked.lines().contains(path));
        CHECK(unpacked.lines().at(path) == line);
    }
    CHECK(unpacked.lines().size() == seen->lines().size());
    CHECK(other.tar(imported) == tar);
}

TEST_CASE("a sparse file is not blown up where it is unpacked") {
    Fixture f;
    const auto layer = f.store.step({}, [](int root) {
        const auto sparse = must(fs::open_at(root, "sparse", O_WRONLY | O_CREAT, 0644));
        ok(::ftruncate(sparse.get(), 20'000'000));
    });
    TestStore other(f.dir.path() + "/other");
    const auto imported = must(other.import_tar({}, f.store.tar(layer)));
    struct stat info {};
    ok(::fstat(must(other.layers->open_file(imported, "sparse")).get(), &info));
    CHECK(info.st_size == 20'000'000);
    CHECK(info.st_blocks < 100);
}

TEST_CASE("a layer of changes survives as well, on top of what it changes") {
    Fixture f;
    LayerStack stack;
    f.store.push(stack, [](int root) {
        for (const auto* path : {"gone", "replaced", "emptied", "kept"}) {
            ok(::mkdirat(root, path, 0755));
            write_file(root, std::string(path) + "/file", "old");
        }
        write_file(root, "file", "old");
    });
    std::optional<Description> seen;
    f.store.push(stack, [&](int root) {
        must(fs::remove_tree_at(root, "gone"));
        must(fs::remove_tree_at(root, "replaced"));
        write_file(root, "replaced", "a file now");
        must(fs::remove_tree_at(root, "emptied"));
        ok(::mkdirat(root, "emptied", 0711));
        ok(::unlinkat(root, "file", 0));
        ok(::mkdirat(root, "file", 0755));
        write_file(root, "file/in", "a directory now");
        write_file(root, "kept/new", "x");
        ok(::fchmodat(root, "kept/file", 0600, 0));
        seen.emplace(root);
    });
    CHECK(shape(stack[1]) == std::vector<std::string>{"o emptied", "d file", "f file/in", "w gone",
                                                      "d kept", "f kept/file", "f kept/new",
                                                      "f replaced"});
    CHECK(f.store.describe(stack) == *seen);

    TestStore other(f.dir.path() + "/other");
    LayerStack imported;
    for (const auto& layer : stack)
        imported.push_back(must(other.import_tar(imported, f.store.tar(layer))));
    CHECK(all_entries(*imported[1].listing) == all_entries(*stack[1].listing));
    CHECK(other.describe(imported) == *seen);
}

TEST_CASE("trees are made again from what is left: archive, plain blob, compressed blob") {
    Fixture f;
    const auto layer = f.store.step({}, make_every_kind);
    const auto seen = f.store.describe({layer});
    for (const auto* type :
         {"application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+gzip",
          "application/vnd.oci.image.layer.v1.tar+zstd"}) {
        CAPTURE(type);
        auto row = must(f.store.store->layer_rows().find(layer.row.chain_id)).value();
        const auto blob = must(f.store.layers->blob(layer, type));
        CHECK(blob.media_type == type);
        row.tree.clear();
        must(f.store.store->layer_rows().put(row));
        const auto found = must(f.store.layers->find(layer.row.chain_id)).value();
        CHECK(found.row.tree.empty());
        CHECK(f.store.describe({found}) == seen);
        CHECK(Digest::of(f.store.tar(found)) == layer.row.diff_id);
        must(f.store.store->blobs().remove(blob.digest));
    }
}
