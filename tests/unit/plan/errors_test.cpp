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

TEST_CASE("a target that is not there does not hide what is wrong in the file") {
    CHECK(failures("FROM a AS x\nCOPY --from=9 /x /x\nFROM $nothing\n", {.target = "nope"}) ==
          Words{"- target stage \"nope\" could not be found", "2:13-13 invalid stage index 9",
                "3:6-13 base name ($nothing) should not be blank"});
}

TEST_CASE("independent errors are all found, in the order of lines") {
    struct Case {
        std::string_view text;
        Words errors;
    };
    const Case cases[] = {
        // FROM lines, references and the rest of the graph.
        {"FROM $nothing AS a\nFROM UPPER\nFROM b\nCOPY --from=7 /x /x\nCOPY --from=Nope /x /x\n",
         {"1:6-13 base name ($nothing) should not be blank",
          "2:6-10 invalid reference format: UPPER: repository name must be lowercase",
          "4:13-13 invalid stage index 7",
          "5:13-16 invalid reference format: Nope: repository name must be lowercase"}},
        {"FROM x AS a\nCOPY --from=b /x /x\nFROM x AS b\nCOPY --from=a /x /x\n"
         "FROM x AS c\nCOPY --from=c /x /x\n",
         {"4:13-13 circular dependency detected on stage: a",
          "6:13-13 circular dependency detected on stage: c"}},
        {"FROM x AS a\nCOPY --from=b /x /x\nCOPY --from=c /x /x\nFROM x AS b\nFROM x AS c\n"
         "COPY --from=a / /\n",
         {"6:13-13 circular dependency detected on stage: a"}},
        // Instructions of one stage, and of several.
        {"FROM x\nEXPOSE 80/http\nSTOPSIGNAL NOPE\nCOPY --chmod=9 a /\nENV ok=1\nUSER ${u:?who}\n",
         {"2:8-14 invalid port: \"80/http\": invalid proto: http", "3:12-15 invalid signal: NOPE",
          "4:14-14 invalid chmod parameter: '9'. it should be octal string and between 0 and 07777",
          "6:6-14 failed to process \"${u:?who}\": u: who"}},
        {"FROM x AS a\nSTOPSIGNAL NOPE\nFROM a AS b\nEXPOSE x\nFROM y\nCOPY --from=b / /\nUSER "
         "${\n",
         {"2:12-15 invalid signal: NOPE", "4:8-8 invalid containerPort: x",
          "7:6-7 failed to process \"${\": syntax error: missing '}'"}},
    };
    for (const auto& [text, errors] : cases) {
        CAPTURE(text);
        CHECK(failures(text) == errors);
    }
    CHECK(failures("FROM x AS one\nCOPY --from=9 / /\n", {.target = "two"}) ==
          Words{"- target stage \"two\" could not be found", "2:13-13 invalid stage index 9"});
}

TEST_CASE("what only follows from an error is not reported") {
    const std::string_view follows[] = {
        "FROM x\nENV a=${\nENV b=${a:?no}\nUSER ${b:?no}\n",
        "FROM x\nARG a=${\nSTOPSIGNAL $a\n",
        "FROM x AS one\nARG a=${\nFROM one\nSTOPSIGNAL $a\n",
        "FROM x\nENV a=${\nENV b=$a\nEXPOSE x$b\n",
        "ARG a=${\nFROM $a\nENV c=1\n",
        "ARG a=${\nARG b=$a\nFROM --platform=$b x\n",
    };
    for (const auto text : follows) {
        CAPTURE(text);
        CHECK(failures(text).size() == 1);
    }
    // What has nothing to do with it is.
    CHECK(failures("FROM x\nENV a=${\nSTOPSIGNAL NOPE\nFROM $none\n").size() == 1);
    CHECK(failures("FROM x\nENV a=${\nSTOPSIGNAL NOPE\n").size() == 2);
    CHECK(failures("ARG a=${\nFROM $a\nFROM $b\n").size() == 2);
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
