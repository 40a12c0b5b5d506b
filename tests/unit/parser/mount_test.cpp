#include "parser/mount.hpp"
#include "parser/words.hpp"

#include <doctest/doctest.h>

using namespace mybuild;

namespace {

Result<Mount> parse(std::string_view raw) {
    return parse_mount(raw, [](std::string_view value) {
        return expand(value, [](std::string_view name) -> std::optional<std::string> {
            if (name == "dir") return "/data";
            return std::nullopt;
        });
    });
}

std::string error_of(std::string_view raw) {
    const auto result = parse(raw);
    return result ? "no error" : result.error().message;
}

} // namespace

TEST_CASE("defaults of each type of mount") {
    Mount expected;
    expected.target = "/x";
    expected.source = "/";
    CHECK(parse("target=/x").value() == expected);
    CHECK(parse("type=bind,dst=/x").value() == expected);
    CHECK(parse("TYPE=Bind,destination=/x,ro").value() == expected);

    expected.type = MountType::cache;
    expected.read_only = false;
    expected.id = "/x";
    CHECK(parse("type=cache,target=/x/").value().id == "/x");
    CHECK(parse("type=cache,target=/x").value() == expected);

    const auto tmpfs = parse("type=tmpfs,target=/x,size=128m").value();
    CHECK(tmpfs.size == 134217728U);
    CHECK_FALSE(tmpfs.read_only);

    const auto ssh = parse("type=ssh").value();
    CHECK(ssh.id == "default");
    CHECK(ssh.target.empty());
    CHECK_FALSE(ssh.required);
}

TEST_CASE("secrets: what the id, the file and the variable are called") {
    const auto by_id = parse("type=secret,id=aws/key").value();
    CHECK(by_id.id == "aws/key");
    CHECK(by_id.target == "/run/secrets/key");
    CHECK(parse("type=secret,source=tok").value().id == "tok");
    CHECK(parse("type=secret,target=/etc/tok").value().id == "tok");
    const auto env = parse("type=secret,id=tok,env=TOKEN,required").value();
    CHECK(env.env == "TOKEN");
    CHECK(env.target.empty());
    CHECK(env.required);
    CHECK(parse("type=secret,id=tok,env=").value().env == "tok");
    const auto both = parse("type=secret,id=tok,env=T,target=/t,mode=0440,uid=5,gid=6").value();
    CHECK(both.target == "/t");
    CHECK(both.mode == 0440U);
    CHECK(both.uid == 5U);
    CHECK(both.gid == 6U);
}

TEST_CASE("keys may stand in any order, values are expanded and may be quoted") {
    CHECK(parse("required=true,id=x,type=secret").value().required);
    CHECK(parse("size=1k,target=/x,type=tmpfs").value().size == 1024U);
    CHECK(parse("type=cache,target=${dir}/x,sharing=LOCKED").value().target == "/data/x");
    CHECK(parse("type=cache,target=/x,sharing=private").value().sharing == CacheSharing::exclusive);
    CHECK(parse("\"target=/a,b\",source='/s t'").value().target == "/a,b");
    CHECK(parse("target=/x,source='/s t'").value().source == "/s t");
    CHECK(parse("target=/x,from=build,rw").value().from == "build");
    CHECK_FALSE(parse("target=/x,rw").value().read_only);
    CHECK(parse("target=/x,rw=false").value().read_only);
    CHECK_FALSE(parse("target=/x,readonly=0").value().read_only);
}

TEST_CASE("sizes as go-units reads them") {
    const auto size = [](const std::string& text) {
        return parse("type=tmpfs,target=/x,size=" + text).value().size.value();
    };
    CHECK(size("5") == 5);
    CHECK(size("64kb") == 65536);
    CHECK(size("10KiB") == 10240);
    CHECK(size("1.5g") == 1610612736);
    CHECK(size("2 M") == 2097152);
    CHECK(error_of("type=tmpfs,target=/x,size=lots") == "invalid value for size: lots");
    CHECK(error_of("type=tmpfs,target=/x,size=-1") == "invalid value for size: -1");
    CHECK(error_of("type=tmpfs,target=/x,size=99999999p") == "invalid value for size: 99999999p");
}

TEST_CASE("mounts that are none, with BuildKit's texts") {
    struct Row {
        const char* raw;
        const char* message;
    };
    const Row table[] = {
        {"type=foo", "unsupported mount type \"foo\""},
        {"tpye=bind", "unexpected key 'tpye' in 'tpye=bind'"},
        {"target", "invalid field 'target' must be a key=value pair"},
        {"target=/x,ro=maybe", "invalid value for ro: maybe"},
        {"type=cache,target=/x,sharing=all", "unsupported sharing value \"all\""},
        {"target=/x,sharing=shared", "invalid cache sharing set for bind mount"},
        {"target=/x,mode=755", "mode not allowed for \"bind\" type mounts"},
        {"type=tmpfs,target=/x,uid=1", "uid not allowed for \"tmpfs\" type mounts"},
        {"type=cache,target=/x,mode=9", "invalid value 9 for mode"},
        {"type=cache,target=/x,gid=-1", "invalid value -1 for gid"},
        {"target=/x,required", "unexpected key 'required' for mount type 'bind'"},
        {"type=cache,target=/x,size=1", "unexpected key 'size' for mount type 'cache'"},
        {"type=secret", "invalid secret mount. one of source, target required"},
        {"type=secret,id=a,source=b", "both source and id can't be set"},
        {"type=secret,id=a,from=b", "secret mount should not have a from"},
        {"type=ssh,source=a", "ssh does not support source"},
        {"target=/", "invalid mount target \"/\""},
        {"target=/a/..", "invalid mount target \"/\""},
        {"target=${x:?no}", "failed to process \"${x:?no}\": x: no"},
    };
    for (const auto& row : table) {
        CAPTURE(row.raw);
        CHECK(error_of(row.raw) == row.message);
    }
    CHECK(parse("tpye=bind").error().hint == "did you mean type?");
    CHECK(error_of("\"target").starts_with("failed to parse csv mounts: "));
}

TEST_CASE("from is known before anything is expanded") {
    CHECK(mount_from("type=bind,FROM=build,target=$x").value() == "build");
    CHECK_FALSE(mount_from("target=/x").value().has_value());
    CHECK(mount_from("from=$").value() == "$");
    CHECK(mount_from("from=$x").error().message ==
          "'from' doesn't support variable expansion, define alias stage instead");
    CHECK_FALSE(mount_from("a\"").has_value());
}
