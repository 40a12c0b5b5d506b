#include "tests/unit/plan/planned.hpp"

#include <doctest/doctest.h>

namespace mybuild::plan::test {

namespace {

const std::string default_path =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

Words env_of(std::string_view text, const Given& given = {}) {
    return plan_text(text, given).config().env;
}

Given on_base(Words env) {
    oci::ImageConfig base;
    base.env = std::move(env);
    return {.images = {{"base:latest", base}}};
}

} // namespace

TEST_CASE("PATH is added where the base has none, and becomes part of the image") {
    CHECK(env_of("FROM scratch\n") == Words{default_path});
    CHECK(env_of("FROM base\n", on_base({"A=1"})) == Words{"A=1", default_path});
    CHECK(env_of("FROM base\n", on_base({"PATH=/x", "A=1"})) == Words{"PATH=/x", "A=1"});
    CHECK(env_of("FROM base\n", on_base({"PATH="})) == Words{"PATH="});
    CHECK(env_of("FROM base\n", on_base({"XPATH=/x"})) == Words{"XPATH=/x", default_path});
    CHECK(plan_text("FROM scratch\n").target().base_config.env == Words{default_path});
}

TEST_CASE("ENV sets in place or appends") {
    const auto given = on_base({"PATH=/x", "A=1", "B=2"});
    CHECK(env_of("FROM base\nENV A=9 C=3\n", given) == Words{"PATH=/x", "A=9", "B=2", "C=3"});
    CHECK(env_of("FROM base\nENV C=3\nENV C=4\n", given) == Words{"PATH=/x", "A=1", "B=2", "C=4"});
    CHECK(env_of("FROM base\nENV A\t x  y \n", given) == Words{"PATH=/x", "A=x  y", "B=2"});
}

TEST_CASE("all pairs of one ENV see what was before it") {
    CHECK(env_of("FROM base\nENV a=1\nENV a=2 b=$a\n", on_base({"PATH=/x"})) ==
          Words{"PATH=/x", "a=2", "b=1"});
}

TEST_CASE("keys are expanded like values") {
    CHECK(env_of("FROM base\nENV k=key\nENV $k=\"a b\" c='$k' d=x\\ y\n", on_base({"PATH=/x"})) ==
          Words{"PATH=/x", "k=key", "key=a b", "c=$k", "d=x y"});
}

TEST_CASE("the escape directive holds in expansions") {
    CHECK(env_of("# escape=`\nFROM base\nENV a=x`$y b=c:\\z\n", on_base({"PATH=/x"})) ==
          Words{"PATH=/x", "a=x$y", "b=c:\\z"});
}

TEST_CASE("the environment of RUN: the image's in order, then args, each name once") {
    const auto planned = plan_text("FROM base\n"
                                   "ARG B=arg\n"
                                   "ENV A=3 C=4\n"
                                   "ARG D=5\n"
                                   "RUN true\n",
                                   on_base({"A=1", "PATH=/x", "B=2", "A=2", "odd"}));
    CHECK(planned.op<RunOp>(3).env == Words{"A=3", "PATH=/x", "B=arg", "odd=", "C=4", "D=5"});
}

TEST_CASE("a child stage has its base's environment") {
    const auto planned =
        plan_text("FROM base AS one\nENV A=1\nARG B=2\nFROM one\nRUN true\n", on_base({"PATH=/x"}));
    CHECK(planned.op<RunOp>(0).env == Words{"PATH=/x", "A=1", "B=2"});
    CHECK(planned.config().env == Words{"PATH=/x", "A=1"});
}

TEST_CASE("each step has the config after it") {
    const auto planned = plan_text("FROM base\nENV A=1\nUSER u\n", on_base({"PATH=/x"}));
    CHECK(planned.target().base_config.env == Words{"PATH=/x"});
    CHECK(planned.step(0).config.env == Words{"PATH=/x", "A=1"});
    CHECK(planned.step(0).config.user.empty());
    CHECK(planned.step(1).config.user == "u");
}

TEST_CASE("a name that is empty after expansion") {
    CHECK(failure("FROM a\nENV $nothing=1\n") == "2:5-12 ENV names can not be blank");
    CHECK(failure("FROM a\nLABEL $nothing=1\n") == "2:7-14 LABEL names can not be blank");
}

TEST_CASE("variables that are not set are noted, where they stand and once each") {
    struct Case {
        std::string_view text;
        Words unset;
    };
    const Case cases[] = {
        {"FROM a\nENV x=$PAHT:/y\n", {"2:7-11 variable $PAHT is not set"}},
        {"FROM a\nENV x=1${y:-2}$y z=$y\n", {"2:8-10 variable $y is not set"}},
        {"FROM a\nENV x=$y\nENV z=$y\n",
         {"2:7-8 variable $y is not set", "3:7-8 variable $y is not set"}},
        {"FROM a\nCOPY a$x /y$z/\n",
         {"2:7-8 variable $x is not set", "2:12-13 variable $z is not set"}},
        {"FROM a\nARG x=$y\n", {"2:7-8 variable $y is not set"}},
        {"FROM a\nCOPY <<E /x\na $b c\nE\n", {"3:3-4 variable $b is not set"}},
        {"FROM a\nRUN --mount=type=cache,target=/m$d true\n", {"2:33-34 variable $d is not set"}},
        // Declared without a value, or nothing that is expanded.
        {"FROM a\nARG x\nENV y=$x\n", {}},
        {"FROM a\nEXPOSE 80$x\n", {}},
        {"FROM a\nRUN echo $x\nCMD $x\n", {}},
        {"FROM a\nCOPY <<'E' /x\na $b c\nE\n", {}},
    };
    for (const auto& [text, expected] : cases) {
        CAPTURE(text);
        CHECK(unset(plan_text(text)) == expected);
    }
}

TEST_CASE("a note says what may be meant") {
    const auto hint = [](std::string_view text) {
        return plan_text(text).target().unset.at(0).hint;
    };
    CHECK(hint("FROM a\nENV x=$PAHT:/y\n") == "did you mean $PATH?");
    CHECK(hint("FROM a\nARG VERSION\nENV x=$VERSOIN\n") == "did you mean $VERSION?");
    CHECK(hint("ARG TAG=1\nFROM a:$TAG\nENV x=$TAG\n") ==
          "what is declared before the first FROM is seen in a stage after ARG TAG: add a line "
          "ARG TAG");
    CHECK(hint("FROM a\nENV x=$TARGETARCH\n") ==
          "what is declared before the first FROM is seen in a stage after ARG TARGETARCH: add a "
          "line ARG TARGETARCH");
    CHECK(hint("FROM a\nENV x=$something_else\n") ==
          "set it with ENV, or declare it with ARG and give it with --build-arg");
}

} // namespace mybuild::plan::test
