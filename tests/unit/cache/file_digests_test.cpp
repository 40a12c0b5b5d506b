#include "cache/file_digest_table.hpp"
#include "cache/file_digests.hpp"
#include "support.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <thread>

using namespace mybuild;
using namespace mybuild::test;

namespace {

constexpr const char* context = "/home/someone/project";
constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t now = 5'000 * second;

struct stat file(ino_t inode = 1) {
    struct stat info {};
    info.st_dev = 1;
    info.st_ino = inode;
    info.st_mode = S_IFREG | 0644;
    info.st_size = 10;
    info.st_mtim = {.tv_sec = 1000, .tv_nsec = 1};
    info.st_ctim = {.tv_sec = 2000, .tv_nsec = 2};
    return info;
}

std::string path(std::size_t i) {
    return "src/module" + std::to_string(i % 100) + "/some_file_name_" + std::to_string(i) + ".py";
}

/// An index with these paths, saved.
void save(const fs::TempDir& dir, const std::vector<std::string>& paths) {
    const auto index = FileDigests::open(dir.fd(), context);
    for (const auto& each : paths)
        index->record(each, file(), Digest::of(each));
    REQUIRE(index->save(now));
}

bool has(const FileDigests& index, const std::string& each) {
    return index.lookup(each, file()) == Digest::of(each);
}

std::string index_name() {
    return Digest::of(context).hex();
}

/// Not synced, as there are a thousand of them.
void write_index(const fs::TempDir& dir, std::string_view bytes) {
    const auto fd = fs::open_at(dir.fd(), index_name(), O_WRONLY | O_CREAT | O_TRUNC).value();
    REQUIRE(fs::write_all(fd.get(), bytes));
}

} // namespace

TEST_CASE("what was recorded is known in the next run, for this context alone") {
    const auto dir = temp();
    save(dir, {"a", "dir/b", "", std::string("\xff\n\0", 3)});
    const auto index = FileDigests::open(dir.fd(), context);
    for (const auto& each :
         {std::string("a"), std::string("dir/b"), std::string(), std::string("\xff\n\0", 3)})
        CHECK(has(*index, each));
    CHECK_FALSE(has(*index, "dir"));
    CHECK_FALSE(has(*FileDigests::open(dir.fd(), "/home/someone"), "a"));
    CHECK(fs::list_dir(dir.fd()).value() == std::vector{index_name()});
}

TEST_CASE("a file counts only while all of its stat is the same") {
    const auto dir = temp();
    save(dir, {"a"});
    const auto index = FileDigests::open(dir.fd(), context);
    const std::vector<std::pair<const char*, void (*)(struct stat&)>> changes = {
        {"device", [](struct stat& s) { s.st_dev = 2; }},
        {"inode", [](struct stat& s) { s.st_ino = 2; }},
        {"type", [](struct stat& s) { s.st_mode = S_IFLNK | 0644; }},
        {"mode", [](struct stat& s) { s.st_mode = S_IFREG | 0755; }},
        {"size", [](struct stat& s) { s.st_size = 11; }},
        {"mtime", [](struct stat& s) { s.st_mtim.tv_sec = 1001; }},
        {"mtime ns", [](struct stat& s) { s.st_mtim.tv_nsec = 2; }},
        {"ctime", [](struct stat& s) { s.st_ctim.tv_sec = 2001; }},
        {"ctime ns", [](struct stat& s) { s.st_ctim.tv_nsec = 3; }},
    };
    for (const auto& [what, change] : changes) {
        CAPTURE(what);
        auto info = file();
        change(info);
        CHECK_FALSE(index->lookup("a", info));
        // The same holds for what this run has recorded.
        const auto fresh = FileDigests::open(dir.fd(), "/other");
        fresh->record("a", file(), Digest::of("a"));
        CHECK(has(*fresh, "a"));
        CHECK_FALSE(fresh->lookup("a", info));
    }
}

