#include "cache/database.hpp"
#include "cache/record_table.hpp"
#include "support.hpp"

#include <csignal>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <thread>

using namespace mybuild;
using namespace mybuild::test;

namespace {

Digest digest(std::string_view text) {
    return Digest::of(text);
}

StepRecord record(const std::string& name, std::int64_t created_ns = 0) {
    StepRecord made;
    made.definition_key = digest("definition " + name);
    made.content_key = digest("content " + name);
    made.own_key = digest("own " + name);
    made.chain = digest("chain " + name);
    made.makes_layer = true;
    made.created_ns = created_ns;
    made.fields = encode_fields({{"name", name}});
    made.config = R"({"os":"linux"})";
    return made;
}

bool same(const StepRecord& a, const StepRecord& b) {
    return a.definition_key == b.definition_key && a.content_key == b.content_key &&
           a.own_key == b.own_key && a.parent_chain == b.parent_chain && a.chain == b.chain &&
           a.makes_layer == b.makes_layer && a.created_ns == b.created_ns && a.fields == b.fields &&
           a.config == b.config && a.duration_ns == b.duration_ns;
}

Status put(Records& records, const StepRecord& one) {
    return records.put({&one, 1});
}

std::optional<StepRecord> find(Records& records, const Digest& key) {
    return records.by_definition({&key, 1}).value().front();
}

/// Records whose day the test sets.
struct DatedRecords {
    TempStore made;
    std::int64_t day = 20'000;
    Database database{made->root_fd(), made->root() + "/store.db"};
    RecordTable records{database, [this] { return day; }};

