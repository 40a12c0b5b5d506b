#include "tests/unit/plan/planned.hpp"

#include <doctest/doctest.h>

namespace mybuild::plan::test {

TEST_CASE("WORKDIR: a relative one is joined and cleaned, an absolute one stays as written") {
    struct Case {
        std::string_view lines;
        std::string_view working_dir;
        std::string_view made; ///< what the last WORKDIR makes; empty: nothing
    };
    const Case cases[] = {
        {"WORKDIR /a", "/a", "/a"},
        {"WORKDIR a", "/a", "/a"},
        {"WORKDIR /a\nWORKDIR b\nWORKDIR c", "/a/b/c", "/a/b/c"},
        {"WORKDIR /a\nWORKDIR ../b/./c/", "/b/c", "/b/c"},
        {"WORKDIR /a\nWORKDIR /b", "/b", "/b"},
        {"WORKDIR /a/", "/a/", "/a"},
        {"WORKDIR /a//b/../c", "/a//b/../c", "/a/c"},
        {"WORKDIR /a b c", "/a b c", "/a b c"},
        {"WORKDIR \"/a b\"", "/a b", "/a b"},
        {"ENV d=/x\nWORKDIR $d/y", "/x/y", "/x/y"},
        {"WORKDIR /a\nWORKDIR $nothing", "/a", "/a"},
        {"WORKDIR $nothing", "/", ""},
        {"WORKDIR /", "/", ""},
        {"WORKDIR /a\nWORKDIR ..", "/", ""},
        {"WORKDIR ~", "/~", "/~"},
    };
    for (const auto& [lines, working_dir, made] : cases) {
        CAPTURE(lines);
        const auto planned = plan_text("FROM a\n" + std::string(lines) + "\n");
        CHECK(planned.config().working_dir == working_dir);
        const auto* op = std::get_if<WorkdirOp>(&planned.last().op);
        CHECK((op ? op->path : "") == made);
        CHECK(planned.last().makes_layer == !made.empty());
    }
}

TEST_CASE("WORKDIR's directory belongs to the user of its place") {
    const auto planned = plan_text("FROM a\nUSER u\nWORKDIR /w\nUSER v\n");
    CHECK(planned.op<WorkdirOp>(1).user == "u");
}

TEST_CASE("WORKDIR goes on in stages based on the stage") {
    const auto planned = plan_text("FROM a AS one\nWORKDIR /a\nFROM one\nWORKDIR b\n");
    CHECK(planned.config().working_dir == "/a/b");
}

TEST_CASE("USER is stored as it is expanded") {
    const auto planned = plan_text("FROM a\nENV u=1000\nUSER $u:$u\nUSER a b\n");
    CHECK(planned.step(1).config.user == "1000:1000");
    CHECK(planned.config().user == "a b");
    CHECK(plan_text("FROM a\nUSER u\nUSER $nothing\n").config().user.empty());
}

TEST_CASE("VOLUME adds paths as they are") {
    const auto planned = plan_text("FROM a\nENV v=data\n"
                                   "VOLUME /b /a /b\n"
                                   "VOLUME [\" /$v \", \"rel/./x/\"]\n");
    CHECK(planned.step(1).config.volumes == Words{"/a", "/b"});
    CHECK(planned.config().volumes == Words{"/a", "/b", "/data", "rel/./x/"});
    CHECK(failure("FROM a\nVOLUME /a $nothing\n") ==
          "2:11-18 VOLUME specified can not be an empty string");
}

TEST_CASE("MAINTAINER is the author, as written") {
    CHECK(plan_text("FROM a\nENV x=1\nMAINTAINER Some One <a@b> $x\n").config().author ==
          "Some One <a@b> $x");
    CHECK(plan_text("FROM a AS one\nMAINTAINER x\nFROM one\n").config().author == "x");
}

TEST_CASE("STOPSIGNAL") {
    for (const std::string_view good :
         {"SIGTERM", "sigterm", "TERM", "Kill", "9", "-1", "SIGRTMIN+3", "rtmax-14", "RTMIN",
          "SIGRTMIN+15", "SIGUSR1"}) {
        CAPTURE(good);
        CHECK(plan_text("FROM a\nSTOPSIGNAL " + std::string(good) + "\n").config().stop_signal ==
              good);
    }
    for (const std::string_view bad : {"SIGFOO", "0", "SIG", "RTMIN+0", "RTMIN+16", "RTMAX-15",
                                       "SIGSIGTERM", "9x", "RTMIN+03", "RTMIN++3", "TERM KILL"}) {
        CAPTURE(bad);
        CHECK(failure("FROM a\nSTOPSIGNAL " + std::string(bad) + "\n")
                  .ends_with("invalid signal: " + std::string(bad)));
    }
    CHECK(plan_text("FROM a\nARG s=INT\nSTOPSIGNAL SIG$s\n").config().stop_signal == "SIGINT");
    CHECK(failure("FROM a\nSTOPSIGNAL $nothing\n") == "2:12-19 invalid signal: ");
    CHECK(advice("FROM a\nSTOPSIGNAL SIGTERN\n") == "did you mean SIGTERM?");
    CHECK(advice("FROM a\nSTOPSIGNAL nonsense\n") ==
          "name a signal, for example SIGTERM, or write its number");
}

TEST_CASE("instructions that only change the config make no layer") {
    const auto planned = plan_text("FROM a\n"
                                   "ENV a=1\nARG b\nLABEL c=d\nCMD x\nENTRYPOINT y\nEXPOSE 1\n"
                                   "USER u\nVOLUME /v\nSTOPSIGNAL 9\nSHELL [\"/bin/sh\"]\n"
                                   "HEALTHCHECK NONE\nMAINTAINER m\nONBUILD RUN x\n");
    REQUIRE(planned.target().steps.size() == 13);
    for (const Step& step : planned.target().steps) {
        CAPTURE(step.keyword);
        CHECK(!step.makes_layer);
        CHECK(std::holds_alternative<MetaOp>(step.op));
        CHECK(step.has_history == (step.keyword != "ONBUILD"));
    }
}

TEST_CASE("a step shows what was written") {
    const auto planned = plan_text("FROM a\nenv  x=1 \\\n  y=2\n");
    CHECK(planned.step(0).keyword == "ENV");
    CHECK(planned.step(0).text == "env  x=1   y=2");
    CHECK(planned.file->source->slice(planned.step(0).span) == "env  x=1 \\\n  y=2");
    CHECK(!planned.step(0).is_trigger);
}

} // namespace mybuild::plan::test
