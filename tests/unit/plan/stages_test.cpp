#include "tests/unit/plan/planned.hpp"

#include <doctest/doctest.h>

namespace mybuild::plan::test {

namespace {

/// Indices of the stages that the target needs.
std::vector<std::size_t> reachable(const Planned& planned) {
    std::vector<std::size_t> indices;
    for (std::size_t index = 0; index < planned.graph.stages.size(); ++index)
        if (planned.graph.stages[index].reachable) indices.push_back(index);
    return indices;
}

using Indices = std::vector<std::size_t>;

Words images(const StageGraph& graph) {
    Words names;
    for (const auto& image : graph.images)
        names.push_back(shown(Origin(image)));
    return names;
}

} // namespace

TEST_CASE("what the target does not need is not reachable") {
    struct Case {
        std::string_view text;
        std::optional<std::string> target;
        std::size_t index;
        Indices reachable;
    };
    const std::string_view three = "FROM a AS one\n"
                                   "FROM b AS two\n"
                                   "FROM one AS three\n";
    const Case cases[] = {
        {"FROM a\n", std::nullopt, 0, {0}},
        {three, std::nullopt, 2, {0, 2}},
        {three, "one", 0, {0}},
        {three, "two", 1, {1}},
        {three, "TWO", 1, {1}},
        {three, "", 2, {0, 2}},
        {"FROM a AS one\nFROM b\nCOPY --from=one /x /x\n", std::nullopt, 1, {0, 1}},
        {"FROM a\nFROM b\nCOPY --from=0 /x /x\n", std::nullopt, 1, {0, 1}},
        {"FROM a AS one\nFROM b\nRUN --mount=from=one,target=/x true\n", std::nullopt, 1, {0, 1}},
        {"FROM a AS one\nFROM b AS two\nCOPY --from=one /x /x\nFROM c\nCOPY --from=two /x /x\n",
         std::nullopt,
         2,
         {0, 1, 2}},
    };
    for (const auto& [text, target, index, needed] : cases) {
        CAPTURE(text);
        const auto planned = plan_text(text, {.target = target});
        CHECK(planned.graph.target == index);
        CHECK(reachable(planned) == needed);
    }
}

TEST_CASE("a stage's needs are its base and what it copies and mounts from, each once, sorted") {
    const auto planned =
        plan_text("FROM a AS one\n"
                  "FROM b AS two\n"
                  "FROM two AS three\n"
                  "COPY --from=two /x /x\n"
                  "RUN --mount=from=one,target=/a --mount=type=cache,target=/b true\n"
                  "COPY --from=0 /y /y\n");
    CHECK(planned.graph.stages[0].needs.empty());
    CHECK(planned.graph.stages[2].needs == Indices{0, 1});
}

TEST_CASE("names of stages are compared in any case") {
    const auto planned = plan_text("FROM a AS Builder\n"
                                   "FROM bUILDER AS second\n"
                                   "COPY --from=BUILDER /x /x\n"
                                   "RUN --mount=from=buildeR,target=/m true\n");
    CHECK(planned.graph.stages[0].name == "builder");
    CHECK(shown(planned.graph.stages[1].base) == "stage 0");
    CHECK(shown(*planned.op<CopyOp>(0).from) == "stage 0");
    CHECK(shown(planned.op<RunOp>(1).mount_origins[0]) == "stage 0");
}

TEST_CASE("of stages with one name, FROM takes the latest above and all others the last") {
    const auto planned = plan_text("FROM a AS x\n"
                                   "FROM b AS x\n"
                                   "FROM x\n"
                                   "COPY --from=x /f /f\n");
    CHECK(shown(planned.graph.stages[2].base) == "stage 1");
    CHECK(shown(*planned.op<CopyOp>(0).from) == "stage 1");

    const std::string_view with_later = "FROM a AS x\nFROM x AS mid\nFROM b AS x\n";
    CHECK(shown(plan_text(with_later, {.target = "mid"}).graph.stages[1].base) == "stage 0");
    CHECK(plan_text(with_later, {.target = "x"}).graph.target == 2);
    CHECK(failure("FROM a AS x\nFROM c\nCOPY --from=x /f /f\nFROM b AS x\nFROM d\nCOPY --from=1 /f "
                  "/f\n") ==
          "3:13-13 cannot copy from stage \"x\", it needs to be defined before current stage "
          "\"stage-1\"");
}

TEST_CASE("a name that is no stage above is an image, also when such a stage comes later") {
    const auto planned = plan_text("FROM later\nFROM b AS later\nCOPY --from=0 /x /x\n");
    CHECK(shown(planned.graph.stages[0].base) == "image later:latest linux/amd64");
    CHECK(stage_hint(planned.graph, 0, "later") ==
          "the stage later stands below this one: move it above");
    CHECK(stage_hint(planned.graph, 1, "later") == "later is the name of this stage itself");
}

TEST_CASE("an image that nobody has may be a mistyped stage") {
    const auto planned = plan_text("FROM a AS builder\nFROM b\n");
    CHECK(stage_hint(planned.graph, 1, "buidler") == "did you mean builder?");
    CHECK(stage_hint(planned.graph, 1, "unrelated").empty());
    CHECK(stage_hint(planned.graph, 0, "buidler").empty());
}

TEST_CASE("--from takes an index, a stage, scratch or an image") {
    struct Case {
        std::string_view from;
        std::string_view origin;
    };
    const Case cases[] = {
        {"0", "stage 0"},
        {"+1", "stage 1"},
        {"two", "stage 1"},
        {"scratch", "scratch"},
        {"busybox", "image busybox:latest linux/arm64"},
        {"localhost:5000/x/y:1", "image localhost:5000/x/y:1 linux/arm64"},
    };
    for (const auto& [from, origin] : cases) {
        CAPTURE(from);
        const auto planned = plan_text("FROM a AS one\nFROM --platform=linux/386 b AS two\n"
                                       "FROM --platform=linux/386 c\nCOPY --from=" +
                                           std::string(from) + " /x /x\n",
                                       {.platform = "linux/arm64"});
        CHECK(shown(*planned.op<CopyOp>(0).from) == origin);
    }
}

TEST_CASE("from= of a mount knows no index") {
    const auto planned = plan_text("FROM a\nFROM b\nRUN --mount=from=0,target=/x true\n");
    CHECK(shown(planned.op<RunOp>(0).mount_origins[0]) == "image 0:latest linux/amd64");
    CHECK(reachable(planned) == Indices{1});
}

TEST_CASE("every image that is needed is listed once") {
    const auto planned = plan_text("FROM unused\n"
                                   "FROM alpine AS one\n"
                                   "FROM --platform=linux/arm64 alpine AS two\n"
                                   "FROM docker.io/library/alpine:latest\n"
                                   "COPY --from=one /x /x\n"
                                   "COPY --from=two /x /x\n"
                                   "COPY --from=busybox /x /x\n"
                                   "RUN --mount=from=busybox:latest,target=/x true\n"
                                   "RUN --mount=from=scratch,target=/x true\n");
    CHECK(images(planned.graph) == Words{"image alpine:latest linux/amd64",
                                         "image alpine:latest linux/arm64",
                                         "image busybox:latest linux/amd64"});
}

TEST_CASE("a target that is not there") {
    const std::string_view text = "FROM a AS builder\nFROM b AS test\nFROM c\n";
    CHECK(failure(text, {.target = "biulder"}) == "- target stage \"biulder\" could not be found");
    CHECK(advice(text, {.target = "biulder"}) == "did you mean builder?");
    CHECK(advice(text, {.target = "release"}) == "the stages are: builder, test");
    CHECK(failure(text, {.target = "0"}) == "- target stage \"0\" could not be found");
    CHECK(advice("FROM a\n", {.target = "x"}) ==
          "no stage has a name: give one with FROM … AS name");
    CHECK(try_plan(text, {.target = "x"}).error().code == ErrorCode::not_found);
}

TEST_CASE("references that cannot be") {
    struct Case {
        std::string_view text;
        std::string_view error;
    };
    const Case cases[] = {
        {"FROM a\nCOPY --from=1 /x /x\n", "2:13-13 invalid stage index 1"},
        {"FROM a\nCOPY --from=-1 /x /x\n", "2:13-14 invalid stage index -1"},
        {"FROM a\nCOPY --from=99999999999999999999 /x /x\n",
         "2:13-32 invalid stage index 99999999999999999999"},
        // Also where nobody needs the stage.
        {"FROM a\nCOPY --from=7 /x /x\nFROM b\n", "2:13-13 invalid stage index 7"},
        {"FROM a\nFROM b\nCOPY --from=2 /x /x\nFROM c\nFROM d\nCOPY --from=1 /x /x\n",
         "3:13-13 cannot copy from stage \"2\", it needs to be defined before current stage "
         "\"stage-1\""},
        {"FROM a AS first\nCOPY --from=second /x /x\nFROM b AS second\nFROM c\n"
         "COPY --from=first /x /x\n",
         "2:13-18 cannot copy from stage \"second\", it needs to be defined before current stage "
         "\"first\""},
        {"FROM a AS first\nRUN --mount=target=/m,from=second true\nFROM b AS second\nFROM first\n",
         "2:13-33 cannot mount from stage \"second\", it needs to be defined before current stage "
         "\"first\""},
        {"FROM a AS me\nCOPY --from=me /x /x\n",
         "2:13-14 circular dependency detected on stage: me"},
        {"FROM a\nCOPY --from=0 /x /x\n", "2:13-13 circular dependency detected on stage: stage-0"},
        {"FROM a AS me\nRUN --mount=from=me,target=/x true\n",
         "2:13-29 circular dependency detected on stage: me"},
        {"FROM a AS x\nCOPY --from=y /f /f\nFROM b AS y\nCOPY --from=x /f /f\nFROM c\n",
         "4:13-13 circular dependency detected on stage: x"},
    };
    for (const auto& [text, error] : cases) {
        CAPTURE(text);
        CHECK(failure(text) == error);
    }
}

TEST_CASE("a later stage may be named where nobody needs it") {
    CHECK(failure("FROM a\nCOPY --from=later /x /x\nFROM b AS later\n") == "planned");
}

TEST_CASE("a circle tells its way") {
    CHECK(advice("FROM a AS x\nCOPY --from=z /f /f\nFROM b AS y\nCOPY --from=x /f /f\n"
                 "FROM c AS z\nCOPY --from=y /f /f\n") ==
          "put what both need into a stage of its own above them / x needs z needs y needs x");
    CHECK(advice("FROM a AS me\nCOPY --from=me /x /x\n") ==
          "a stage cannot take files from itself");
}

TEST_CASE("resolve_from says what a name means from where it stands") {
    const auto planned = plan_text("FROM a AS one\nFROM b AS two\nFROM c\n");
    const auto resolve = [&](std::size_t current, std::string_view text) {
        const auto origin =
            resolve_from(*planned.file, planned.graph, current, text, planned.options.platform);
        return origin ? shown(*origin) : shown(origin.error());
    };
    CHECK(resolve(2, "one") == "stage 0");
    CHECK(resolve(2, "1") == "stage 1");
    CHECK(resolve(1, "x") == "image x:latest linux/amd64");
    CHECK(resolve(1, "two") == "- cannot copy from stage \"two\", it needs to be defined before "
                               "current stage \"two\"");
    CHECK(resolve(0, "two") == "- cannot copy from stage \"two\", it needs to be defined before "
                               "current stage \"one\"");
    CHECK(resolve(1, "3") == "- invalid stage index 3");
}

TEST_CASE("a file without stages") {
    Dockerfile nothing;
    nothing.source = std::make_shared<Source>("Dockerfile", "ARG a");
    const auto graph = plan_stages(nothing, {});
    REQUIRE(!graph);
    CHECK(graph.error().message == "dockerfile contains no stages to build");
}

} // namespace mybuild::plan::test
