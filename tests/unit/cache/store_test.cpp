#include "cache/images.hpp"
#include "cache/records.hpp"
#include "cache/store_format.hpp"
#include "support.hpp"

#include <fcntl.h>
#include <functional>
#include <map>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <thread>

using namespace mybuild;
using namespace mybuild::test;

namespace {

std::vector<std::string> names(int dir, const std::string& path) {
    return fs::list_dir(fs::open_at(dir, path, O_RDONLY | O_DIRECTORY).value().get()).value();
}

unsigned mode_of(int dir, const std::string& path) {
    return fs::stat_at(dir, path).value().st_mode & 07777U;
}

/// A record so large that it does not stay in the write-ahead log when the store is closed.
StepRecord large_record() {
    StepRecord record;
    record.config = std::string(400'000, 'x');
    return record;
}

const std::map<std::string, std::string>* environment = nullptr;
const char* fake_env(const char* name) {
    const auto found = environment->find(name);
    return found == environment->end() ? nullptr : found->second.c_str();
}

} // namespace

TEST_CASE("a new store is closed to others and has nothing in it") {
    const auto dir = temp();
    const auto root = dir.path() + "/some/deep/store";
    const auto store = Store::open(root);
    REQUIRE(store);
    CHECK((*store)->root() == root);
    CHECK(names((*store)->root_fd(), ".") ==
          std::vector<std::string>{"archives", "blobs", "contexts", "format", "listings", "lock",
                                   "trees", "work"});
    for (const auto* path : {"", "/blobs/sha256", "/trees", "/work", "/contexts"})
        CHECK(mode_of(AT_FDCWD, root + path) == 0700);
    CHECK(fs::read_file_at((*store)->root_fd(), "format").value() ==
          "mybuild-store\nversion 1\nfeatures\n");
    CHECK((*store)->images().list().value().empty());
    CHECK(mode_of((*store)->root_fd(), "store.db") == 0600);
}

TEST_CASE("a store is where it was, whatever the working directory becomes") {
    const auto dir = temp();
    const auto before = fs::open_at(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY).value();
    REQUIRE(::fchdir(dir.fd()) == 0);
    const auto store = Store::open("store");
    REQUIRE(::fchdir(before.get()) == 0);
    REQUIRE(store);
    CHECK((*store)->images().list());
    CHECK(fs::stat_at(dir.fd(), "store/store.db"));
}

TEST_CASE("a store whose making was interrupted is completed") {
    const std::vector<std::vector<std::string>> interrupted = {
        {}, {"blobs"}, {"blobs/sha256", "trees", "listings", "archives", "work", "contexts"}};
    for (const auto& made : interrupted) {
        const auto dir = temp();
        for (const auto& name : made)
            REQUIRE(fs::make_dirs_at(dir.fd(), name));
        REQUIRE(fs::write_file_atomic(dir.fd(), "format.tmp-abcdefgh", "mybui"));
        const auto store = Store::open(dir.path());
        REQUIRE(store);
        CHECK((*store)->blobs().put("x", "text/plain"));
        CHECK(fs::stat_at(dir.fd(), "format"));
    }
}

TEST_CASE("a store that found no space to be made in is completed when there is some") {
    const auto dir = temp();
    if (::mount("tmpfs", dir.path().c_str(), "tmpfs", 0, "size=1m,nr_inodes=5") != 0) {
        MESSAGE("skipped: this process may not mount");
        return;
    }
    const auto full = Store::open(dir.path() + "/store");
    REQUIRE_FALSE(full);
    CHECK(full.error().code == ErrorCode::no_space);
    CHECK(full.error().hint.find("free space") != std::string::npos);
    REQUIRE(::mount("tmpfs", dir.path().c_str(), "tmpfs", MS_REMOUNT, "size=1m,nr_inodes=50") == 0);
    CHECK(Store::open(dir.path() + "/store").value()->blobs().put("x", "text/plain"));
    REQUIRE(::umount2(dir.path().c_str(), 0) == 0);
}

TEST_CASE("what cannot be a store says why and what to do") {
    struct Case {
        std::function<void(int)> prepare;
        std::string path;
        ErrorCode code;
        std::string says;
    };
    const std::vector<Case> cases = {
        {[](int) {}, "", ErrorCode::usage, "no place for the store"},
        {[](int dir) { REQUIRE(fs::write_file_atomic(dir, "s", "")); }, "s", ErrorCode::io,
         "Not a directory"},
        {[](int dir) { REQUIRE(fs::write_file_atomic(dir, "f", "")); }, "f/s", ErrorCode::io,
         "Not a directory"},
        {[](int dir) {
             REQUIRE(fs::make_dirs_at(dir, "s"));
             REQUIRE(fs::write_file_atomic(dir, "s/thesis.tex", ""));
         },
         "s", ErrorCode::invalid, "no mybuild store and not empty (it has thesis.tex)"},
        {[](int dir) {
             REQUIRE(fs::make_dirs_at(dir, "s"));
             REQUIRE(fs::write_file_atomic(dir, "s/trees", ""));
         },
         "s", ErrorCode::io, "Not a directory"},
    };
    for (const auto& [prepare, path, code, says] : cases) {
        const auto dir = temp();
        prepare(dir.fd());
        const auto store = Store::open(path.empty() ? path : dir.path() + "/" + path);
        CAPTURE(says);
        REQUIRE_FALSE(store);
        CHECK(store.error().code == code);
        CHECK(store.error().message.find(says) != std::string::npos);
        CHECK(store.error().hint.find("--root") != std::string::npos);
    }
}

TEST_CASE("format files: good, newer and damaged ones") {
    struct Case {
        std::string text;
        std::optional<ErrorCode> code;
    };
    const std::vector<Case> cases = {
        {"mybuild-store\nversion 1\nfeatures\n", std::nullopt},
        {"mybuild-store\nversion 2\nfeatures\n", ErrorCode::unsupported},
        {"mybuild-store\nversion 2\nentirely different\n", ErrorCode::unsupported},
        {"mybuild-store\nversion 1\nfeatures chunks\n", ErrorCode::unsupported},
        {"", ErrorCode::corrupt},
        {"mybuild-store", ErrorCode::corrupt},
        {"mybuild-store\nversion 1\n", ErrorCode::corrupt},
        {"mybuild-store\nversion 1\nfeatures", ErrorCode::corrupt},
        {"mybuild-store\nversion 1\nfeatures  \n", ErrorCode::corrupt},
        {"mybuild-store\nversion 0\nfeatures\n", ErrorCode::corrupt},
        {"mybuild-store\nversion one\nfeatures\n", ErrorCode::corrupt},
        {"mybuild-store\nversion 99999999999\nfeatures\n", ErrorCode::corrupt},
        {"mybuild-store\nversion 1\nfeatures\nmore\n", ErrorCode::corrupt},
        {std::string("\0\0\0\0\0\0\0\0", 8), ErrorCode::corrupt},
    };
    for (const auto& [text, code] : cases) {
        CAPTURE(text);
        const TempStore made;
        REQUIRE(fs::write_file_atomic(made->root_fd(), "format", text));
        const auto store = Store::open(made->root());
        REQUIRE(store.has_value() == !code.has_value());
        if (!code) continue;
        CHECK(store.error().code == *code);
        CHECK_FALSE(store.error().hint.empty());
        CHECK(fs::read_file_at(made->root_fd(), "format").value() == text);
    }
}

TEST_CASE("processes that make the same store at once all get it") {
    const auto dir = temp();
    auto start = make_pipe();
    std::vector<pid_t> children;
    for (int i = 0; i < 8; ++i)
        children.push_back(in_child([&] {
            start.write.reset();
            char byte = 0;
            (void)!::read(start.read.get(), &byte, 1); // ends when the parent closes it
            const auto store = Store::open(dir.path() + "/a/store");
            if (!store) return 1;
            StepRecord record;
            record.definition_key = Digest::of(std::to_string(i));
            if (!(*store)->records().put({&record, 1})) return 2;
            if (!(*store)->blobs().put(std::to_string(i), "")) return 3;
            return 0;
        }));
    start.write.reset();
    for (const auto child : children)
        CHECK(wait_for(child) == 0);
    const auto store = Store::open(dir.path() + "/a/store").value();
    for (int i = 0; i < 8; ++i) {
        const auto digest = Digest::of(std::to_string(i));
        CHECK(store->blobs().has(digest));
        CHECK(store->records().by_definition({&digest, 1}).value().front());
    }
}

TEST_CASE("whoever reclaims space can see that the store is in use") {
    TempStore made;
    const auto lock = fs::open_at(made->root_fd(), "lock", O_RDWR).value();
    CHECK(::flock(lock.get(), LOCK_EX | LOCK_NB) != 0);
    {
        const auto second = Store::open(made->root());
        REQUIRE(second); // users do not exclude each other
    }
    made.store.reset();
    CHECK(::flock(lock.get(), LOCK_EX | LOCK_NB) == 0);
}

TEST_CASE("a scratch directory lasts as long as its store is open") {
    TempStore made;
    const auto scratch = made->scratch_dir().value();
    CHECK(made->scratch_dir().value().path == scratch.path);
    const auto other = Store::open(made->root()).value();
    CHECK(other->scratch_dir().value().path != scratch.path);
    const auto path = made->root() + "/" + scratch.path;
    REQUIRE(fs::make_dirs_at(scratch.fd, "a/b/c"));
    CHECK(fs::stat_at(AT_FDCWD, path + "/a/b/c"));
    CHECK(fs::stat_at(AT_FDCWD, path)->st_dev == fs::stat_at(made->root_fd(), "trees")->st_dev);
    made.store.reset();
    CHECK_FALSE(fs::stat_at(AT_FDCWD, path));
    CHECK(names(other->root_fd(), "work").size() == 1);
}

TEST_CASE("what a killed process left in its scratch directory is removed by a later one") {
    const TempStore made;
    auto ready = make_pipe();
    const auto child = in_child([&] {
        const auto store = Store::open(made->root());
        if (!store) return 1;
        const auto scratch = (*store)->scratch_dir();
        if (!scratch || !fs::make_dirs_at(scratch->fd, "upper/usr/lib")) return 2;
        (void)!::write(ready.write.get(), "x", 1);
        ::pause();
        return 3;
    });
    ready.write.reset();
    char byte = 0;
    REQUIRE(::read(ready.read.get(), &byte, 1) == 1);

    SUBCASE("but not while it lives") {
        { CHECK(Store::open(made->root()).value()->scratch_dir()); }
        CHECK(names(made->root_fd(), "work").size() == 1);
        ::kill(child, SIGKILL);
        wait_for(child);
    }
    SUBCASE("nor by one that needs no scratch directory") {
        ::kill(child, SIGKILL);
        wait_for(child);
        { CHECK(Store::open(made->root()).value()->images().list()); }
        CHECK(names(made->root_fd(), "work").size() == 1);
        { CHECK(Store::open(made->root()).value()->scratch_dir()); }
        { CHECK(Store::open(made->root()).value()->scratch_dir()); }
        CHECK(names(made->root_fd(), "work").empty());
    }
}

TEST_CASE("a damaged database is named with what to do, and nothing else is lost") {
    struct Case {
        const char* what;
        std::function<void(int)> damage; // given the database file
    };
    const std::vector<Case> cases = {
        {"not a database", [](int fd) { REQUIRE(::pwrite(fd, "garbage garbage!", 16, 0) == 16); }},
        {"a page of zeros",
         [](int fd) {
             const std::string zeros(4096, '\0');
             for (off_t at = 4096; at < 20 * 4096; at += 4096)
                 REQUIRE(::pwrite(fd, zeros.data(), zeros.size(), at) == 4096);
         }},
        {"cut off", [](int fd) { REQUIRE(::ftruncate(fd, 4096 + 100) == 0); }},
    };
    for (const auto& [what, damage] : cases) {
        CAPTURE(what);
        TempStore made;
        const auto root = made->root();
        REQUIRE(made->records().put(std::vector{large_record()}));
        REQUIRE(made->blobs().put("kept", "text/plain"));
        made.store.reset();
        damage(fs::open_at(AT_FDCWD, root + "/store.db", O_RDWR).value().get());
        {
            const auto store = Store::open(root).value();
            const auto key = Digest();
            const auto answer = store->records().by_definition({&key, 1});
            REQUIRE_FALSE(answer);
            CHECK(answer.error().code == ErrorCode::corrupt);
            CHECK(answer.error().message.find(root + "/store.db") != std::string::npos);
            CHECK(answer.error().hint.find("move ") == 0);
        }
        for (const auto* name : {"/store.db", "/store.db-wal"})
            (void)::rename((root + name).c_str(), (root + name + ".old").c_str());
        const auto store = Store::open(root).value();
        CHECK(store->records().put(std::vector<StepRecord>(1)));
        CHECK(store->blobs().read(Digest::of("kept"), 100).value() == "kept");
    }
}

TEST_CASE("an empty database file is one that has not been made yet") {
    TempStore made;
    const auto root = made->root();
    made.store.reset();
    REQUIRE(fs::write_file_atomic(AT_FDCWD, root + "/store.db", ""));
    CHECK(Store::open(root).value()->records().put(std::vector<StepRecord>(1)));
}

TEST_CASE("a database of a newer program is left alone") {
    TempStore made;
    REQUIRE(made->records().put(std::vector{large_record()}));
    const auto root = made->root();
    made.store.reset();
    // `user_version`: four bytes, most significant first, at offset 60 (SQLite's file format).
    const auto file = fs::open_at(AT_FDCWD, root + "/store.db", O_RDWR).value();
    REQUIRE(::pwrite(file.get(), "\0\0\0\x63", 4, 60) == 4);
    const auto answer = Store::open(root).value()->images().list();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == ErrorCode::unsupported);
    CHECK(answer.error().message.find("its schema is 99") != std::string::npos);
    CHECK(answer.error().hint.find("newer mybuild") != std::string::npos);
}

