#include "image/oci/oci.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>

using namespace mybuild;
using namespace mybuild::oci;
using nlohmann::json;

namespace {

// As Docker's classic builder writes it: nulls, members we have no field for, Go's escapes.
const std::string docker_config = R"({
  "architecture":"amd64","os":"linux","author":"me","created":"2023-01-02T03:04:05.678901234Z",
  "docker_version":"20.10.24","container":"abc",
  "container_config":{"Hostname":"h","Env":null},
  "config":{"Hostname":"","Domainname":"","AttachStdin":false,"Tty":false,"Image":"sha256:1",
    "User":"www-data:1000","ExposedPorts":{"80/tcp":{},"443/tcp":{}},
    "Env":["PATH=/bin","A=\u003cb\u003e"],"Cmd":null,"Entrypoint":["/run.sh","x"],
    "Volumes":{"/data":{}},"WorkingDir":"/app","Labels":{"b":"2","a":"1"},"OnBuild":null,
    "StopSignal":"SIGQUIT","Shell":["/bin/bash","-c"],
    "Healthcheck":{"Test":["CMD-SHELL","true"],"Interval":5000000000,"Retries":3}},
  "history":[{"created":"2023-01-01T00:00:00Z","created_by":"/bin/sh -c #(nop) ADD file:1 in / "},
             {"created_by":"CMD [\"sh\"]","empty_layer":true,"comment":"c","author":"a"}],
  "rootfs":{"type":"layers","diff_ids":[
    "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]},
  "moby.buildkit.cache.v0":"e30="})";

} // namespace

TEST_CASE("a config is read member by member") {
    const auto config = parse_config(docker_config);
    REQUIRE(config);
    CHECK(config->platform == Platform{"linux", "amd64", ""});
    CHECK(config->author == "me");
    CHECK(config->created == "2023-01-02T03:04:05.678901234Z");
    CHECK(config->user == "www-data:1000");
    CHECK(config->exposed_ports == std::vector<std::string>{"443/tcp", "80/tcp"});
    CHECK(config->env == std::vector<std::string>{"PATH=/bin", "A=<b>"});
    CHECK_FALSE(config->cmd);
    CHECK(config->entrypoint == std::vector<std::string>{"/run.sh", "x"});
    CHECK(config->volumes == std::vector<std::string>{"/data"});
    CHECK(config->working_dir == "/app");
    CHECK(config->labels == std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}});
    CHECK(config->stop_signal == "SIGQUIT");
    CHECK(config->shell == std::vector<std::string>{"/bin/bash", "-c"});
    REQUIRE(config->healthcheck);
    CHECK(config->healthcheck->test == std::vector<std::string>{"CMD-SHELL", "true"});
    CHECK(config->healthcheck->interval == 5'000'000'000);
    CHECK(config->healthcheck->retries == 3);
    REQUIRE(config->history.size() == 2);
    CHECK(config->history[0].created_by == "/bin/sh -c #(nop) ADD file:1 in / ");
    CHECK_FALSE(config->history[0].empty_layer);
    CHECK(config->history[1] == HistoryEntry{"", "CMD [\"sh\"]", "a", "c", true});
    REQUIRE(config->diff_ids.size() == 1);
    CHECK(config->diff_ids[0].hex() == std::string(64, 'a'));
}

TEST_CASE("writing keeps the meaning, unknown members included, and is stable") {
    const auto config = parse_config(docker_config);
    REQUIRE(config);
    const auto text = write_config(*config);
    const auto before = json::parse(docker_config);
    const auto after = json::parse(text);
    for (const auto* name : {"docker_version", "container", "container_config",
                             "moby.buildkit.cache.v0", "history", "rootfs", "created"}) {
        CAPTURE(name);
        CHECK(after.at(name) == before.at(name));
    }
    for (const auto& row : before.at("config").items()) {
        const auto& name = row.key();
        const auto& value = row.value();
        CAPTURE(name);
        if (value.is_null())
            CHECK_FALSE(after.at("config").contains(name));
        else
            CHECK(after.at("config").at(name) == value);
    }
    CHECK(text.starts_with(
        R"({"architecture":"amd64","author":"me","config":{"AttachStdin":false,)"));
    const auto again = parse_config(text);
    REQUIRE(again);
    CHECK(write_config(*again) == text);
}

TEST_CASE("an empty config has what every reader requires") {
    const auto value = json::parse(write_config(ImageConfig{}));
    CHECK(value.at("architecture") == "amd64");
    CHECK(value.at("os") == "linux");
    CHECK(value.at("rootfs") == json::parse(R"({"type":"layers","diff_ids":[]})"));
    CHECK(value.at("config") == json::object());
    CHECK_FALSE(value.contains("history"));
    CHECK_FALSE(value.contains("variant"));
}

TEST_CASE("bytes that are not UTF-8 do not keep a config from being written") {
    ImageConfig config;
    config.env = {"A=\xff\xfe"};
    config.labels["\xc3"] = "x";
    const auto value = json::parse(write_config(config));
    CHECK(value.at("config").at("Env")[0] == "A=\xef\xbf\xbd\xef\xbf\xbd");
}

TEST_CASE("an emptied entry point stays an empty list and is not the absent one") {
    ImageConfig config;
    config.entrypoint = std::vector<std::string>{};
    const auto read = parse_config(write_config(config));
    REQUIRE(read);
    REQUIRE(read->entrypoint);
    CHECK(read->entrypoint->empty());
    CHECK_FALSE(read->cmd);
}

TEST_CASE("bad configs are corrupt") {
    const auto with = [](const std::string& more) {
        return R"({"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]})" +
               more + "}";
    };
    REQUIRE(parse_config(with("")));
    REQUIRE(parse_config(R"({"os":"linux","architecture":"amd64","rootfs":{"diff_ids":null}})"));
    const std::string bad[] = {
        "",
        "{}",
        R"({"os":"linux","rootfs":{"type":"layers","diff_ids":[]}})",
        R"({"os":"linux","architecture":"amd64"})",
        R"({"os":1,"architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}})",
        R"({"os":"linux","architecture":"amd64","rootfs":{"type":"other","diff_ids":[]}})",
        R"({"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":["sha256:"]}})",
        R"({"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[1]}})",
        with(R"(,"config":[])"),
        with(R"(,"config":{"Env":{"A":"b"}})"),
        with(R"(,"config":{"Env":["A=b",1]})"),
        with(R"(,"config":{"Labels":["x"]})"),
        with(R"(,"config":{"User":0})"),
        with(R"(,"config":{"Healthcheck":{"Interval":"5s"}})"),
        with(R"(,"config":{"Healthcheck":{"Interval":1e400}})"),
        with(R"(,"config":{"Cmd":"sh"})"),
        with(R"(,"history":{})"),
        with(R"(,"history":["x"])"),
        with(R"(,"history":[{"empty_layer":"yes"}])"),
    };
    for (const auto& text : bad) {
        CAPTURE(text);
        const auto config = parse_config(text);
        REQUIRE_FALSE(config);
        CHECK(config.error().code == ErrorCode::corrupt);
        CHECK(config.error().message.find("image config") != std::string::npos);
    }
}