    /// Inode, size and time of what a write to the database would change.
    [[nodiscard]] std::pair<off_t, std::int64_t> written() const {
        const auto wal = fs::stat_at(made->root_fd(), "store.db-wal").value();
        return {wal.st_size, wal.st_mtim.tv_sec * 1'000'000'000 + wal.st_mtim.tv_nsec};
    }
};

} // namespace

TEST_CASE("a record comes back as it was put") {
    const TempStore made;
    auto full = record("full");
    full.parent_chain = digest("parent");
    full.created_ns = 1'700'000'000'123'456'789;
    full.duration_ns = 42;
    full.fields = std::string("any\0bytes\xff", 10);
    full.config = std::string(100'000, 'c');
    auto bare = record("bare");
    bare.chain.reset();
    bare.makes_layer = false;
    bare.created_ns = -1;
    bare.fields.clear();
    for (const auto& one : {full, bare}) {
        REQUIRE(put(made->records(), one));
        const auto found = find(made->records(), one.definition_key);
        REQUIRE(found);
        CHECK(same(*found, one));
    }
}

TEST_CASE("many definition keys are answered at once, in their order") {
    const TempStore made;
    std::vector<StepRecord> records;
    std::vector<Digest> keys;
    for (int i = 0; i < 300; ++i) {
        auto one = record(std::to_string(i));
        keys.push_back(one.definition_key);
        if (i % 3 != 0) records.push_back(std::move(one));
    }
    REQUIRE(made->records().put(records));
    const auto answers = made->records().by_definition(keys).value();
    REQUIRE(answers.size() == keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        REQUIRE(answers[i].has_value() == (i % 3 != 0));
        if (answers[i]) CHECK(answers[i]->definition_key == keys[i]);
    }
    CHECK(made->records().by_definition({}).value().empty());
}

TEST_CASE("a record replaces the one of the same definition") {
    const TempStore made;
    auto one = record("step", 1);
    REQUIRE(put(made->records(), one));
    one.content_key = digest("other content");
    one.created_ns = 2;
    one.chain = digest("other chain");
    REQUIRE(put(made->records(), one));
    CHECK(same(*find(made->records(), one.definition_key), one));
    CHECK(made->records().by_content(digest("content step")).value().empty());
    CHECK(made->records().by_content(one.content_key).value().size() == 1);
}

TEST_CASE("records of the same content: newest first") {
    const TempStore made;
    for (const auto& [name, time] : std::vector<std::pair<std::string, std::int64_t>>{
             {"old", 10}, {"newest", 30}, {"middle", 20}, {"middle, put later", 20}}) {
        auto one = record(name, time);
        one.content_key = digest("shared");
        REQUIRE(put(made->records(), one));
    }
    std::vector<std::string> fields;
    const auto found = made->records().by_content(digest("shared")).value();
    for (const auto& one : found)
        fields.push_back(decode_fields(one.fields).value().front().second);
    CHECK(fields == std::vector<std::string>{"newest", "middle, put later", "middle", "old"});
    CHECK(made->records().by_content(digest("nothing")).value().empty());
}

TEST_CASE("own keys say whether a content hit is possible") {
    const TempStore made;
    CHECK_FALSE(made->records().any_with_own_key(digest("own a")).value());
    REQUIRE(put(made->records(), record("a")));
    CHECK(made->records().any_with_own_key(digest("own a")).value());
    CHECK_FALSE(made->records().any_with_own_key(digest("own b")).value());
}

TEST_CASE("steps are found by the first digits of their definition key") {
    const TempStore made;
    auto low = record("low");
    auto high = record("high");
    low.definition_key = Digest::from_hex("abc0" + std::string(60, '0')).value();
    high.definition_key = Digest::from_hex("abcf" + std::string(60, 'f')).value();
    REQUIRE(made->records().put(std::vector{low, high}));
    struct Case {
        std::string prefix;
        const StepRecord* found;
    };
    const std::vector<Case> cases = {
        {"abc0", &low},
        {"abc00", &low},
        {low.definition_key.hex(), &low},
        {"abcf", &high},
        {"abcff", &high},
        {high.definition_key.hex(), &high},
        {"abd", nullptr},
        {"", nullptr},
        {"ABC0", nullptr},
        {"abcg", nullptr},
        {"sha256:abc0", nullptr},
        {low.definition_key.hex() + "0", nullptr},
    };
    for (const auto& [prefix, expected] : cases) {
        CAPTURE(prefix);
        const auto found = made->records().by_prefix(prefix).value();
        REQUIRE(found.has_value() == (expected != nullptr));
        if (expected != nullptr) CHECK(same(*found, *expected));
    }
    for (const auto* prefix : {"a", "ab", "abc"}) {
        const auto found = made->records().by_prefix(prefix);
        REQUIRE_FALSE(found);
        CHECK(found.error().code == ErrorCode::invalid);
        CHECK(found.error().hint == "give more digits");
    }
}

TEST_CASE("a use is written once a day, and reading writes nothing") {
    DatedRecords dated;
    const auto one = record("one");
    const auto two = record("two");
    REQUIRE(dated.records.put(std::vector{one, two}));
    const std::vector keys = {one.definition_key, two.definition_key, digest("unknown")};
    const auto after_put = dated.written();

    REQUIRE(dated.records.touch(keys));
    REQUIRE(dated.records.by_definition(keys));
    REQUIRE(dated.records.by_content(one.content_key));
    CHECK(dated.written() == after_put);

    dated.day += 1;
    REQUIRE(dated.records.touch(keys));
    const auto next_day = dated.written();
    CHECK(next_day != after_put);
    REQUIRE(dated.records.touch(keys));
    CHECK(dated.written() == next_day);

    dated.day -= 5; // a clock that went back
    REQUIRE(dated.records.touch(keys));
    CHECK(dated.written() == next_day);
}

TEST_CASE("all records of one put appear together or not at all") {
    const TempStore made;
    auto ready = make_pipe();
    const auto child = in_child([&] {
        const auto store = Store::open(made->root());
        if (!store) return 1;
        for (int round = 0;; ++round) { // until it is killed
            std::vector<StepRecord> records;
            for (int i = 0; i < 20; ++i)
                records.push_back(record(std::to_string(round) + "/" + std::to_string(i)));
            if (!(*store)->records().put(records)) return 2;
            if (::write(ready.write.get(), &round, sizeof round) != sizeof round) return 3;
        }
    });
    ready.write.reset();
    int reported = -1;
    while (reported < 30)
        REQUIRE(::read(ready.read.get(), &reported, sizeof reported) == sizeof reported);
    ::kill(child, SIGKILL);
    REQUIRE(wait_for(child) == 128 + SIGKILL);
    for (int last = 0; ::read(ready.read.get(), &last, sizeof last) == sizeof last;)
        reported = last;
    // One more round may have been written than was reported.
    for (int round = 0; round <= reported + 1; ++round) {
        int found = 0;
        for (int i = 0; i < 20; ++i)
            found += find(made->records(),
                          digest("definition " + std::to_string(round) + "/" + std::to_string(i)))
                         ? 1
                         : 0;
        if (round <= reported)
            CHECK(found == 20);
        else
            CHECK((found == 0 || found == 20));
    }
}

TEST_CASE("many processes and threads put and read at once") {
    const TempStore made;
    constexpr int processes = 4;
    constexpr int rounds = 25;
    std::vector<pid_t> children;
    for (int child = 0; child < processes; ++child)
        children.push_back(in_child([&] {
            const auto store = Store::open(made->root());
            if (!store) return 1;
            for (int round = 0; round < rounds; ++round) {
                const auto one = record(std::to_string(child) + "-" + std::to_string(round));
                if (!put((*store)->records(), one)) return 2;
                const auto back = (*store)->records().by_definition({&one.definition_key, 1});
                if (!back || !back->front()) return 3;
            }
            return 0;
        }));
    std::atomic<int> failures = 0;
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 4; ++thread)
            threads.emplace_back([&, thread] {
                for (int round = 0; round < rounds; ++round) {
                    const auto one = record("t" + std::to_string(thread) + std::to_string(round));
                    if (!put(made->records(), one)) ++failures;
                    const auto back = made->records().by_definition({&one.definition_key, 1});
                    if (!back || !back->front()) ++failures;
                }
            });
    }
    CHECK(failures == 0);
    for (const auto child : children)
        CHECK(wait_for(child) == 0);
    for (int child = 0; child < processes; ++child)
        for (int round = 0; round < rounds; ++round)
            CHECK(find(made->records(), digest("definition " + std::to_string(child) + "-" +
                                               std::to_string(round))));
}

