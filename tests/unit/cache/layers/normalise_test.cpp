#include "tests/unit/cache/layers/every_kind.hpp"

#include <doctest/doctest.h>

#include <tuple>

using namespace mybuild;
using namespace mybuild::test;

namespace {

using Shape = std::vector<std::string>;

void make_base(int root) {
    ok(::mkdirat(root, "etc", 0755));
    ok(::mkdirat(root, "etc/conf.d", 0750));
    write_file(root, "etc/conf.d/a", "a");
    write_file(root, "etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    ok(::symlinkat("passwd", root, "etc/link"));
    ok(::mkdirat(root, "usr", 0755));
    ok(::mkdirat(root, "usr/bin", 0755));
    write_file(root, "usr/bin/tool", "tool", 0755);
    write_file(root, "usr/bin/ping", "ping", 0755);
    ok(::linkat(root, "usr/bin/ping", root, "usr/bin/ping6", 0));
    ok(::mkdirat(root, "var", 0755));
    ok(::mknodat(root, "var/fifo", S_IFIFO | 0600, 0));
    for (const auto* path : {"etc/conf.d/a", "etc/passwd", "etc/link", "etc/conf.d", "usr/bin/tool",
                             "usr/bin/ping", "usr/bin", "usr", "var/fifo", "var", "etc"})
        set_time(root, path, 1'500'000'000);
}

void touch(int root, const std::string& path) {
    ok(::utimensat(root, path.c_str(), nullptr, AT_SYMLINK_NOFOLLOW));
}

void bind_socket(int root, const std::string& path) {
    const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto name = proc_path(root, path);
    REQUIRE(name.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
    ok(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
}

struct Case {
    const char* what;
    std::function<void(int)> change;
    Shape shape;
};

const std::vector<Case>& cases() {
    static const std::vector<Case> all = {
        {"nothing", [](int) {}, {}},
        {"made and deleted again",
         [](int root) {
             write_file(root, "etc/new", "x");
             ok(::unlinkat(root, "etc/new", 0));
             ok(::mkdirat(root, "tmp", 0755));
             ok(::unlinkat(root, "tmp", AT_REMOVEDIR));
         },
         {}},
        {"times of directories alone",
         [](int root) {
             touch(root, "etc");
             touch(root, "usr/bin");
         },
         {}},
        {"opened for writing, but not written",
         [](int root) {
             must(fs::open_at(root, "etc/passwd", O_WRONLY));
             must(fs::open_at(root, "usr/bin/tool", O_RDWR));
         },
         {}},
        {"set to the mode and owner it has",
         [](int root) {
             ok(::fchmodat(root, "usr/bin/tool", 0755, 0));
             ok(::fchownat(root, "etc/link", 0, 0, AT_SYMLINK_NOFOLLOW));
             ok(::fchmodat(root, "etc/conf.d", 0750, 0));
             ok(::fchownat(root, "var/fifo", 0, 0, 0));
         },
         {}},
        {"same size and time, other bytes",
         [](int root) {
             write_file(root, "usr/bin/tool", "TOOL", 0755);
             set_time(root, "usr/bin/tool", 1'500'000'000);
         },
         {"d usr", "d usr/bin", "f usr/bin/tool"}},
        {"written with the same bytes at another time",
         [](int root) { write_file(root, "usr/bin/tool", "tool", 0755); },
         {"d usr", "d usr/bin", "f usr/bin/tool"}},
        {"time of a file", [](int root) { touch(root, "etc/passwd"); }, {"d etc", "f etc/passwd"}},
        {"mode of a directory",
         [](int root) { ok(::fchmodat(root, "usr/bin", 0700, 0)); },
         {"d usr", "d usr/bin"}},
        {"owner of a link",
         [](int root) { ok(::fchownat(root, "etc/link", 1, 1, AT_SYMLINK_NOFOLLOW)); },
         {"d etc", "l etc/link"}},
        {"xattr of a directory",
         [](int root) { ok(::lsetxattr(proc_path(root, "var").c_str(), "user.x", "y", 1, 0)); },
         {"d var"}},
        {"a file deep down",
         [](int root) { write_file(root, "usr/bin/new", "x"); },
         {"d usr", "d usr/bin", "f usr/bin/new"}},
        {"new directories are plain",
         [](int root) {
             ok(::mkdirat(root, "opt", 0755));
             ok(::mkdirat(root, "opt/app", 0755));
             ok(::mkdirat(root, "usr/lib", 0755));
         },
         {"d opt", "d opt/app", "d usr", "d usr/lib"}},
        {"deleted and made again",
         [](int root) {
             must(fs::remove_tree_at(root, "etc"));
             ok(::mkdirat(root, "etc", 0755));
             write_file(root, "etc/only", "x");
         },
         {"o etc", "f etc/only"}},
        {"deleted",
         [](int root) { must(fs::remove_tree_at(root, "usr/bin")); },
         {"d usr", "w usr/bin"}},
        {"file for directory",
         [](int root) {
             must(fs::remove_tree_at(root, "usr"));
             write_file(root, "usr", "x");
         },
         {"f usr"}},
        {"directory for file, over a name that is below",
         [](int root) {
             ok(::unlinkat(root, "usr/bin/tool", 0));
             ok(::mkdirat(root, "usr/bin/tool", 0755));
         },
         {"d usr", "d usr/bin", "d usr/bin/tool"}},
        {"a new name for a file below takes both along",
         [](int root) { ok(::linkat(root, "usr/bin/tool", root, "usr/bin/also", 0)); },
         {"d usr", "d usr/bin", "f usr/bin/also", "h usr/bin/tool"}},
        {"one name of two of an inode below changed",
         [](int root) { ok(::fchmodat(root, "usr/bin/ping6", 0700, 0)); },
         {"d usr", "d usr/bin", "f usr/bin/ping6"}},
        {"renamed",
         [](int root) { ok(::renameat(root, "etc/passwd", root, "etc/users")); },
         {"d etc", "w etc/passwd", "f etc/users"}},
        {"sockets are dropped", [](int root) { bind_socket(root, "var/s"); }, {}},
        {"a socket in the place of a file deletes it",
         [](int root) {
             ok(::unlinkat(root, "var/fifo", 0));
             bind_socket(root, "var/fifo");
         },
         {"d var", "w var/fifo"}},
        {"POSIX ACLs are no part of layers",
         [](int root) { // user::rwx, user:1:r--, group::r-x, mask::r-x, other::r-x
             std::string acl("\2\0\0\0", 4); // version; then tag, permissions, id
             for (const auto& [tag, bits, id] :
                  {std::tuple{1, 7, -1}, {2, 4, 1}, {4, 5, -1}, {16, 5, -1}, {32, 5, -1}}) {
                 const std::uint16_t head[2] = {static_cast<std::uint16_t>(tag),
                                                static_cast<std::uint16_t>(bits)};
                 acl.append(reinterpret_cast<const char*>(head), sizeof head);
                 acl.append(reinterpret_cast<const char*>(&id), sizeof id);
             }
             ok(::lsetxattr(proc_path(root, "usr/bin/tool").c_str(), "system.posix_acl_access",
                            acl.data(), acl.size(), 0));
         },
         {}},
    };
    return all;
}

} // namespace

TEST_CASE("a layer holds what a step changed, and only that") {
    Fixture f;
    LayerStack base;
    f.store.push(base, make_base);
    for (const auto& c : cases()) {
        CAPTURE(c.what);
        std::optional<Description> seen;
        const auto sealed = f.store.seal(base, [&](int root) {
            c.change(root);
            seen.emplace(root);
        });
        auto trees = must(f.store.layers->trees(base));
        trees.push_back({sealed->tree()});
        // The tree on disk is the layer: nothing in it says more, less or something of overlayfs.
        const auto tree = must(fs::open_at(f.store.store->root_fd(), "trees/" + sealed->tree(),
                                           O_RDONLY | O_DIRECTORY));
        Shape on_disk;
        for (const auto& [path, line] : Description(tree.get()).lines()) {
            CHECK(line.find("trusted.overlay.origin") == std::string::npos);
            CHECK(line.find("trusted.overlay.impure") == std::string::npos);
            on_disk.push_back(path);
        }
        Shape expected;
        for (const auto& line : c.shape)
            expected.push_back(line.substr(2));
        CHECK(on_disk == expected);
    }
}

TEST_CASE("listings say what the trees hold") {
    Fixture f;
    LayerStack base;
    f.store.push(base, make_base);
    for (const auto& c : cases()) {
        CAPTURE(c.what);
        CHECK(shape(f.store.step(base, c.change)) == c.shape);
    }
}

TEST_CASE("a step on the layer of a step sees what that one left") {
    Fixture f;
    LayerStack base;
    f.store.push(base, make_base);
    for (const auto& c : cases()) {
        CAPTURE(c.what);
        std::optional<Description> left;
        auto stack = base;
        f.store.push(stack, [&](int root) {
            c.change(root);
            left.emplace(root);
        });
        auto expected = left->lines();
        auto seen = f.store.describe(stack).lines();
        for (const auto* gone : {"var/s", "var/fifo"}) // sockets
            if (!seen.contains(gone)) expected.erase(gone);
        REQUIRE(seen.size() == expected.size());
        for (const auto& [path, line] : expected) {
            CAPTURE(path);
            // Times of directories count only where names in them changed, ACLs never.
            if (line.starts_with("mode 4") || line.find("posix_acl") != std::string::npos) continue;
            CHECK(seen.at(path) == line);
        }
    }
}

TEST_CASE("directories that are only on the way to a change keep the times they have below") {
    Fixture f;
    LayerStack stack;
    f.store.push(stack, make_base);
    f.store.push(stack, [](int root) {
        write_file(root, "usr/bin/tool", "changed", 0755);
        write_file(root, "usr/bin/x", ""); // as mount points are: made for the step and removed
        ok(::unlinkat(root, "usr/bin/x", 0));
        touch(root, "usr");
    });
    const auto& changes = *stack[1].listing;
    CHECK(changes.entry(*changes.find("usr")).mtime == 1'500'000'000);
    CHECK(changes.entry(*changes.find("usr/bin")).mtime == 1'500'000'000);
    const auto root = must(f.store.layers->mount_read_only(must(f.store.layers->trees(stack))));
    CHECK(must(fs::stat_at(root.get(), "usr")).st_mtim.tv_sec == 1'500'000'000);
    CHECK(must(fs::stat_at(root.get(), "usr/bin")).st_mtim.tv_sec == 1'500'000'000);
}

TEST_CASE("a directory that lost or gained a name has a time of its own") {
    Fixture f;
    LayerStack stack;
    f.store.push(stack, make_base);
    f.store.push(stack, [](int root) {
        ok(::unlinkat(root, "usr/bin/tool", 0));
        write_file(root, "var/new", "x");
        set_time(root, "usr/bin", 1'600'000'001);
        set_time(root, "var", 1'600'000'002);
    });
    const auto& changes = *stack[1].listing;
    CHECK(changes.entry(*changes.find("usr")).mtime == 1'500'000'000);
    CHECK(changes.entry(*changes.find("usr/bin")).mtime == 1'600'000'001);
    CHECK(changes.entry(*changes.find("var")).mtime == 1'600'000'002);
    CHECK(must(fs::stat_at(
                   must(f.store.layers->mount_read_only(must(f.store.layers->trees(stack)))).get(),
                   "var"))
              .st_mtim.tv_sec == 1'600'000'002);
}

TEST_CASE("a name that means a deletion in layers cannot be kept, and the error says so") {
    Fixture f;
    const auto sealed = f.store.try_seal({}, [](int root) { write_file(root, ".wh.secret", "x"); });
    REQUIRE_FALSE(sealed);
    CHECK(sealed.error().code == ErrorCode::unsupported);
    CHECK(sealed.error().message.find("/.wh.secret") != std::string::npos);
    CHECK_FALSE(sealed.error().hint.empty());
    CHECK(f.store.names("trees").empty());
}

TEST_CASE("deep directories are layers too, up to what every tool can reach") {
    Fixture f;
    const auto dig = [](int root, int depth, const std::string& name) {
        Fd at = must(fs::open_at(root, ".", O_RDONLY | O_DIRECTORY));
        for (int i = 0; i < depth; ++i) {
            ok(::mkdirat(at.get(), name.c_str(), 0755));
            at = must(fs::open_at(at.get(), name, O_RDONLY | O_DIRECTORY));
        }
        write_file(at.get(), "f", "deep");
    };
    const auto layer = f.store.step({}, [&](int root) { dig(root, 600, "d"); });
    CHECK(layer.listing->size() == 601);
    TestStore other(f.dir.path() + "/other");
    CHECK(must(other.import_tar({}, f.store.tar(layer))).row.content_id == layer.row.content_id);
    const auto too_long =
        f.store.try_seal({}, [&](int root) { dig(root, 20, std::string(250, 'x')); });
    REQUIRE_FALSE(too_long);
    CHECK(too_long.error().code == ErrorCode::unsupported);
}
