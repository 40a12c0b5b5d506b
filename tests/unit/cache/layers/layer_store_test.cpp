#include "cache/layer_rows.hpp"
#include "tests/unit/cache/layers/every_kind.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace mybuild;
using namespace mybuild::test;

namespace {

/// Writes the entries of a listing with their bytes from another layer through a LayerWriter.
Layer write_again(TestStore& from, const Layer& layer, TestStore& to, LayerStore::Form form) {
    auto writer = must(to.layers->writer(form));
    for (const auto& entry : all_entries(*layer.listing)) {
        if (entry.type != EntryType::file) {
            must(writer->add(entry, nullptr));
            continue;
        }
        FdSource bytes(must(from.layers->open_file(layer, entry.path)), "test");
        must(writer->add(entry, &bytes));
    }
    return must(writer->commit({}));
}

/// Damages the only file in a directory of the store.
void damage_only_file(TestStore& store, const std::string& directory) {
    const auto names = store.names(directory);
    REQUIRE(names.size() == 1);
    const auto file = must(fs::open_at(store.store->root_fd(), directory + "/" + names[0], O_RDWR));
    struct stat info {};
    ok(::fstat(file.get(), &info));
    char byte = 0;
    ok(::pread(file.get(), &byte, 1, info.st_size / 2));
    byte = static_cast<char>(byte ^ 0x40);
    ok(::fchmod(file.get(), 0600));
    ok(::pwrite(file.get(), &byte, 1, info.st_size / 2));
}

void forget_tree(TestStore& store, const Layer& layer) {
    auto row = must(store.store->layer_rows().find(layer.row.chain_id)).value();
    row.tree.clear();
    must(store.store->layer_rows().put(row));
}

} // namespace

TEST_CASE("an archive, a tree and an upper directory of the same files are the same layer") {
    Fixture f;
    const auto stepped = f.store.step({}, make_every_kind);
    TestStore archives(f.dir.path() + "/archives");
    TestStore trees(f.dir.path() + "/trees");
    const auto archived = write_again(f.store, stepped, archives, LayerStore::Form::archive);
    const auto unpacked = write_again(f.store, stepped, trees, LayerStore::Form::tree);
    CHECK(archived.row.tree.empty());
    CHECK(unpacked.row.archive.empty());
    for (const auto* layer : {&archived, &unpacked}) {
        CHECK(layer->row.diff_id == stepped.row.diff_id);
        CHECK(layer->row.tar_size == stepped.row.tar_size);
        CHECK(layer->row.content_id == stepped.row.content_id);
        CHECK(layer->listing->bytes() == stepped.listing->bytes());
    }
    const auto seen = f.store.describe({stepped});
    CHECK(trees.describe({unpacked}) == seen);
    CHECK(archives.describe({archived}) == seen); // unpacked now
    CHECK(archives.tar(archived) == f.store.tar(stepped));
}

TEST_CASE("a writer says what is wrong with what it is given") {
    for (const auto form : {LayerStore::Form::archive, LayerStore::Form::tree}) {
        Fixture f;
        auto writer = must(f.store.layers->writer(form));
        CHECK(writer->add(file("a/b"), nullptr).error().code == ErrorCode::internal); // no parent
        must(writer->add(directory("d"), nullptr));
        auto wrong = file("d/f", "expected");
        MemorySource other("surprise");
        CHECK(writer->add(wrong, &other).error().code == ErrorCode::invalid);
        writer.reset();
        CHECK(f.store.names("trees").empty());
        CHECK(f.store.names("archives").empty());

        auto shrinking = must(f.store.layers->writer(form));
        MemorySource little("x");
        auto big = file("f", "more than x");
        CHECK_FALSE(shrinking->add(big, &little));
    }
}

