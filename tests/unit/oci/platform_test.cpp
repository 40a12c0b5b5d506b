#include "image/oci/platform.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace mybuild;
using oci::Platform;

TEST_CASE("platforms are written in many ways and end up as one") {
    struct Case {
        const char* text;
        Platform platform;
    };
    const Case cases[] = {
        {"linux/amd64", {"linux", "amd64", ""}},
        {"linux/amd64/v1", {"linux", "amd64", ""}},
        {"linux/amd64/v3", {"linux", "amd64", "v3"}},
        {"Linux/X86_64", {"linux", "amd64", ""}},
        {"linux/x86-64", {"linux", "amd64", ""}},
        {"linux/arm64", {"linux", "arm64", ""}},
        {"linux/arm64/v8", {"linux", "arm64", ""}},
        {"linux/arm64/8", {"linux", "arm64", ""}},
        {"linux/aarch64", {"linux", "arm64", ""}},
        {"linux/arm", {"linux", "arm", "v7"}},
        {"linux/arm/v7", {"linux", "arm", "v7"}},
        {"linux/arm/6", {"linux", "arm", "v6"}},
        {"linux/armhf", {"linux", "arm", "v7"}},
        {"linux/armel", {"linux", "arm", "v6"}},
        {"linux/i386", {"linux", "386", ""}},
        {"macos/arm64", {"darwin", "arm64", ""}},
        {"windows/amd64", {"windows", "amd64", ""}},
        {"riscv64", {"linux", "riscv64", ""}},
        {"s390x", {"linux", "s390x", ""}},
        {"aarch64", {"linux", "arm64", ""}},
    };
    for (const auto& row : cases) {
        const auto& text = row.text;
        const auto& expected = row.platform;
        CAPTURE(text);
        const auto platform = oci::parse_platform(text);
        REQUIRE(platform);
        CHECK(platform->str() == expected.str());
    }
}

TEST_CASE("what is no platform is refused and named") {
    for (const std::string text : {"", "/", "linux/", "/amd64", "linux//v7", "linux/amd64/v1/x",
                                   "nonsense", "linux/am d64", "linux/\x1b[31m"}) {
        CAPTURE(text);
        const auto platform = oci::parse_platform(text);
        REQUIRE_FALSE(platform);
        CHECK(platform.error().code == ErrorCode::invalid);
        CHECK(platform.error().message.starts_with("failed to parse platform"));
        CHECK(platform.error().message.find('\x1b') == std::string::npos);
    }
}

TEST_CASE("an image runs on a platform of the same or a higher variant") {
    struct Case {
        const char* have;
        const char* wanted;
        bool runs;
    };
    const Case cases[] = {
        {"linux/arm/v6", "linux/arm/v7", true},   {"linux/arm/v7", "linux/arm/v6", false},
        {"linux/arm/v5", "linux/arm/v7", true},   {"linux/amd64", "linux/amd64/v3", true},
        {"linux/amd64/v3", "linux/amd64", false}, {"linux/arm64", "linux/arm64/v9", true},
        {"linux/arm64", "linux/amd64", false},    {"windows/amd64", "linux/amd64", false},
        {"linux/arm/v7", "linux/arm64", false},   {"linux/riscv64", "linux/riscv64", true},
    };
    for (const auto& row : cases) {
        const auto& have = row.have;
        const auto& wanted = row.wanted;
        const auto& runs = row.runs;
        CAPTURE(have);
        CAPTURE(wanted);
        CHECK((oci::match_quality(*oci::parse_platform(have), *oci::parse_platform(wanted)) > 0) ==
              runs);
    }
    const auto v7 = *oci::parse_platform("linux/arm/v7");
    CHECK(oci::match_quality(v7, v7) >
          oci::match_quality(*oci::parse_platform("linux/arm/v6"), v7));
}

TEST_CASE("the host's platform is a platform") {
    const auto host = oci::host_platform();
    CHECK(host.os == "linux");
    const auto again = oci::parse_platform(host.str());
    REQUIRE(again);
    CHECK(*again == host);
}
