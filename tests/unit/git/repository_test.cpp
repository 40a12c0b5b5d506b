#include "base/fs.hpp"
#include "git/repository.hpp"

#include <doctest/doctest.h>

using namespace mybuild;
using namespace mybuild::git;

TEST_CASE("what a copy of a repository does not have") {
    const auto dir = fs::TempDir::create("/tmp", "mybuild-test-").value();
    const auto path = dir.path() + "/r";
    CHECK(Repository::open(path).error().code == ErrorCode::not_found);
    REQUIRE(Repository::make(path));
    const auto repository = Repository::open(path).value();
    CHECK(Repository::open(path)); // and again
    const std::string unknown(40, 'a');
    CHECK_FALSE(repository.has(unknown));
    CHECK_FALSE(repository.has("HEAD"));
    CHECK(repository.commit(unknown).error().code == ErrorCode::not_found);
    CHECK(repository.tree(unknown).error().code == ErrorCode::not_found);
    CHECK(repository.commit("main").error().code == ErrorCode::invalid);
    CHECK(repository.commit("../../x").error().code == ErrorCode::invalid);
}

TEST_CASE("opening a copy waits for nobody's lock") {
    const auto dir = fs::TempDir::create("/tmp", "mybuild-test-").value();
    const auto path = dir.path() + "/r";
    REQUIRE(Repository::make(path));
    REQUIRE(fs::write_file_atomic(dir.fd(), "r/config.lock", ""));
    CHECK(Repository::open(path));
}

TEST_CASE("what was never finished is no copy") {
    const auto dir = fs::TempDir::create("/tmp", "mybuild-test-").value();
    const auto path = dir.path() + "/r";
    REQUIRE(fs::make_dirs_at(dir.fd(), "r/objects"));
    REQUIRE(fs::make_dirs_at(dir.fd(), "r/refs"));
    CHECK(Repository::open(path).error().code == ErrorCode::not_found);
}

TEST_CASE("a damaged copy says how to be rid of it") {
    const auto dir = fs::TempDir::create("/tmp", "mybuild-test-").value();
    const auto path = dir.path() + "/r";
    REQUIRE(Repository::make(path));
    const auto repository = Repository::open(path).value();
    REQUIRE(fs::make_dirs_at(dir.fd(), "r/objects/aa"));
    REQUIRE(fs::write_file_atomic(dir.fd(), "r/objects/aa/" + std::string(38, 'a'), "garbage"));
    for (const auto& error : {repository.blob(std::string(40, 'a')).error(),
                              repository.blob_size(std::string(40, 'a')).error()}) {
        CHECK(error.code == ErrorCode::corrupt);
        CHECK(error.hint.find(path) != std::string::npos);
    }
}