TEST_CASE("times change the diff id, but not the content id; the layer that is known is taken") {
    Fixture f;
    const auto make = [](std::int64_t time) {
        return [time](int root) {
            ok(::mkdirat(root, "d", 0755));
            write_file(root, "d/f", "same");
            set_time(root, "d/f", time);
            set_time(root, "d", time);
        };
    };
    const auto first = f.store.step({}, make(1'000'000));
    const auto second = f.store.step({}, make(2'000'000));
    CHECK(second.row.chain_id == first.row.chain_id);
    CHECK(second.row.listing == first.row.listing);
    CHECK(f.store.names("listings").size() == 1);
    CHECK(must(f.store.store->layer_rows().list()).size() == 1);

    TestStore other(f.dir.path() + "/other");
    const auto elsewhere = other.step({}, make(2'000'000));
    CHECK(elsewhere.row.content_id == first.row.content_id);
    CHECK(elsewhere.row.diff_id != first.row.diff_id);

    // The same content in an archive is known too, and on another parent it is not.
    {
        auto writer = must(f.store.layers->writer(LayerStore::Form::archive));
        must(writer->add(directory("d"), nullptr));
        MemorySource bytes("same");
        must(writer->add(file("d/f", "same"), &bytes));
        CHECK(must(writer->commit({})).row.chain_id == first.row.chain_id);
    }
    CHECK(f.store.names("archives").empty());
    const auto other_parent = f.store.step(
        {f.store.step({}, [](int root) { write_file(root, "x", ""); })}, make(3'000'000));
    CHECK(other_parent.row.diff_id != first.row.diff_id);

    // Dropped trees go away, at the latest when the store is closed.
    f.store.reopen();
    CHECK(f.store.names("trees").size() == 3);
}

TEST_CASE("a step can go on top of a tree that is still waiting for its hash") {
    Fixture f;
    auto sealed = f.store.seal({}, [](int root) { write_file(root, "one", "1"); });
    const TreeRef tree{sealed->tree()};
    auto scratch = must(f.store.layers->prepare(std::span(&tree, 1)));
    const auto first = must(f.store.layers->commit(std::move(sealed), {}));
    CHECK(must(fs::read_file_at(scratch->root(), "one")) == "1");
    write_file(scratch->root(), "two", "2");
    auto next = must(f.store.layers->seal(std::move(scratch), TestStore::view({first})));
    const auto second = must(f.store.layers->commit(std::move(next), first.row.chain_id));
    CHECK(shape(second) == std::vector<std::string>{"f two"});
}

TEST_CASE("a layer known already does not pull the tree from under a running step") {
    Fixture f;
    const auto make = [](int root) { write_file(root, "one", "1"); };
    const auto known = f.store.step({}, make);
    auto sealed = f.store.seal({}, make);
    const TreeRef tree{sealed->tree()};
    CHECK(tree.tree != known.row.tree);
    const auto scratch = must(f.store.layers->prepare(std::span(&tree, 1)));
    CHECK(must(f.store.layers->commit(std::move(sealed), {})).row.tree == known.row.tree);
    CHECK(must(fs::read_file_at(scratch->root(), "one")) == "1");
}

TEST_CASE("what is not committed leaves nothing") {
    Fixture f;
    {
        auto scratch = must(f.store.layers->prepare({}));
        write_file(scratch->root(), "f", "x");
        auto sealed = f.store.seal({}, [](int root) { write_file(root, "g", "x"); });
    }
    f.store.reopen();
    CHECK(f.store.names("trees").empty());
    CHECK(f.store.names("listings").empty());
    CHECK(must(f.store.store->layer_rows().list()).empty());
}

TEST_CASE("stacks and layers are found again by another process") {
    Fixture f;
    LayerStack stack;
    for (int i = 0; i < 3; ++i)
        f.store.push(stack, [&](int root) { write_file(root, std::to_string(i), "x"); });
    const auto top = stack.back().row.chain_id;
    stack.clear();
    f.store.reopen();
    const auto found = must(f.store.layers->stack(top));
    REQUIRE(found);
    CHECK(found->size() == 3);
    CHECK(f.store.describe(*found).lines().size() == 3);
    CHECK_FALSE(must(f.store.layers->stack(Digest::of("unknown"))));
    must(f.store.store->layer_rows().remove((*found)[1].row.chain_id));
    CHECK_FALSE(must(f.store.layers->stack(top)));
}

void pretend_another_boot(Fixture& f, const Digest& chain_id) {
    auto row = must(f.store.store->layer_rows().find(chain_id)).value();
    REQUIRE_FALSE(row.tree_boot.empty());
    row.tree_boot = "another";
    must(f.store.store->layer_rows().put(row));
    f.store.reopen();
}

