#include "image/oci/reference.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace mybuild;

namespace {
const std::string digest = "sha256:" + std::string(64, 'a');
}

TEST_CASE("names are completed as Docker completes them") {
    struct Case {
        std::string text;
        std::string canonical;
        std::string familiar;
    };
    const Case cases[] = {
        {"alpine", "docker.io/library/alpine:latest", "alpine:latest"},
        {"alpine:3.20", "docker.io/library/alpine:3.20", "alpine:3.20"},
        {"docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest"},
        {"index.docker.io/library/alpine", "docker.io/library/alpine:latest", "alpine:latest"},
        {"user/app", "docker.io/user/app:latest", "user/app:latest"},
        {"library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"},
        {"localhost/app", "localhost/app:latest", "localhost/app:latest"},
        {"localhost:5000/x:1", "localhost:5000/x:1", "localhost:5000/x:1"},
        {"127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c:latest", "127.0.0.1:5000/a/b/c:latest"},
        {"[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest"},
        {"[fe80::1]/x", "[fe80::1]/x:latest", "[fe80::1]/x:latest"},
        {"gcr.io/p/i:T-1_x.y", "gcr.io/p/i:T-1_x.y", "gcr.io/p/i:T-1_x.y"},
        {"GCR/x", "GCR/x:latest", "GCR/x:latest"},
        {"a.b_c__d---e", "docker.io/library/a.b_c__d---e:latest", "a.b_c__d---e:latest"},
        {"alpine@" + digest, "docker.io/library/alpine@" + digest, "alpine@" + digest},
        {"alpine:1@" + digest, "docker.io/library/alpine:1@" + digest, "alpine:1@" + digest},
        {"5000/x", "docker.io/5000/x:latest", "5000/x:latest"},
        {"x:5000", "docker.io/library/x:5000", "x:5000"},
        {std::string(63, 'a'), "docker.io/library/" + std::string(63, 'a') + ":latest",
         std::string(63, 'a') + ":latest"},
    };
    for (const auto& row : cases) {
        const auto& text = row.text;
        const auto& canonical = row.canonical;
        const auto& familiar = row.familiar;
        CAPTURE(text);
        const auto reference = oci::parse_reference(text);
        REQUIRE(reference);
        CHECK(reference->canonical() == canonical);
        CHECK(reference->familiar() == familiar);
        const auto again = oci::parse_reference(reference->canonical());
        REQUIRE(again);
        CHECK(*again == *reference);
        const auto familiar_again = oci::parse_reference(reference->familiar());
        REQUIRE(familiar_again);
        CHECK(*familiar_again == *reference);
    }
}

TEST_CASE("what is no image name is refused with the reason") {
    struct Case {
        std::string text;
        std::string part;
    };
    const Case cases[] = {
        {"", "empty name"},
        {"Alpine", "must be lowercase"},
        {"user/Alpine", "must be lowercase"},
        {"a:", "a tag is"},
        {"a:-x", "a tag is"},
        {"a:" + std::string(129, 'x'), "a tag is"},
        {"a:b:c", "a tag is"},
        {":tag", "no repository name"},
        {"@" + digest, "no repository name"},
        {"localhost:5000/", "no repository name"},
        {"a//b", "between slashes"},
        {"a/", "between slashes"},
        {"/a", "between slashes"},
        {"-a", "a name consists of"},
        {"a..b", "a name consists of"},
        {"a___b", "a name consists of"},
        {"a-.b", "a name consists of"},
        {"a b", "a name consists of"},
        {"a\nb", "a name consists of"},
        {"host.:5000/x", "no host name"},
        {"host:port/x", "no host name"},
        {"host:/x", "no host name"},
        {"ho_st.com/x", "no host name"},
        {"http://host/x", "no host name"},
        {"[::1/x", "no host name"},
        {"a@sha256:12", "64"},
        {"a@", "invalid reference format"},
        {std::string(64, 'a'), "64 hexadecimal"},
        {std::string(256, 'a'), "255 characters"},
        {std::string(5000, 'a'), "too long"},
    };
    for (const auto& row : cases) {
        const auto& text = row.text;
        const auto& part = row.part;
        CAPTURE(text);
        const auto reference = oci::parse_reference(text);
        REQUIRE_FALSE(reference);
        CAPTURE(reference.error().message);
        CHECK(reference.error().code == ErrorCode::invalid);
        CHECK(reference.error().message.starts_with("invalid reference format"));
        CHECK(reference.error().message.find(part) != std::string::npos);
    }
}
