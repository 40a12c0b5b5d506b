#include "checked.hpp"
#include "lint/outline.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace mybuild::lint {
namespace {

/// `NAME=VALUE (description) line` for each.
std::vector<std::string> args_of(const Checked& checked) {
    const auto shown = outline(checked.survey, checked.options);
    std::vector<std::string> args;
    for (const auto& arg : shown.args)
        args.push_back(
            fmt::format("{}={} ({}) {}", arg.name, arg.value, arg.description,
                        checked.survey.parsed.file.source->position(arg.lines.begin).line));
    return args;
}

std::vector<std::string> mounts(const Checked& checked, const std::vector<Outline::Mount>& list) {
    std::vector<std::string> out;
    for (const auto& mount : list)
        out.push_back(
            fmt::format("{}{} {}", mount.name, mount.required ? "!" : "",
                        checked.survey.parsed.file.source->position(mount.lines.begin).line));
    return out;
}

} // namespace

TEST_CASE("outline: the args that the target and what it needs take") {
    const auto text = R"(ARG inherited=box
ARG inherited2=box2
ARG unused=abc${inherited2}
# sfx is a suffix
ARG sfx="usy${inherited}"

FROM b${sfx} AS first
# this is not about anything
ARG FOO=123
# BAR is a number
ARG BAR=456

FROM alpine${unused} AS second
ARG BAZ

FROM scratch AS third
ARG ABC=a
# check=skip=all
ARG password
# alternate_password is shown
# check=skip=all
ARG alternate_password

# target is what is built
FROM third AS target
COPY --from=first /etc/passwd /

FROM second
)";
    const auto result = checked(text, {.build_args = {{"BAR", "678"}}, .target = "target"});
    REQUIRE(result->survey.errors.empty());
    CHECK(args_of(*result) ==
          std::vector<std::string>{"inherited=box () 1", "sfx=usybox (is a suffix) 5",
                                   "FOO=123 () 9", "BAR=678 (is a number) 11", "ABC=a () 17",
                                   "password= () 19", "alternate_password= (is shown) 22"});
    const auto shown = outline(result->survey, result->options);
    CHECK(shown.name == "target");
    CHECK(shown.description == "is what is built");
}

TEST_CASE("outline: args in terms of others") {
    const auto text = R"(ARG FOO=123
ARG ABC=abc
ARG DEF=def
ARG FOO=${FOO}${ABC}
ARG BAR=${FOO}456
ARG FOO=${FOO}456${BAR}
FROM scratch
ARG FOO
ARG INFOO=123
ARG INBAR=${INFOO}456
ARG INFOO=${INFOO}456${INBAR}
ARG TARGETOS
)";
    CHECK(args_of(*checked(text)) == std::vector<std::string>{"ABC=abc () 2", "BAR=123abc456 () 5",
                                                              "FOO=123abc456123abc456 () 6",
                                                              "INBAR=123456 () 10",
                                                              "INFOO=123456123456 () 11"});
}

TEST_CASE("outline: secrets and agents") {
    const auto text = R"(FROM busybox AS first
RUN --mount=type=secret,target=/etc/passwd,required=true --mount=type=ssh true

FROM alpine AS second
RUN --mount=type=secret,id=unused --mount=type=ssh,id=ssh2 true

FROM scratch AS third
ARG BAR
RUN --mount=type=secret,id=second${BAR} true

FROM third AS target
COPY --from=first /foo /
RUN --mount=type=ssh,id=ssh3,required true

FROM second
)";
    const auto result = checked(text, {.build_args = {{"BAR", "678"}}, .target = "target"});
    REQUIRE(result->survey.errors.empty());
    const auto shown = outline(result->survey, result->options);
    CHECK(mounts(*result, shown.secrets) == std::vector<std::string>{"passwd! 2", "second678 9"});
    CHECK(mounts(*result, shown.ssh) == std::vector<std::string>{"default 2", "ssh3! 13"});
}

TEST_CASE("targets: every stage, with what describes it") {
    const auto result = checked(R"(# build compiles
FROM alpine AS build

FROM --platform=$BUILDPLATFORM busybox AS Second

FROM alpine

# binary is the result
FROM second AS binary
)");
    const auto list = targets(result->survey.parsed.file);
    REQUIRE(list.size() == 4);
    CHECK(list[0].name == "build");
    CHECK(list[0].description == "compiles");
    CHECK(list[0].base == "alpine");
    CHECK_FALSE(list[0].is_default);
    CHECK(list[1].name == "second");
    CHECK(list[1].platform == "$BUILDPLATFORM");
    CHECK(list[2].name.empty());
    CHECK(list[3].name == "binary");
    CHECK(list[3].description == "is the result");
    CHECK(list[3].is_default);
}

} // namespace mybuild::lint