void make_various(int root) {
    write_file(root, "f", "text");
    write_file(root, "g", "text");
    REQUIRE(::linkat(root, "f", root, "link", 0) == 0);
    REQUIRE(::symlinkat("f", root, "symlink") == 0);
    REQUIRE(::mkdirat(root, "d", 0750) == 0);
    write_file(root, "d/inside", "x");
}

TEST_CASE("a tree of another boot is used when it is whole") {
    Fixture f;
    const auto layer = f.store.step({}, make_various);
    pretend_another_boot(f, layer.row.chain_id);
    const auto stack = must(f.store.layers->stack(layer.row.chain_id)).value();
    const auto trees = must(f.store.layers->trees(stack));
    REQUIRE(trees.size() == 1);
    CHECK(trees[0].tree == layer.row.tree);
    CHECK(must(f.store.store->layer_rows().find(layer.row.chain_id)).value().tree_synced);
}

TEST_CASE("a tree that a power loss has torn is made anew") {
    struct Damage {
        const char* name;
        void (*apply)(int tree);
    };
    static constexpr Damage damages[] = {
        {"no bytes", [](int tree) { write_file(tree, "f", ""); }},
        {"other bytes", [](int tree) { write_file(tree, "f", "tent"); }},
        {"no file", [](int tree) { REQUIRE(::unlinkat(tree, "g", 0) == 0); }},
        {"no directory", [](int tree) { must(fs::remove_tree_at(tree, "d")); }},
        {"one name more", [](int tree) { write_file(tree, "d/more", ""); }},
        {"another mode", [](int tree) { REQUIRE(::fchmodat(tree, "d", 0700, 0) == 0); }},
        {"another owner", [](int tree) { REQUIRE(::fchownat(tree, "g", 1, 1, 0) == 0); }},
        {"another kind",
         [](int tree) {
             REQUIRE(::unlinkat(tree, "symlink", 0) == 0);
             write_file(tree, "symlink", "f");
         }},
        {"a link that is a copy",
         [](int tree) {
             REQUIRE(::unlinkat(tree, "link", 0) == 0);
             write_file(tree, "link", "text");
         }},
    };
    for (const auto& damage : damages) {
        for (const bool has_blob : {false, true}) {
            CAPTURE(damage.name);
            CAPTURE(has_blob);
            Fixture f;
            const auto layer = f.store.step({}, make_various);
            if (has_blob) must(f.store.layers->blob(layer, oci::media_type::layer_gzip));
            pretend_another_boot(f, layer.row.chain_id);
            {
                const auto tree = must(fs::open_at(
                    f.store.store->root_fd(), "trees/" + layer.row.tree, O_RDONLY | O_DIRECTORY));
                damage.apply(tree.get());
            }
            const auto stack = must(f.store.layers->stack(layer.row.chain_id)).value();
            const auto trees = f.store.layers->trees(stack);
            if (has_blob) {
                REQUIRE(trees);
                CHECK((*trees)[0].tree != layer.row.tree);
                continue;
            }
            REQUIRE_FALSE(trees);
            CHECK(trees.error().code == ErrorCode::corrupt);
            CHECK_FALSE(must(f.store.layers->find(layer.row.chain_id)));
            const auto again = f.store.step({}, make_various);
            CHECK(again.row.content_id == layer.row.content_id);
            CHECK(must(f.store.layers->find(again.row.chain_id)));
        }
    }
}

TEST_CASE("a step whose known layer has a torn tree keeps its own") {
    Fixture f;
    const auto layer = f.store.step({}, make_various);
    pretend_another_boot(f, layer.row.chain_id);
    must(fs::remove_tree_at(f.store.store->root_fd(), "trees/" + layer.row.tree + "/d"));
    const auto again = f.store.step({}, make_various);
    CHECK(again.row.tree != layer.row.tree);
    CHECK(f.store.describe({again}).lines().size() == 6);
}

TEST_CASE("a tree that is not there counts for nothing") {
    Fixture f;
    const auto layer = f.store.step({}, [](int root) { write_file(root, "f", "x"); });
    must(fs::remove_tree_at(f.store.store->root_fd(), "trees/" + layer.row.tree));
    CHECK_FALSE(must(f.store.layers->find(layer.row.chain_id)));
    // And the layer can be made again, though it is on record.
    const auto again = f.store.step({}, [](int root) { write_file(root, "f", "x"); });
    CHECK(again.row.content_id == layer.row.content_id);
    CHECK(f.store.describe({again}).lines().size() == 1);
}