TEST_CASE("the default place of the store") {
    struct Case {
        std::map<std::string, std::string> env;
        bool is_root;
        std::string root;
    };
    const std::vector<Case> cases = {
        {{}, true, "/var/lib/mybuild"},
        {{{"HOME", "/root"}, {"XDG_DATA_HOME", "/data"}}, true, "/var/lib/mybuild"},
        {{{"MYBUILD_ROOT", "store"}}, true, "store"},
        {{{"MYBUILD_ROOT", ""}}, true, "/var/lib/mybuild"},
        {{{"MYBUILD_ROOT", "/s"}, {"HOME", "/home/u"}}, false, "/s"},
        {{{"HOME", "/home/u"}}, false, "/home/u/.local/share/mybuild"},
        {{{"HOME", "/home/u"}, {"XDG_DATA_HOME", "/data"}}, false, "/data/mybuild"},
        {{{"HOME", "/home/u"}, {"XDG_DATA_HOME", "data"}}, false, "/home/u/.local/share/mybuild"},
        {{{"HOME", "/home/u"}, {"XDG_DATA_HOME", ""}}, false, "/home/u/.local/share/mybuild"},
        {{}, false, ""},
    };
    for (const auto& [env, is_root, root] : cases) {
        environment = &env;
        CHECK(default_store_root(fake_env, is_root) == root);
    }
}