TEST_CASE("a large write-ahead log is not left for the next process to read") {
    TempStore made;
    const auto root = made->root();
    auto large = record("large");
    large.config = std::string(1'000'000, 'x');
    REQUIRE(put(made->records(), large));
    CHECK(fs::stat_at(AT_FDCWD, root + "/store.db-wal")->st_size > 1'000'000);
    {
        const auto user = Store::open(root).value(); // in the way of emptying it
        REQUIRE(find(user->records(), large.definition_key));
        made.store.reset();
    }
    CHECK(fs::stat_at(AT_FDCWD, root + "/store.db-wal")->st_size < 300'000);
    CHECK(find(Store::open(root).value()->records(), large.definition_key));
}

TEST_CASE("no space for a record is told as that, and nothing is half written") {
    const auto dir = temp();
    if (::mount("tmpfs", dir.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
        MESSAGE("skipped: this process may not mount");
        return;
    }
    {
        const auto store = Store::open(dir.path() + "/store").value();
        REQUIRE(put(store->records(), record("first")));
        auto large = record("large");
        large.config = std::string(2'000'000, 'x');
        const auto stored = put(store->records(), large);
        REQUIRE_FALSE(stored);
        CHECK(stored.error().code == ErrorCode::no_space);
        CHECK(stored.error().hint.find("free space") != std::string::npos);
        CHECK_FALSE(find(store->records(), large.definition_key));
        CHECK(find(store->records(), record("first").definition_key));
        CHECK(put(store->records(), record("second")));
    }
    REQUIRE(::umount2(dir.path().c_str(), 0) == 0);
}
