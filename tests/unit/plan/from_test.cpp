#include "tests/unit/plan/planned.hpp"

#include <doctest/doctest.h>

namespace mybuild::plan::test {

namespace {

std::string base_of(std::string_view text, const Given& given = {}) {
    const auto planned = plan_text(text, given);
    return shown(planned.graph.stages[planned.graph.target].base);
}

} // namespace

TEST_CASE("what FROM names") {
    struct Case {
        std::string_view text;
        std::string_view base;
    };
    const Case cases[] = {
        {"FROM scratch\n", "scratch"},
        {"FROM alpine\n", "image alpine:latest linux/amd64"},
        {"FROM alpine:3.20\n", "image alpine:3.20 linux/amd64"},
        {"FROM docker.io/library/alpine\n", "image alpine:latest linux/amd64"},
        {"FROM localhost:5000/x\n", "image localhost:5000/x:latest linux/amd64"},
        {"FROM a AS base\nFROM base\n", "stage 0"},
        // A stage called scratch is a stage.
        {"FROM a AS scratch\nFROM scratch\n", "stage 0"},
        // Below itself a stage is not known.
        {"FROM base AS base\n", "image base:latest linux/amd64"},
    };
    for (const auto& [text, base] : cases) {
        CAPTURE(text);
        CHECK(base_of(text) == base);
    }
}

TEST_CASE("FROM sees global args and automatic ones") {
    struct Case {
        std::string_view text;
        std::map<std::string, std::string> build_args;
        std::string_view base;
    };
    const Case cases[] = {
        {"ARG tag=1\nFROM a:$tag\n", {}, "image a:1 linux/amd64"},
        {"ARG tag=1\nFROM a:$tag\n", {{"tag", "2"}}, "image a:2 linux/amd64"},
        {"ARG tag\nFROM a:${tag:-3}\n", {}, "image a:3 linux/amd64"},
        {"FROM a:${tag:-3}\n", {{"tag", "2"}}, "image a:3 linux/amd64"},
        {"ARG name=base\nFROM a AS base\nFROM $name\n", {}, "stage 0"},
        {"FROM \"a\":'b'\n", {}, "image a:b linux/amd64"},
        {"FROM a-$TARGETARCH\n", {}, "image a-amd64:latest linux/amd64"},
        {"ARG tag=1\nFROM a\nARG tag=2\nFROM a:$tag\n", {}, "image a:1 linux/amd64"},
        {"FROM --platform=$BUILDPLATFORM a\n", {}, "image a:latest linux/amd64"},
    };
    for (const auto& [text, build_args, base] : cases) {
        CAPTURE(text);
        CHECK(base_of(text, {.build_args = build_args}) == base);
    }
}

TEST_CASE("platforms") {
    struct Case {
        std::string_view text;
        std::string_view base;
    };
    const Case cases[] = {
        {"FROM a\n", "image a:latest linux/arm/v7"},
        {"FROM --platform=linux/s390x a\n", "image a:latest linux/s390x"},
        {"FROM --platform=$BUILDPLATFORM a\n", "image a:latest linux/arm64"},
        {"FROM --platform=$TARGETPLATFORM a\n", "image a:latest linux/arm/v7"},
        {"FROM --platform=x86_64 a\n", "image a:latest linux/amd64"},
        {"FROM --platform=arm a\n", "image a:latest linux/arm/v7"},
        // Only the system is said: the rest is the machine's.
        {"FROM --platform=windows a\n", "image a:latest windows/arm64"},
        {"FROM --platform=macos a\n", "image a:latest darwin/arm64"},
        {"FROM --platform=linux/arm/v6 a\n", "image a:latest linux/arm/v6"},
    };
    for (const auto& [text, base] : cases) {
        CAPTURE(text);
        CHECK(base_of(text, {.platform = "linux/arm", .build_platform = "linux/arm64"}) == base);
    }
}

TEST_CASE("a stage on a stage has its platform, one on scratch the target's") {
    const auto planned = plan_text("FROM --platform=linux/arm64 a AS one\n"
                                   "FROM --platform=linux/s390x one\n"
                                   "FROM --platform=linux/s390x scratch\n"
                                   "COPY --from=1 /x /x\n");
    CHECK(planned.graph.stages[0].platform.str() == "linux/arm64");
    CHECK(planned.graph.stages[1].platform.str() == "linux/arm64");
    CHECK(planned.graph.stages[2].platform.str() == "linux/amd64");
    CHECK(planned.config().platform.str() == "linux/amd64");
}

TEST_CASE("scratch begins with nothing but PATH and WORKDIR /") {
    const auto planned = plan_text("FROM scratch\n", {.platform = "linux/arm64"});
    const auto& config = planned.target().base_config;
    CHECK(config.platform.str() == "linux/arm64");
    CHECK(config.working_dir == "/");
    CHECK(config.env.size() == 1);
    CHECK(config.diff_ids.empty());
    CHECK(config.history.empty());
}

TEST_CASE("a stage begins with its base's config") {
    oci::ImageConfig base;
    base.created = "2020-01-01T00:00:00Z";
    base.author = "somebody";
    base.diff_ids = {Digest::of("layer")};
    base.history = {{.created_by = "before"}};
    base.user = "u";
    base.env = {"PATH=/x"};
    base.exposed_ports = {"80/tcp"};
    base.entrypoint = Words{"/entry"};
    base.cmd = Words{"cmd"};
    base.volumes = {"/v"};
    base.working_dir = "/w";
    base.labels = {{"k", "v"}};
    base.stop_signal = "SIGINT";
    base.healthcheck = oci::Healthcheck{.test = {"NONE"}};
    base.shell = {"/bin/bash", "-c"};
    base.unknown_config = R"({"Extra":1})";
    const auto planned =
        plan_text("FROM base\nRUN x\nWORKDIR y\nCOPY a b\n", {.images = {{"base:latest", base}}});

    oci::ImageConfig start = base;
    start.created.clear();
    CHECK(planned.target().base_config.history == start.history);
    CHECK(planned.target().base_config.diff_ids == start.diff_ids);
    CHECK(planned.target().base_config.created.empty());
    CHECK(planned.target().base_config.author == "somebody");

    const auto& config = planned.config();
    CHECK(config.history.empty());
    CHECK(config.diff_ids.empty());
    CHECK(config.entrypoint == base.entrypoint);
    CHECK(config.cmd == base.cmd);
    CHECK(config.labels == base.labels);
    CHECK(config.unknown_config == base.unknown_config);

    const auto& run = planned.op<RunOp>(0);
    CHECK(run.argv == Words{"/bin/bash", "-c", "x"});
    CHECK(run.user == "u");
    CHECK(run.working_dir == "/w");
    CHECK(planned.op<WorkdirOp>(1).path == "/w/y");
    CHECK(planned.op<CopyOp>(2).destination == "/w/y/b");
}

TEST_CASE("a base's relative WorkingDir is below the root") {
    oci::ImageConfig base;
    base.working_dir = "app";
    const auto planned = plan_text("FROM base\nRUN x\n", {.images = {{"base:latest", base}}});
    CHECK(planned.op<RunOp>(0).working_dir == "/app");
    CHECK(planned.config().working_dir == "/app");
}

TEST_CASE("a base without WorkingDir leaves it unset, and its steps run in the root") {
    const auto planned = plan_text("FROM base\nRUN x\n");
    CHECK(planned.config().working_dir.empty());
    CHECK(planned.op<RunOp>(0).working_dir == "/");
}

TEST_CASE("the plan knows its FROM line") {
    const auto planned = plan_text("# first\nFROM  a \\\n AS one\nFROM one\n");
    CHECK(planned.stages.at(0).from_text == "FROM  a  AS one");
    CHECK(planned.file->source->slice(planned.stages.at(0).from_span) == "FROM  a \\\n AS one");
}

TEST_CASE("FROM lines that cannot be") {
    struct Case {
        std::string_view text;
        std::string_view error;
    };
    const Case cases[] = {
        {"FROM $nothing\n", "1:6-13 base name ($nothing) should not be blank"},
        {"FROM \"\"\n", "1:6-7 base name (\"\") should not be blank"},
        {"FROM a AS one\nFROM Upper\n",
         "2:6-10 invalid reference format: Upper: repository name must be lowercase"},
        {"FROM --platform=$nothing a\n", "1:17-24 empty platform value from expression $nothing"},
        {"FROM --platform=linux/a/b/c a\n",
         "1:17-27 failed to parse platform linux/a/b/c: it has more than three parts"},
        {"FROM ${x:?needed}\n", "1:6-17 failed to process \"${x:?needed}\": x: needed"},
        // Also where nobody needs the stage.
        {"FROM a/$nothing/b\nFROM b\n",
         "1:6-17 invalid reference format: a//b: a part of the name between slashes is empty"},
        {"FROM --platform=a/b/c/d a\nFROM b\n",
         "1:17-23 failed to parse platform a/b/c/d: it has more than three parts"},
        {"FROM a\nCOPY --from=Upper /x /x\nFROM b\n",
         "2:13-17 invalid reference format: Upper: repository name must be lowercase"},
    };
    for (const auto& [text, error] : cases) {
        CAPTURE(text);
        CHECK(failure(text) == error);
    }
}

TEST_CASE("a FROM that fails by a variable says what to do about it") {
    CHECK(advice("FROM a:$TAG\n") ==
          "declare it with ARG TAG before the first FROM / variable $TAG is not set");
    CHECK(advice("FROM a\nARG TAG=1\nFROM a:$TAG\n") ==
          "ARG TAG stands inside a stage: FROM sees only what is declared before the first FROM / "
          "variable $TAG is not set");
    CHECK(advice("ARG VERSION=1\nFROM a:$VERSOIN\n") ==
          "did you mean $VERSION? / variable $VERSOIN is not set");
    CHECK(advice("FROM --platform=$BUILDPLATFROM a\n") ==
          "did you mean $BUILDPLATFORM? / variable $BUILDPLATFROM is not set");
    CHECK(advice("FROM a AS Stage\nFROM Stagee\n") == "did you mean stage?");
    CHECK(advice("FROM Scratch\n") == "did you mean scratch?");
}

} // namespace mybuild::plan::test
