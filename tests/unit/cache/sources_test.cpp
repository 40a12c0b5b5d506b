#include "cache/database.hpp"
#include "cache/images.hpp"
#include "cache/records.hpp"
#include "cache/source_records.hpp"
#include "cache/source_table.hpp"
#include "tests/unit/cache/support.hpp"

using namespace mybuild;
using namespace mybuild::test;

TEST_CASE("what a server said of a URL's file is kept and replaced") {
    const TempStore store;
    auto& sources = store->sources();
    const auto url = Digest::of("http://h/x");
    CHECK_FALSE(sources.download(url).value());
    REQUIRE(sources.put({url, "\"1\"", "yesterday", Digest::of("old"), 3}));
    REQUIRE(sources.put({url, "\"2\"", "today", Digest::of("newer"), 5}));
    const auto found = sources.download(url).value().value();
    CHECK(found.etag == "\"2\"");
    CHECK(found.last_modified == "today");
    CHECK(found.blob == Digest::of("newer"));
    CHECK(found.size == 5);
    CHECK_FALSE(sources.download(Digest::of("http://h/y")).value());
}

TEST_CASE("a snapshot is a layer, or known to be empty") {
    const TempStore store;
    auto& sources = store->sources();
    const auto key = Digest::of("commit");
    CHECK_FALSE(sources.snapshot(key).value());
    REQUIRE(sources.put_snapshot(key, {std::nullopt}));
    CHECK_FALSE(sources.snapshot(key).value().value().chain);
    REQUIRE(sources.put_snapshot(key, {Digest::of("chain")}));
    CHECK(sources.snapshot(key).value().value().chain == Digest::of("chain"));
}

TEST_CASE("a record that is used on another day stays what it was") {
    const TempStore store;
    REQUIRE(store->images().list()); // makes the database
    Database database(store->root_fd(), store->root() + "/store.db");
    std::int64_t day = 1;
    SourceTable sources(database, [&] { return day; });
    const auto url = Digest::of("u");
    REQUIRE(sources.put({url, "e", "m", Digest::of("b"), 1}));
    REQUIRE(sources.put_snapshot(url, {url}));
    day = 2;
    for (int i = 0; i < 2; ++i) {
        CHECK(sources.download(url).value()->etag == "e");
        CHECK(sources.snapshot(url).value()->chain == url);
    }
}

TEST_CASE("a store of the first schema learns the tables of inputs and keeps what it has") {
    TempStore made;
    StepRecord step;
    step.definition_key = Digest::of("step");
    REQUIRE(made->records().put(std::vector{step}));
    const auto root = made->root();
    made.store.reset();
    {
        auto old = sqlite::Connection::open(root + "/store.db", 1000).value();
        REQUIRE(old.exec("DROP TABLE download; DROP TABLE snapshot; PRAGMA user_version = 1"));
    }
    const auto store = Store::open(root).value();
    CHECK(store->sources().put({Digest::of("u"), "e", "m", Digest::of("b"), 1}));
    CHECK(store->records().by_definition(std::vector{step.definition_key}).value()[0]);
}
