#include "base/passwd.hpp"

#include <doctest/doctest.h>

using namespace mybuild;

namespace {

constexpr std::string_view passwd = "root:x:0:0:root:/root:/bin/sh\n"
                                    "# a comment:x:5:5::/:\n"
                                    "broken\n"
                                    "nouid:x::1::/:/bin/sh\n"
                                    "bignum:x:99999999999:1::/:/bin/sh\n"
                                    "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\r\n"
                                    "app:x:1000:1001:,,,:/home/app:/bin/sh\n"
                                    "short:x:1002:1003\n"
                                    "twin:x:1000:77::/twin:/bin/sh\n"
                                    "1000:x:4242:4242::/number:/bin/sh";

constexpr std::string_view group = "root:x:0:\n"
                                   "daemon:x:1:app,root\n"
                                   "broken:x\n"
                                   "app:x:1001:app\n"
                                   "video:x:44:other,app,\n"
                                   "audio:x:29:root\n"
                                   "again:x:44:app\n"
                                   "7:x:70:\n";

using Groups = std::vector<std::uint32_t>;

} // namespace

TEST_CASE("passwd and group texts are read line by line, malformed lines skipped") {
    const auto users = parse_passwd(passwd);
    REQUIRE(users.size() == 6);
    CHECK(users[1].name == "daemon");
    CHECK(users[1].home == "/usr/sbin");
    CHECK(users[3].name == "short");
    CHECK(users[3].gid == 1003);
    CHECK(users[3].home == "");
    CHECK(users[5].uid == 4242); // no newline at the end of the text
    const auto groups = parse_group(group);
    REQUIRE(groups.size() == 7);
    CHECK(groups[1].members == std::vector<std::string>{"app", "root"});
    CHECK(groups[3].members == std::vector<std::string>{"other", "app"});
    CHECK(parse_passwd("").empty());
    CHECK(parse_group("\n\n:\n::\n").empty());
}

TEST_CASE("only the first ten mebibytes of a text are read") {
    std::string text((10U << 20U) - 3, '\n');
    text += "u:x:1:1::/:\nlate:x:2:2::/:\n";
    CHECK(parse_passwd(text).empty());
    CHECK(!resolve_user("late", text, ""));
}

TEST_CASE("USER is resolved as Docker does it") {
    struct Case {
        std::string_view spec;
        UserIds ids;
    };
    const Case cases[] = {
        {"", {0, 0, {0, 1, 29}, "/root", "root"}},
        {"root", {0, 0, {0, 1, 29}, "/root", "root"}},
        {"0", {0, 0, {0, 1, 29}, "/root", "root"}},
        {"app", {1000, 1001, {1001, 1, 44}, "/home/app", "app"}},
        {"1000", {1000, 1001, {1001, 1, 44}, "/home/app", "app"}}, // an id, not the user named 1000
        {"+1000", {1000, 1001, {1001, 1, 44}, "/home/app", "app"}},
        {"app:", {1000, 1001, {1001, 1, 44}, "/home/app", "app"}},
        {"app:video", {1000, 44, {44}, "/home/app", "app"}},
        {"app:12", {1000, 12, {12}, "/home/app", "app"}},
        {"1000:0", {1000, 0, {0}, "/home/app", "app"}},
        {"app:7", {1000, 7, {7}, "/home/app", "app"}}, // an id, not the group named 7
        {":video", {0, 44, {44}, "/root", "root"}},
        {"5000", {5000, 0, {0}, "/", ""}},
        {"5000:6000", {5000, 6000, {6000}, "/", ""}},
        {"short", {1002, 1003, {1003}, "/", "short"}},
        {"2147483647", {2147483647, 0, {0}, "/", ""}},
    };
    for (const auto& each : cases) {
        CAPTURE(std::string(each.spec));
        const auto ids = resolve_user(each.spec, passwd, group);
        REQUIRE(ids);
        CHECK(ids->uid == each.ids.uid);
        CHECK(ids->gid == each.ids.gid);
        CHECK(ids->groups == each.ids.groups);
        CHECK(ids->home == each.ids.home);
        CHECK(ids->name == each.ids.name);
    }
    const auto bare = resolve_user("", "", "");
    REQUIRE(bare);
    CHECK(bare->uid == 0);
    CHECK(bare->groups == Groups{0});
    CHECK(bare->home == "/");
}

TEST_CASE("a USER that cannot be is an error") {
    struct Case {
        std::string_view spec;
        ErrorCode code;
        std::string_view message;
    };
    const Case cases[] = {
        {"ghost", ErrorCode::not_found,
         "unable to find user ghost: no matching entries in passwd file"},
        {"nouid", ErrorCode::not_found,
         "unable to find user nouid: no matching entries in passwd file"},
        {"app:ghost", ErrorCode::not_found,
         "unable to find group ghost: no matching entries in group file"},
        {"-1", ErrorCode::invalid, "user or group id -1 is out of range"},
        {"2147483648", ErrorCode::invalid, "user or group id 2147483648 is out of range"},
        {"app:99999999999999999999", ErrorCode::invalid,
         "user or group id 99999999999999999999 is out of range"},
        {"a:b:c", ErrorCode::invalid, "invalid user specification: a:b:c"},
    };
    for (const auto& each : cases) {
        CAPTURE(std::string(each.spec));
        const auto ids = resolve_user(each.spec, passwd, group);
        REQUIRE(!ids);
        CHECK(ids.error().code == each.code);
        CHECK(ids.error().message == each.message);
        CHECK(!ids.error().hint.empty());
    }
}

TEST_CASE("--chown is resolved as Docker does it") {
    struct Case {
        std::string_view spec;
        Owner owner;
    };
    const Case cases[] = {
        {"1000", {1000, 1000}}, {"1000:", {1000, 0}},      {":", {0, 0}},
        {"app", {1000, 1001}},  {"app:video", {1000, 44}}, {"app:12", {1000, 12}},
        {":app", {0, 1001}},    {"12:app", {12, 1001}},    {"root", {0, 0}},
        {"root:root", {0, 0}},  {"app:root", {1000, 0}},   {"5000:6000", {5000, 6000}},
        {"daemon", {1, 1}},     {"app:", {1000, 0}},       {"", {0, 0}},
    };
    for (const auto& each : cases) {
        CAPTURE(std::string(each.spec));
        const auto owner = resolve_chown(each.spec, passwd, group);
        REQUIRE(owner);
        CHECK(*owner == each.owner);
    }
    for (const auto* spec : {"0", "0:0", "root", "root:root", "12:34"})
        CHECK(resolve_chown(spec, std::nullopt, std::nullopt));
}

TEST_CASE("a --chown that cannot be is an error") {
    CHECK(resolve_chown("ghost", passwd, group).error().message ==
          "can't find uid for user ghost: no such user: ghost");
    CHECK(resolve_chown("app:ghost", passwd, group).error().message ==
          "can't find gid for group ghost: no such group: ghost");
    CHECK(resolve_chown("app", std::nullopt, std::nullopt).error().message ==
          "invalid user index: -1");
    CHECK(resolve_chown("0:app", std::nullopt, std::nullopt).error().message ==
          "invalid group index: -1");
    CHECK(resolve_chown("a:b:c", passwd, group).error().code == ErrorCode::invalid);
    CHECK(resolve_chown("2147483648", passwd, group).error().code == ErrorCode::invalid);
}
