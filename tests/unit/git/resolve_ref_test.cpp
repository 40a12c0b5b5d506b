#include "git/remote.hpp"

#include <doctest/doctest.h>

using namespace mybuild;
using namespace mybuild::git;

namespace {

const std::vector<RemoteRef> refs{
    {"HEAD", "1", "refs/heads/main"}, {"refs/heads/main", "1"},     {"refs/heads/both", "2"},
    {"refs/tags/both", "3"},          {"refs/tags/v1", "4"},        {"refs/tags/v1^{}", "5"},
    {"refs/pull/7/head", "6"},        {"refs/heads/tags/odd", "7"},
};

} // namespace

TEST_CASE("what a name means in a repository") {
    struct Case {
        std::string_view wanted, name, id, commit;
    };
    const Case cases[] = {
        {"", "refs/heads/main", "1", ""},
        {"main", "refs/heads/main", "1", ""},
        {"heads/main", "refs/heads/main", "1", ""},
        {"refs/heads/main", "refs/heads/main", "1", ""},
        {"both", "refs/heads/both", "2", ""},
        {"tags/both", "refs/tags/both", "3", ""},
        {"refs/tags/both", "refs/tags/both", "3", ""},
        {"v1", "refs/tags/v1", "4", "5"},
        {"pull/7/head", "refs/pull/7/head", "6", ""},
        {"tags/odd", "refs/heads/tags/odd", "7", ""},
    };
    for (const auto& [wanted, name, id, commit] : cases) {
        CAPTURE(wanted);
        const auto found = resolve_ref(refs, wanted).value();
        CHECK(found.name == name);
        CHECK(found.id == id);
        CHECK(found.commit == commit);
    }
    for (const auto* wanted : {"none", "HEAD^", "1", "refs/heads/v1"}) {
        CAPTURE(wanted);
        CHECK(resolve_ref(refs, wanted).error().code == ErrorCode::not_found);
    }
}

TEST_CASE("the default branch of servers that do not name it") {
    CHECK(resolve_ref({{"HEAD", "1"}}, "").value().name == "HEAD");
    CHECK(resolve_ref({}, "").error().code == ErrorCode::not_found);
    CHECK(resolve_ref({{"HEAD", "1", "refs/heads/gone"}}, "").error().code == ErrorCode::not_found);
}