TEST_CASE("files that may change without a trace are not kept") {
    struct Case {
        const char* what;
        struct timespec mtime;
        struct timespec ctime;
        bool kept;
    };
    const std::vector<Case> cases = {
        {"older", {.tv_sec = 4999, .tv_nsec = 999'999'999}, {.tv_sec = 4999, .tv_nsec = 0}, true},
        {"changed now", {.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 5000, .tv_nsec = 0}, false},
        {"changed since", {.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 5000, .tv_nsec = 1}, false},
        {"written now", {.tv_sec = 5000, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 0}, false},
        {"from the future", {.tv_sec = 9000, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 0}, false},
        {"before 1970", {.tv_sec = -5, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 0}, true},
    };
    for (const auto& [what, mtime, ctime, kept] : cases) {
        CAPTURE(what);
        const auto dir = temp();
        auto info = file();
        info.st_mtim = mtime;
        info.st_ctim = ctime;
        {
            const auto index = FileDigests::open(dir.fd(), context);
            index->record("racy", info, Digest::of("racy"));
            REQUIRE(index->save(now));
            CHECK(index->lookup("racy", info)); // in the same run it is what was read
        }
        CHECK(FileDigests::open(dir.fd(), context)->lookup("racy", info).has_value() == kept);
        CHECK(fs::stat_at(dir.fd(), index_name()).has_value() == kept); // nothing to say, no file
    }
}

TEST_CASE("an index is written only when there is something new, and forgets what is not used") {
    const auto dir = temp();
    save(dir, {"used", "unused", "changed"});
    const auto inode = [&] { return fs::stat_at(dir.fd(), index_name()).value().st_ino; };
    const auto before = inode();
    {
        const auto index = FileDigests::open(dir.fd(), context);
        CHECK(has(*index, "used"));
        REQUIRE(index->save(now));
    }
    CHECK(inode() == before);
    {
        const auto index = FileDigests::open(dir.fd(), context);
        CHECK(has(*index, "used"));
        index->record("changed", file(7), Digest::of("new bytes"));
        REQUIRE(index->save(now));
        const auto after = inode();
        CHECK(after != before);
        REQUIRE(index->save(now));
        CHECK(inode() == after);
    }
    const auto index = FileDigests::open(dir.fd(), context);
    CHECK(has(*index, "used"));
    CHECK_FALSE(has(*index, "unused"));
    CHECK(index->lookup("changed", file(7)) == Digest::of("new bytes"));
    CHECK_FALSE(has(*index, "changed"));
}

TEST_CASE("a damaged or foreign index counts as empty and is replaced") {
    const auto dir = temp();
    save(dir, {"a", "b", "c"});
    const auto good = fs::read_file_at(dir.fd(), index_name()).value();
    const auto is_empty = [&](const std::string& bytes) {
        write_index(dir, bytes);
        const auto index = FileDigests::open(dir.fd(), context);
        return !has(*index, "a") && !has(*index, "b") && !has(*index, "c");
    };
    REQUIRE_FALSE(is_empty(good));
    for (std::size_t at = 0; at < good.size(); ++at) { // any byte that changes
        auto bytes = good;
        bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
        CAPTURE(at);
        CHECK(is_empty(bytes));
    }
    for (std::size_t size = 0; size < good.size(); ++size) // any end that is missing
        CHECK(is_empty(good.substr(0, size)));
    CHECK(is_empty(good + '\0'));
    CHECK(is_empty(std::string(good.size(), '\0'))); // what a file has after power loss
    auto newer = good;
    newer[12] = 2; // the version, on a machine of either byte order not 1
    reseal_file_digests(std::as_writable_bytes(std::span(newer)));
    CHECK(is_empty(newer));

    save(dir, {"a"});
    CHECK(has(*FileDigests::open(dir.fd(), context), "a"));
}

