#include "base/fs.hpp"
#include "cli/secrets.hpp"
#include "cli/step_options.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <optional>
#include <sys/resource.h>

using namespace mybuild;
using namespace mybuild::cli;

TEST_CASE("the forms of --secret") {
    struct Case {
        std::string_view text;
        SecretSpec spec;
    };
    const Case cases[] = {
        {"id=k", {"k"}},
        {"id=k,src=f", {"k", "f"}},
        {"ID=k,Source=f", {"k", "f"}},
        {"type=file,id=k,source=f", {"k", "f"}},
        {"id=k,env=V", {"k", "", "V"}},
        {"id=k,env=V,src=f", {"k", "f", "V"}},
        {"type=env,id=k,src=V", {"k", "", "V"}},
        {"type=env,id=k,env=V", {"k", "", "V"}},
        {"type=env,id=k", {"k"}},
        {"id=k,\"src=a,b\"", {"k", "a,b"}},
        {"id=k,src=a=b", {"k", "a=b"}},
    };
    for (const auto& [text, spec] : cases) {
        CAPTURE(text);
        const auto parsed = parse_secret(text);
        REQUIRE(parsed);
        CHECK(*parsed == spec);
    }
}

TEST_CASE("what is no --secret") {
    struct Case {
        std::string_view text, message;
    };
    const Case cases[] = {
        {"", "secret missing ID"},
        {"src=f", "secret missing ID"},
        {"k", "invalid field 'k' must be a key=value pair"},
        {"id=k,type=vault", "unsupported secret type \"vault\""},
        {"id=k,scr=f", "unexpected key 'scr' in 'scr=f'"},
        {"id=\"k", "invalid secret: "},
    };
    for (const auto& [text, message] : cases) {
        CAPTURE(text);
        const auto parsed = parse_secret(text);
        REQUIRE(!parsed);
        CHECK(parsed.error().code == ErrorCode::usage);
        CHECK(parsed.error().message.starts_with(message));
    }
}

TEST_CASE("the forms of --ssh") {
    struct Case {
        std::string_view text;
        SshSpec spec;
    };
    const Case cases[] = {
        {"default", {}},
        {"", {}},
        {"k", {"k"}},
        {"k=", {"k"}},
        {"=a", {"default", {"a"}}},
        {"k=/a/socket", {"k", {"/a/socket"}}},
        {"k=a,b", {"k", {"a", "b"}}},
        {"k=a=b", {"k", {"a=b"}}},
        {"k=a,raw=true", {"k", {"a"}, true}},
        {"k=raw=1,a", {"k", {"a"}, true}},
        {"k=raw=true", {"k", {}, true}},
        {"k=a,b,raw=false", {"k", {"a", "b"}}},
    };
    for (const auto& [text, spec] : cases) {
        CAPTURE(text);
        const auto parsed = parse_ssh(text);
        REQUIRE(parsed);
        CHECK(*parsed == spec);
    }
    CHECK(!parse_ssh("k=a,b,raw=true"));
    CHECK(!parse_ssh("k=a,raw=perhaps"));
}

TEST_CASE("what can be allowed") {
    Allowed allowed;
    REQUIRE(parse_allow("security.insecure", allowed));
    CHECK(allowed == Allowed{false, true});
    REQUIRE(parse_allow("network.host", allowed));
    CHECK(allowed == Allowed{true, true});
    CHECK(parse_allow("network.hosts", allowed).error().hint == "did you mean network.host?");
    CHECK(!parse_allow("device", allowed));
}

TEST_CASE("added hosts") {
    for (const auto& [text, expected] : std::vector<std::pair<std::string, std::string>>{
             {"db:10.0.0.1", "db=10.0.0.1"},
             {"db=10.0.0.1", "db=10.0.0.1"},
             {"db:::1", "db=::1"},
             {"db=[fe80::1]", "db=fe80::1"},
             {"gate:host-gateway", "gate=host-gateway"}}) {
        CAPTURE(text);
        CHECK(parse_added_host(text).value_or("refused") == expected);
    }
    for (const auto* text : {"db", ":1.2.3.4", "db:", "db:1.2.3", "d b:1.2.3.4",
                             "db:1.2.3.4\nx 5.6.7.8", "d\nb:1.2.3.4", "db:name"}) {
        CAPTURE(text);
        CHECK(!parse_added_host(text));
    }
}

