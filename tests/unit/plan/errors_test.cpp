#include "base/render.hpp"
#include "tests/unit/plan/planned.hpp"

#include <doctest/doctest.h>

namespace mybuild::plan::test {

TEST_CASE("an error in a word stands at the word") {
    struct Case {
        std::string_view text;
        std::string_view error;
    };
    const Case cases[] = {
        {"FROM a\nENV a=1 b=${x\n", "2:11-13 failed to process \"${x\": "},
        {"FROM a\nENV ${k^^}=1\n", "2:5-10 failed to process \"${k^^}\": "},
        {"FROM a\nLABEL a=\"${x:?msg}\"\n", "2:9-19 failed to process \"\\\"${x:?msg}\\\"\": "},
        {"FROM a\nCOPY ok ${x:?msg} /\n", "2:9-17 failed to process \"${x:?msg}\": x: msg"},
        {"FROM a\nCOPY ok /${x:?msg}\n", "2:9-18 failed to process \"/${x:?msg}\": x: msg"},
        {"FROM a\nCOPY --chown=${x:?msg} a /\n", "2:14-22 failed to process"},
        {"FROM a\nUSER ${x:?msg}\n", "2:6-14 failed to process"},
        {"FROM a\nWORKDIR ${x:?msg}\n", "2:9-17 failed to process"},
        {"FROM a\nVOLUME /a ${x:?msg}\n", "2:11-19 failed to process"},
        {"FROM a\nSTOPSIGNAL ${x:?msg}\n", "2:12-20 failed to process"},
        {"FROM a\nEXPOSE 1 ${x:?msg}\n", "2:10-18 failed to process"},
        {"FROM a\nARG a b=${x:?msg}\n", "2:9-17 failed to process"},
        {"FROM a\nRUN --mount=target=/${x:?msg} y\n", "2:13-29 failed to process"},
        {"FROM a\nCOPY <<E /\n${x:?msg}\nE\n", "3:1-"},
        {"ARG a=${x:?msg}\nFROM a\n", "1:7-15 failed to process"},
    };
    for (const auto& [text, error] : cases) {
        CAPTURE(text);
        CHECK(failure(text).substr(0, error.size()) == error);
    }
}

TEST_CASE("what is never expanded cannot fail to be") {
    for (const std::string_view line :
         {"CMD ${x:?msg}", "ENTRYPOINT ${x:?msg}", "RUN ${x:?msg}", "MAINTAINER ${x:?msg}",
          "HEALTHCHECK CMD ${x:?msg}", "ONBUILD ENV a=${x:?msg}", "COPY --exclude=${x:?msg} a /",
          "SHELL [\"${x:?msg}\"]", "COPY <<'E' /\n${x:?msg}\nE"}) {
        CAPTURE(line);
        CHECK(failure("FROM a\n" + std::string(line) + "\n") == "planned");
    }
}

TEST_CASE("errors of instructions surface for stages that are needed only") {
    const std::string_view wrong = "FROM a AS one\nENV a=${x:?msg}\n";
    CHECK(failure(std::string(wrong) + "FROM b\n") == "planned");
    CHECK(failure(std::string(wrong) + "FROM one\n").starts_with("2:7-15 "));
    CHECK(failure(std::string(wrong) + "FROM b\nCOPY --from=one /x /x\n").starts_with("2:7-15 "));
}

TEST_CASE("FROM lines come first, then the target, then what is copied from") {
    const std::string_view all = "FROM a AS x\nCOPY --from=9 /x /x\nFROM $nothing\n";
    CHECK(failure(all, {.target = "nope"}).starts_with("3:6-13 base name"));
    const std::string_view two = "FROM a AS x\nCOPY --from=9 /x /x\n";
    CHECK(failure(two, {.target = "nope"}).starts_with("- target stage"));
    CHECK(failure(two).starts_with("2:13-13 invalid stage index"));
}

TEST_CASE("an error as people read it") {
    const auto planned = try_plan("FROM debian:12 AS builder\n"
                                  "FROM scratch\n"
                                  "COPY --from=Buildre /app /app\n");
    REQUIRE(!planned);
    CHECK(render(planned.error()) ==
          "error: invalid reference format: Buildre: repository name must be lowercase\n"
          "  --> Dockerfile:3:13\n"
          "   |\n"
          " 3 | COPY --from=Buildre /app /app\n"
          "   |             ^^^^^^^\n"
          "hint: did you mean builder?\n");
}

TEST_CASE("foreign bytes do not reach a terminal") {
    const auto text = failure("FROM a\nSTOPSIGNAL \x1b[31m\n");
    CHECK(text.find('\x1b') == text.npos);
}

} // namespace mybuild::plan::test