TEST_CASE("a layer on another parent shares what it has") {
    Fixture f;
    const auto parent = f.store.step({}, [](int root) { write_file(root, "p", "x"); });
    const auto layer = f.store.step({}, [](int root) { write_file(root, "f", "x"); });
    const auto adopted = must(f.store.layers->adopt(parent.row.chain_id, layer));
    CHECK(adopted.row.diff_id == layer.row.diff_id);
    CHECK(adopted.row.parent_chain == parent.row.chain_id);
    CHECK(adopted.row.chain_id == oci::chain_id(parent.row.chain_id, layer.row.diff_id));
    CHECK(adopted.row.tree == layer.row.tree);
    CHECK(must(f.store.layers->stack(adopted.row.chain_id)).value().size() == 2);
    CHECK(must(f.store.layers->adopt(parent.row.chain_id, layer)).row.chain_id ==
          adopted.row.chain_id);
}

TEST_CASE("blobs are compressed once and remembered") {
    Fixture f;
    const auto layer =
        f.store.step({}, [](int root) { write_file(root, "f", std::string(100'000, 'x')); });
    const auto gzip = must(f.store.layers->blob(layer, oci::media_type::layer_gzip));
    CHECK(gzip.size < 10'000);
    CHECK(must(f.store.layers->blob(layer, oci::media_type::layer_gzip)) == gzip);
    const auto docker = must(f.store.layers->blob(layer, oci::media_type::docker_layer_gzip));
    CHECK(docker.digest == gzip.digest);
    CHECK(docker.media_type == oci::media_type::docker_layer_gzip);
    CHECK(must(f.store.layers->blob(layer, oci::media_type::layer_zstd)).digest != gzip.digest);
    CHECK(must(f.store.layers->blob(layer, oci::media_type::layer)).digest == layer.row.diff_id);
    CHECK(must(f.store.layers->blob(layer, oci::media_type::layer)).size == layer.row.tar_size);
    CHECK(f.store.layers->blob(layer, "text/plain").error().code == ErrorCode::unsupported);
}

TEST_CASE("a damaged listing is made anew, and the rest of the store works") {
    Fixture f;
    const auto make = [](int root) { write_file(root, "f", std::string(3000, 'x')); };
    const auto chain = f.store.step({}, make).row.chain_id;
    f.store.reopen();
    damage_only_file(f.store, "listings");
    CHECK_FALSE(must(f.store.layers->find(chain)));
    const auto again = f.store.step({}, make);
    CHECK(must(f.store.layers->find(again.row.chain_id)));
    CHECK(f.store.describe({again}).lines().size() == 1);
}

TEST_CASE("a damaged archive is reported, and the layer can be made anew") {
    Fixture f;
    const auto write = [&] {
        auto writer = must(f.store.layers->writer(LayerStore::Form::archive));
        const std::string text(30'000, 'x');
        MemorySource bytes(text);
        must(writer->add(file("f", text), &bytes));
        return must(writer->commit({}));
    };
    SUBCASE("when it is unpacked") {
        const auto layer = write();
        damage_only_file(f.store, "archives");
        const auto trees = f.store.layers->trees({layer});
        REQUIRE_FALSE(trees);
        CHECK(trees.error().code == ErrorCode::corrupt);
        CHECK_FALSE(trees.error().hint.empty());
        CHECK_FALSE(must(f.store.layers->find(layer.row.chain_id)));
    }
    SUBCASE("when it is written out") {
        const auto layer = write();
        damage_only_file(f.store, "archives");
        StringSink out;
        CHECK(f.store.layers->write_tar(layer, out).error().code == ErrorCode::corrupt);
        CHECK(f.store.layers->blob(layer, oci::media_type::layer_gzip).error().code ==
              ErrorCode::corrupt);
        CHECK_FALSE(must(f.store.layers->find(layer.row.chain_id)));
    }
    const auto again = write();
    CHECK(f.store.tar(again).size() == again.row.tar_size);
    CHECK(f.store.describe({again}).lines().size() == 1);
}

TEST_CASE("a damaged blob is reported; where there is another form, that one is taken next") {
    Fixture f;
    const auto layer =
        f.store.step({}, [](int root) { write_file(root, "f", std::string(9000, 'x')); });
    const auto gzip = must(f.store.layers->blob(layer, oci::media_type::layer_gzip));
    damage_only_file(f.store, "blobs/sha256");
    StringSink out;
    CHECK(f.store.layers->write_tar(layer, out).error().code == ErrorCode::corrupt);
    CHECK(f.store.tar(layer).size() == layer.row.tar_size); // from the tree
    CHECK(must(f.store.layers->blob(layer, oci::media_type::layer_gzip)) == gzip);

    damage_only_file(f.store, "blobs/sha256");
    forget_tree(f.store, layer);
    const auto without = must(f.store.layers->find(layer.row.chain_id)).value();
    const auto trees = f.store.layers->trees({without});
    REQUIRE_FALSE(trees);
    CHECK(trees.error().code == ErrorCode::corrupt);
    CHECK_FALSE(must(f.store.layers->find(layer.row.chain_id)));
}

TEST_CASE("a tree that is not what its listing says is not written out as the layer") {
    Fixture f;
    const auto layer = f.store.step({}, [](int root) { write_file(root, "f", "right"); });
    write_file(
        must(fs::open_at(f.store.store->root_fd(), "trees/" + layer.row.tree, O_RDONLY)).get(), "f",
        "wrong");
    StringSink out;
    CHECK(f.store.layers->write_tar(layer, out).error().code == ErrorCode::corrupt);
}

TEST_CASE("more layers than the kernel mounts at once") {
    Fixture f;
    std::vector<TreeRef> trees;
    std::vector<std::unique_ptr<SealedTree>> sealed;
    const StageView nothing;
    // Every layer adds a name, every third deletes one, every tenth replaces a directory.
    std::map<std::string, int> expected;
    std::vector<std::shared_ptr<const Listing>> listings;
    for (int i = 0; i < 600; ++i) {
        auto scratch = must(f.store.layers->prepare({}));
        const int root = scratch->root();
        ok(::mkdirat(root, "d", 0755));
        write_file(root, "d/" + std::to_string(i), "x");
        expected["d/" + std::to_string(i)] = i;
        must(f.store.layers->seal(std::move(scratch), nothing)).swap(sealed.emplace_back());
        const auto tree = must(fs::open_at(
            f.store.store->root_fd(), "trees/" + sealed.back()->tree(), O_RDONLY | O_DIRECTORY));
        if (i % 3 == 2) {
            const auto gone = "d/" + std::to_string(i - 1);
            ok(::mknodat(tree.get(), gone.c_str(), S_IFCHR, 0));
            expected.erase(gone);
        }
        if (i == 300) {
            ok(::lsetxattr(proc_path(tree.get(), "d").c_str(), "trusted.overlay.opaque", "y", 1,
                           0));
            expected = {{"d/300", 300}};
        }
        trees.push_back({sealed.back()->tree()});
    }
    const auto names = [&](std::span<const TreeRef> refs) {
        std::vector<std::string> found;
        const auto root = must(f.store.layers->mount_read_only(refs));
        for (const auto& [path, line] : Description(root.get()).lines())
            if (path != "d") found.push_back(path);
        return found;
    };
    std::vector<std::string> wanted;
    for (const auto& [path, layer] : expected)
        wanted.push_back(path);
    CHECK(names(trees) == wanted);
    const auto merged = f.store.names("trees").size();
    auto scratch = must(f.store.layers->prepare(trees));
    write_file(scratch->root(), "d/new", "x");
    CHECK(f.store.names("trees").size() == merged); // merged once, used again
}

TEST_CASE("several threads unpack, commit and read at the same time") {
    Fixture f;
    LayerStack stack;
    for (int i = 0; i < 6; ++i)
        f.store.push(stack, [&](int root) { write_file(root, std::to_string(i), "x"); });
    for (auto& layer : stack) {
        must(f.store.layers->blob(layer, oci::media_type::layer_gzip));
        forget_tree(f.store, layer);
        layer.row.tree.clear();
    }
    std::vector<std::vector<TreeRef>> found(4);
    {
        std::vector<std::jthread> threads;
        for (auto& trees : found)
            threads.emplace_back([&] { trees = must(f.store.layers->trees(stack)); });
    }
    for (const auto& trees : found)
        for (std::size_t i = 0; i < stack.size(); ++i)
            CHECK(trees[i].tree == found[0][i].tree);
}