TEST_CASE("limits") {
    const auto nofile = parse_ulimit("nofile=512:1024");
    REQUIRE(nofile);
    CHECK(nofile->resource == RLIMIT_NOFILE);
    CHECK(nofile->soft == 512);
    CHECK(nofile->hard == 1024);
    const auto core = parse_ulimit("core=-1");
    REQUIRE(core);
    CHECK(core->soft == RLIM_INFINITY);
    CHECK(core->hard == RLIM_INFINITY);
    CHECK(parse_ulimit("nofiles=1").error().hint == "did you mean nofile?");
    for (const auto* text : {"nofile", "nofile=", "nofile=x", "nofile=2:1", "nofile=-1:5",
                             "nofile=1:", "nofile=1:2:3", "=1"}) {
        CAPTURE(text);
        CHECK(!parse_ulimit(text));
    }
}

namespace {

struct Given {
    fs::TempDir dir = fs::TempDir::create("/tmp", "mybuild-secrets-").value();
    std::string file = dir.path() + "/file";
    explicit Given(std::string_view content) { write(content); }
    void write(std::string_view content) {
        REQUIRE(fs::write_file_atomic(dir.fd(), "file", content));
    }
};

const char* environment(const char* name) {
    const std::string_view text = name;
    if (text == "SET" || text == "id-and-variable") return "of the environment";
    return nullptr;
}

std::optional<std::string> value_of(const std::vector<SecretSpec>& specs, const std::string& id) {
    const auto secrets = Secrets::open(specs, environment);
    REQUIRE(secrets);
    const auto value = (*secrets)->read(id);
    REQUIRE(value);
    return *value;
}

} // namespace

TEST_CASE("where a secret is taken from") {
    const Given given("of the file");
    CHECK(value_of({{"k", given.file}}, "k") == "of the file");
    CHECK(value_of({{"k", "", "SET"}}, "k") == "of the environment");
    CHECK(value_of({{"k", given.file, "SET"}}, "k") == "of the environment");
    CHECK(value_of({{"k", "", "NOT_SET"}}, "k") == "");
    CHECK(value_of({{"id-and-variable"}}, "id-and-variable") == "of the environment");
    CHECK(value_of({{given.file}}, given.file) == "of the file");
    CHECK(value_of({{"k", given.file}, {"k", "", "SET"}}, "k") == "of the environment");
    CHECK(value_of({{"k", given.file}}, "other") == std::nullopt);
}

TEST_CASE("a secret's file is read when it is asked for, and once") {
    Given given("early");
    const auto secrets = Secrets::open({{"k", given.file}}, environment).value();
    given.write("late");
    CHECK(secrets->read("k").value() == "late");
    given.write("later");
    CHECK(secrets->read("k").value() == "late");
}

TEST_CASE("what can be no secret is known before anything runs") {
    const Given large(std::string(512001, 'x'));
    CHECK(Secrets::open({{"k", large.file}}, environment).error().message ==
          "secret k too big. max size 512000 bytes");
    CHECK(Secrets::open({{"k", large.dir.path()}}, environment).error().code == ErrorCode::invalid);
    const auto missing = Secrets::open({{"k", "/no/such/file"}}, environment);
    CHECK(missing.error().message ==
          "secret k: failed to stat /no/such/file: No such file or directory");
    // One that has grown since.
    Given growing("x");
    const auto secrets = Secrets::open({{"k", growing.file}}, environment).value();
    growing.write(std::string(512001, 'x'));
    CHECK(secrets->read("k").error().message == "secret k too big. max size 512000 bytes");
}
