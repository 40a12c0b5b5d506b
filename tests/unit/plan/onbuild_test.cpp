#include "tests/unit/plan/planned.hpp"

#include <doctest/doctest.h>

namespace mybuild::plan::test {

namespace {

Given with_triggers(Words triggers) {
    oci::ImageConfig base;
    base.env = {"PATH=/x"};
    base.on_build = std::move(triggers);
    return {.images = {{"base:latest", base}}};
}

Words created(const StagePlan& plan) {
    Words all;
    for (const Step& step : plan.steps)
        if (step.has_history) all.push_back(step.created_by);
    return all;
}

} // namespace

TEST_CASE("ONBUILD stores its text, without history and without running it") {
    const auto planned = plan_text("FROM a\n"
                                   "ONBUILD COPY  . \\\n  /app\n"
                                   "onbuild run $x && y\n"
                                   "ONBUILD COPY <<E /x\n$body\nE\n");
    CHECK(planned.config().on_build ==
          Words{"COPY  .   /app", "run $x && y", "COPY <<E /x\n$body\nE"});
    CHECK(created(planned.target()).empty());
    CHECK(planned.step(0).created_by == "ONBUILD COPY  .   /app");
    CHECK(planned.target().trigger_count == 0);
}

TEST_CASE("triggers of a base image run first, in order, and are gone from the image") {
    const auto planned = plan_text("FROM base\nRUN own\n",
                                   with_triggers({"ENV a=1", "COPY . /app/$a", "RUN build $a"}));
    CHECK(planned.target().trigger_count == 3);
    CHECK(created(planned.target()) == Words{"ENV a=1", "COPY . /app/1 # buildkit",
                                             "RUN /bin/sh -c build $a # buildkit",
                                             "RUN /bin/sh -c own # buildkit"});
    CHECK(planned.config().on_build.empty());
    CHECK(planned.target().base_config.on_build.empty());
    CHECK(planned.step(1).is_trigger);
    CHECK(planned.step(1).text == "COPY . /app/$a");
    CHECK(planned.step(1).makes_layer);
    CHECK(!planned.step(3).is_trigger);
    // The image that a trigger sets a variable of is the child.
    CHECK(planned.config().env == Words{"PATH=/x", "a=1"});
}

TEST_CASE("a trigger's step stands at FROM") {
    const auto planned = plan_text("# x\nFROM base\n", with_triggers({"RUN x"}));
    CHECK(planned.file->source->slice(planned.step(0).span) == "base");
}

TEST_CASE("triggers of a stage run in its child and not in its grandchild") {
    const auto planned = plan_text("FROM base AS one\nONBUILD RUN t\n"
                                   "FROM one AS two\nRUN own\n"
                                   "FROM two\n",
                                   with_triggers({"RUN base"}));
    CHECK(created(planned.stages.at(0)) == Words{"RUN /bin/sh -c base # buildkit"});
    CHECK(created(planned.stages.at(1)) ==
          Words{"RUN /bin/sh -c t # buildkit", "RUN /bin/sh -c own # buildkit"});
    CHECK(created(planned.stages.at(2)).empty());
    CHECK(planned.stages.at(0).config.on_build == Words{"RUN t"});
    CHECK(planned.stages.at(1).config.on_build.empty());
}

TEST_CASE("a trigger with a heredoc") {
    const auto planned =
        plan_text("FROM base\n", with_triggers({"COPY <<E /x\nhello\nE", "RUN <<E\necho\nE"}));
    CHECK(planned.op<CopyOp>(0).inline_files.at(0).content == "hello\n");
    CHECK(planned.op<RunOp>(1).argv == Words{"/bin/sh", "-c", "echo\n"});
}

TEST_CASE("a trigger's ARG takes build args") {
    auto given = with_triggers({"ARG v=1", "RUN x"});
    given.build_args = {{"v", "2"}};
    CHECK(created(plan_text("FROM base\n", given).target()) ==
          Words{"ARG v=2", "RUN |1 v=2 /bin/sh -c x # buildkit"});
}

TEST_CASE("stages that a base stage's trigger needs are reachable") {
    const auto planned = plan_text("FROM a AS tools\n"
                                   "FROM b AS one\n"
                                   "ONBUILD COPY --from=tools /x /x\n"
                                   "ONBUILD RUN --mount=from=img,target=/m true\n"
                                   "FROM one\n");
    CHECK(planned.graph.stages[0].reachable);
    CHECK(planned.graph.stages[2].needs == std::vector<std::size_t>{0, 1});
    CHECK(planned.graph.stages[1].needs.empty());
    REQUIRE(planned.graph.images.size() == 3);
    CHECK(planned.graph.images[2].name.familiar() == "img:latest");
    CHECK(shown(*planned.op<CopyOp>(0).from) == "stage 0");
}

TEST_CASE("a trigger that nobody runs needs nothing") {
    const auto planned = plan_text("FROM a\nONBUILD COPY --from=nothing /x /x\n");
    CHECK(planned.graph.images.size() == 1);
    CHECK(failure("FROM a\nONBUILD COPY --from=Upper /x /x\n") == "planned");
}

TEST_CASE("stages that a base image's trigger needs become reachable") {
    const std::string_view text = "FROM a AS deep\n"
                                  "FROM b AS tools\nCOPY --from=deep /x /x\n"
                                  "FROM c AS unused\n"
                                  "FROM base\n";
    auto planned = plan_text(text);
    CHECK(!planned.graph.stages[1].reachable);
    const Words triggers = {"COPY --from=tools /x /x", "COPY --from=img /y /y"};
    const auto added = add_trigger_needs(*planned.file, planned.graph, planned.graph.target,
                                         triggers, planned.options);
    REQUIRE(added);
    CHECK(planned.graph.stages[0].reachable);
    CHECK(planned.graph.stages[1].reachable);
    CHECK(!planned.graph.stages[2].reachable);
    CHECK(planned.graph.stages[3].needs == std::vector<std::size_t>{1});
    Words images;
    for (const FromImage& image : planned.graph.images)
        images.push_back(image.name.familiar());
    CHECK(images == Words{"a:latest", "b:latest", "base:latest", "img:latest"});
}

TEST_CASE("a base image's trigger may make a wrong stage matter") {
    auto planned = plan_text("FROM a AS tools\nCOPY --from=2 /x /x\n"
                             "FROM base AS goal\n"
                             "FROM b AS later\n",
                             {.target = "goal"});
    const Words triggers = {"COPY --from=tools /x /x"};
    const auto added =
        add_trigger_needs(*planned.file, planned.graph, 1, triggers, planned.options);
    REQUIRE(!added);
    CHECK(shown(added.error()) == "2:13-13 cannot copy from stage \"2\", it needs to be defined "
                                  "before current stage \"tools\"");
}

TEST_CASE("triggers that cannot be, at FROM") {
    struct Case {
        std::string_view trigger;
        std::string_view error;
    };
    const Case cases[] = {
        {"NOPE x", "unknown instruction: NOPE"},
        {"FROM x", "FROM isn't allowed as an ONBUILD trigger"},
        {"MAINTAINER x", "MAINTAINER isn't allowed as an ONBUILD trigger"},
        {"RUN x\nRUN y", "onbuild trigger should be a single expression"},
        {"COPY --from=5 a /b", "invalid stage index 5"},
        {"STOPSIGNAL nope", "invalid signal: nope"},
        {"VOLUME $nothing", "VOLUME specified can not be an empty string"},
    };
    for (const auto& [trigger, error] : cases) {
        CAPTURE(trigger);
        const std::string first(trigger.substr(0, trigger.find('\n')));
        CHECK(failure("# x\nFROM base\n", with_triggers({std::string(trigger)})) ==
              "2:6-9 ONBUILD trigger \"" + first + "\": " + std::string(error));
    }
    CHECK(failure("FROM a AS one\nONBUILD COPY --from=9 /x /x\nFROM one\n") ==
          "3:6-8 ONBUILD trigger \"COPY --from=9 /x /x\": invalid stage index 9");
}

} // namespace mybuild::plan::test