TEST_CASE("a directory in place of the index is no reason to fail") {
    const auto dir = temp();
    REQUIRE(fs::make_dirs_at(dir.fd(), index_name()));
    const auto index = FileDigests::open(dir.fd(), context);
    CHECK_FALSE(has(*index, "a"));
    index->record("a", file(), Digest::of("a"));
    CHECK_FALSE(index->save(now)); // told, for whoever wants to warn
    CHECK(has(*index, "a"));
}

TEST_CASE("two runs that save at once do not tear each other's index") {
    const auto dir = temp();
    std::vector<pid_t> children;
    for (int child = 0; child < 4; ++child)
        children.push_back(in_child([&] {
            for (int round = 0; round < 50; ++round) {
                const auto index = FileDigests::open(dir.fd(), context);
                for (std::size_t i = 0; i < 50; ++i)
                    index->record(path(i), file(), Digest::of(path(i)));
                if (!index->save(now)) return 1;
                const auto back = FileDigests::open(dir.fd(), context);
                for (std::size_t i = 0; i < 50; ++i) {
                    // Whoever finds another process writing leaves it to that one.
                    const auto found = back->lookup(path(i), file());
                    if (found && found != Digest::of(path(i))) return 2;
                }
            }
            return 0;
        }));
    for (const auto child : children)
        CHECK(wait_for(child) == 0);
    CHECK(fs::list_dir(dir.fd()).value() == std::vector{index_name()});
    const auto index = FileDigests::open(dir.fd(), context);
    for (std::size_t i = 0; i < 50; ++i)
        CHECK(has(*index, path(i)));
}

TEST_CASE("what a killed run was writing is written anew") {
    const auto dir = temp();
    REQUIRE(fs::write_file_atomic(dir.fd(), index_name() + ".new", std::string(1'000'000, 'x')));
    save(dir, {"a"});
    CHECK(has(*FileDigests::open(dir.fd(), context), "a"));
    CHECK(fs::list_dir(dir.fd()).value() == std::vector{index_name()});
}

TEST_CASE("many files, many threads") {
    constexpr std::size_t count = 20'000;
    const auto dir = temp();
    const auto in_threads = [](const std::function<void(std::size_t)>& work) {
        std::vector<std::jthread> threads;
        for (std::size_t thread = 0; thread < 4; ++thread)
            threads.emplace_back([&, thread] {
                for (auto i = thread; i < count; i += 4)
                    work(i);
            });
    };
    {
        const auto index = FileDigests::open(dir.fd(), context);
        in_threads([&](std::size_t i) {
            CHECK_FALSE(index->lookup(path(i), file(i)));
            index->record(path(i), file(i), Digest::of(path(i)));
        });
        REQUIRE(index->save(now));
    }
    const auto index = FileDigests::open(dir.fd(), context);
    std::atomic<std::size_t> found = 0;
    in_threads([&](std::size_t i) {
        if (index->lookup(path(i), file(i)) == Digest::of(path(i))) ++found;
        if (i % 2 == 0) index->record(path(i), file(i + 1), Digest::of("changed"));
    });
    CHECK(found == count);
    REQUIRE(index->save(now));
    const auto later = FileDigests::open(dir.fd(), context);
    for (std::size_t i = 0; i < count; i += 997)
        CHECK(later->lookup(path(i), file(i % 2 == 0 ? i + 1 : i)) ==
              Digest::of(i % 2 == 0 ? "changed" : path(i)));
}

TEST_CASE("an index says which context it is of") {
    const std::vector<FileDigestEntry> entries = {{"a", FileStamp::of(file()), Digest::of("a")}};
    const auto bytes = encode_file_digests(context, entries).value();
    const auto table = FileDigestTable::parse(std::as_bytes(std::span(bytes)));
    REQUIRE(table);
    CHECK(table->context() == context);
    CHECK(table->size() == 1);
    CHECK(table->at(0).path == "a");
}
