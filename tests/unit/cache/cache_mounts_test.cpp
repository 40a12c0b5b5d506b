#include "cache/cache_mounts.hpp"
#include "cache/key.hpp"
#include "tests/unit/cache/support.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>

using namespace mybuild;
using namespace mybuild::test;

namespace {

CacheInUse take(TempStore& store, const CacheIdentity& identity, CacheUse use = CacheUse::shared,
                const CacheMounts::Fill& fill = {}) {
    auto cache = CacheMounts(*store.store).take(identity, use, fill, {}, {});
    REQUIRE(cache);
    return std::move(*cache);
}

ino_t inode(const CacheInUse& cache) {
    struct stat info {};
    REQUIRE(::fstat(cache.data.get(), &info) == 0);
    return info.st_ino;
}

void put(const CacheInUse& cache, const std::string& name) {
    const auto dir = fs::open_in_root(cache.data.get(), "/", O_RDONLY | O_DIRECTORY).value();
    REQUIRE(fs::write_file_atomic(dir.get(), name, name));
}

std::vector<std::string> names(const CacheInUse& cache) {
    const auto dir = fs::open_in_root(cache.data.get(), "/", O_RDONLY | O_DIRECTORY).value();
    return fs::list_dir(dir.get()).value();
}

} // namespace

TEST_CASE("a cache is there again, by its identity") {
    TempStore store;
    put(take(store, {"a"}), "of a");
    CHECK(names(take(store, {"a"})) == std::vector<std::string>{"of a"});
    const auto digest = Digest::of("x");
    for (const CacheIdentity& other :
         {CacheIdentity{"b"}, CacheIdentity{"a", {}, CacheRoot{}},
          CacheIdentity{"a", digest, CacheRoot{}}, CacheIdentity{"a", {}, CacheRoot{1, 0, 0755}},
          CacheIdentity{"a", {}, CacheRoot{0, 1, 0755}},
          CacheIdentity{"a", {}, CacheRoot{0, 0, 0700}}}) {
        CAPTURE(other.digest().hex());
        CHECK(names(take(store, other)).empty());
    }
    CHECK(names(take(store, {"a"}, CacheUse::locked)) == std::vector<std::string>{"of a"});
    CHECK(names(take(store, {"a"}, CacheUse::exclusive)) == std::vector<std::string>{"of a"});
}

TEST_CASE("owner and mode of a new cache, whatever the umask") {
    if (::geteuid() != 0) return;
    TempStore store;
    const auto before = ::umask(077);
    const auto plain = take(store, {"plain"});
    const auto own = take(store, {"own", {}, CacheRoot{5, 6, 02750}});
    ::umask(before);
    struct stat info {};
    REQUIRE(::fstat(plain.data.get(), &info) == 0);
    CHECK((info.st_mode & 07777U) == 0755);
    REQUIRE(::fstat(own.data.get(), &info) == 0);
    CHECK((info.st_mode & 07777U) == 02750);
    CHECK(info.st_uid == 5);
    CHECK(info.st_gid == 6);
}

TEST_CASE("sharing") {
    TempStore store;
    CacheMounts caches(*store.store);
    {
        const auto one = take(store, {"a"});
        CHECK(inode(take(store, {"a"})) == inode(one));
        // Nobody else has a private one, and who locks it waits.
        CHECK(inode(take(store, {"a"}, CacheUse::exclusive)) != inode(one));
        std::stop_source stop;
        bool waited = false;
        const auto locked = caches.take(
            {"a"}, CacheUse::locked, {},
            [&] {
                waited = true;
                stop.request_stop();
            },
            stop.get_token());
        REQUIRE(!locked);
        CHECK(waited);
        CHECK(locked.error().code == ErrorCode::cancelled);
    }
    const auto first = take(store, {"b"}, CacheUse::exclusive);
    const auto inode_of_second = [&] {
        const auto second = take(store, {"b"}, CacheUse::exclusive);
        const auto third = take(store, {"b"}, CacheUse::exclusive);
        CHECK(inode(first) != inode(second));
        CHECK(inode(second) != inode(third));
        return inode(second);
    }();
    CHECK(inode(take(store, {"b"}, CacheUse::exclusive)) == inode_of_second); // used again
}

TEST_CASE("a cache that begins with something is made once, and whole") {
    TempStore store;
    const CacheIdentity identity{"a", Digest::of("content")};
    int made = 0;
    const CacheMounts::Fill fill = [&](int parent, const std::string& name) -> Status {
        ++made;
        TRY(fs::make_dirs_at(parent, name));
        TRY_ASSIGN(const auto dir, fs::open_at(parent, name, O_RDONLY | O_DIRECTORY));
        return fs::write_file_atomic(dir.get(), "initial", "x");
    };
    const CacheMounts::Fill broken = [](int parent, const std::string& name) -> Status {
        TRY(fs::make_dirs_at(parent, name));
        return fail({ErrorCode::no_space, "no space left"});
    };
    CacheMounts caches(*store.store);
    CHECK(caches.take(identity, CacheUse::shared, broken, {}, {}).error().code ==
          ErrorCode::no_space);
    CHECK(made == 0);
    for (int i = 0; i < 2; ++i)
        CHECK(names(take(store, identity, CacheUse::shared, fill)) ==
              std::vector<std::string>{"initial"});
    CHECK(made == 1);
    // A root of its own hides it.
    const CacheIdentity fresh{"a", Digest::of("content"), CacheRoot{}};
    CHECK(names(take(store, fresh, CacheUse::shared, fill)).empty());
}

TEST_CASE("whoever looks for caches finds what they are and when they were used") {
    TempStore store;
    const CacheIdentity identity{"space/go build\n", {}, CacheRoot{1, 2, 0700}};
    take(store, identity);
    const auto path = "caches/" + identity.digest().hex();
    const auto about = fs::read_file_at(store->root_fd(), path + "/about").value();
    const KeyFields expected{
        {"id", "space/go build\n"}, {"uid", "1"}, {"gid", "2"}, {"mode", "700"}};
    CHECK(decode_fields(about).value() == expected);
    const std::array<struct timespec, 2> old{{{1, 0}, {1, 0}}};
    REQUIRE(::utimensat(store->root_fd(), (path + "/0/lock").c_str(), old.data(), 0) == 0);
    take(store, identity);
    CHECK(fs::stat_at(store->root_fd(), path + "/0/lock").value().st_mtim.tv_sec > 1);
}
