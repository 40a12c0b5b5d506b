#include "tests/unit/plan/planned.hpp"

#include <doctest/doctest.h>

namespace mybuild::plan::test {

namespace {

/// What `echo`, an ENV that the text ends with, becomes.
std::string value_of_echo(std::string_view text, const Given& given = {}) {
    const auto planned = plan_text(text, given);
    for (const std::string& entry : planned.config().env)
        if (entry.starts_with("echo=")) return entry.substr(5);
    return "not set";
}

} // namespace

TEST_CASE("the value of a stage's ARG: build arg, default, global, none") {
    struct Case {
        std::string_view text;
        std::map<std::string, std::string> build_args;
        std::string_view echo;
    };
    const std::string_view plain = "FROM a\nARG n\nENV echo=${n-unset}\n";
    const std::string_view with_default = "FROM a\nARG n=default\nENV echo=${n-unset}\n";
    const std::string_view with_global = "ARG n=global\nFROM a\nARG n\nENV echo=${n-unset}\n";
    const std::string_view with_both = "ARG n=global\nFROM a\nARG n=own\nENV echo=${n-unset}\n";
    const Case cases[] = {
        {plain, {}, "unset"},
        {plain, {{"n", "given"}}, "given"},
        {plain, {{"n", ""}}, ""},
        {with_default, {}, "default"},
        {with_default, {{"n", "given"}}, "given"},
        {with_default, {{"n", ""}}, ""},
        {with_global, {}, "global"},
        {with_global, {{"n", "given"}}, "given"},
        {with_both, {}, "own"},
        {with_both, {{"n", "given"}}, "given"},
        // Not declared in the stage: not seen.
        {"ARG n=global\nFROM a\nENV echo=${n-unset}\n", {{"n", "given"}}, "unset"},
        // Only from its line on.
        {"FROM a\nENV echo=${n-unset}\nARG n=1\n", {}, "unset"},
        // A global ARG without any value.
        {"ARG n\nFROM a\nARG n\nENV echo=${n-unset}\n", {}, "unset"},
        // Names are case-sensitive.
        {"FROM a\nARG n=1\nENV echo=${N-unset}\n", {{"N", "given"}}, "unset"},
        // Declared again without a value: nothing changes.
        {"FROM a\nARG n=1\nARG n\nENV echo=$n\n", {}, "1"},
        {"FROM a\nARG n=1\nARG n=2\nENV echo=$n\n", {}, "2"},
    };
    for (const auto& [text, build_args, echo] : cases) {
        CAPTURE(text);
        CHECK(value_of_echo(text, {.build_args = build_args}) == echo);
    }
}

TEST_CASE("a build arg keeps the default from being looked at") {
    CHECK(failure("FROM a\nARG n=${x:?}\n") ==
          "2:7-12 failed to process \"${x:?}\": x: is not allowed to be unset");
    CHECK(failure("FROM a\nARG n=${x:?}\n", {.build_args = {{"n", "1"}}}) == "planned");
    CHECK(failure("ARG n=${x:?}\nFROM a\n") ==
          "1:7-12 failed to process \"${x:?}\": x: is not allowed to be unset");
    CHECK(failure("ARG n=${x:?}\nFROM a\n", {.build_args = {{"n", "1"}}}) == "planned");
}

TEST_CASE("each item of one ARG line sees those before it") {
    CHECK(value_of_echo("FROM a\nARG x=1 y=$x$x z=${y}2\nENV echo=$z\n") == "112");
    CHECK(value_of_echo("ARG x=1 y=$x$x\nFROM a\nARG y\nENV echo=$y\n") == "11");
}

TEST_CASE("defaults see ENV of the stage and of its base, global ones do not") {
    oci::ImageConfig base;
    base.env = {"FROM_BASE=b"};
    const Given given{.images = {{"a:latest", base}}};
    CHECK(value_of_echo("FROM a\nENV own=o\nARG x=$FROM_BASE$own\nENV echo=$x\n", given) == "bo");
    CHECK(value_of_echo("ARG x=${FROM_BASE-none}\nFROM a\nARG x\nENV echo=$x\n", given) == "none");
}

TEST_CASE("names of args are never expanded") {
    CHECK(history("FROM a\nARG x=y\nARG $x=1\n") == Words{"ARG x=y", "ARG $x=1"});
}

TEST_CASE("args go on in stages based on the stage, and nowhere else") {
    CHECK(value_of_echo("FROM a AS one\nARG n=1\nFROM one\nENV echo=${n-unset}\n") == "1");
    CHECK(value_of_echo("FROM a AS one\nARG n=1\nFROM one AS two\nFROM two\n"
                        "ENV echo=${n-unset}\n") == "1");
    CHECK(value_of_echo("FROM a AS one\nARG n=1\nFROM b\nCOPY --from=one /x /x\n"
                        "ENV echo=${n-unset}\n") == "unset");
}

TEST_CASE("what a base put into its image wins over its ARG of the same name") {
    const std::string_view base = "FROM a AS one\nENV x=env\nARG x=arg\nENV seen=$x\n";
    CHECK(value_of_echo(std::string(base) + "ENV echo=$x\n") == "arg");
    CHECK(value_of_echo(std::string(base) + "FROM one\nENV echo=$x\n") == "env");
    CHECK(plan_text(base).config().env[1] == "x=env");
}

TEST_CASE("the later of ENV and ARG wins in the build, the image has ENV") {
    const auto planned = plan_text("FROM a\nENV X=1\nARG X=2\nRUN true\nENV Y=$X\n");
    CHECK(planned.op<RunOp>(2).env.back() == "X=2");
    CHECK(planned.config().env.at(1) == "X=1");
    CHECK(planned.config().env.at(2) == "Y=2");
    CHECK(value_of_echo("FROM a\nARG X=2\nENV X=1\nENV echo=$X\n") == "1");
    CHECK(value_of_echo("FROM a\nENV X=1\nARG X\nENV echo=$X\n") == "1");
    CHECK(value_of_echo("FROM a\nENV X=1\nARG X\nENV echo=$X\n", {.build_args = {{"X", "3"}}}) ==
          "3");
}

TEST_CASE("automatic args") {
    struct Case {
        std::string_view name;
        std::string_view value;
    };
    const Case cases[] = {
        {"TARGETPLATFORM", "linux/arm/v7"},
        {"TARGETOS", "linux"},
        {"TARGETARCH", "arm"},
        {"TARGETVARIANT", "v7"},
        {"TARGETOSVERSION", ""},
        {"BUILDOS", "linux"},
        {"BUILDPLATFORM", "linux/arm64"},
        {"BUILDARCH", "arm64"},
        {"BUILDVARIANT", ""},
        {"BUILDOSVERSION", ""},
        {"TARGETSTAGE", "default"},
    };
    const Given given{.platform = "linux/arm", .build_platform = "linux/arm64"};
    for (const auto& [name, value] : cases) {
        CAPTURE(name);
        const std::string use = "${" + std::string(name) + "-unset}";
        CHECK(value_of_echo("FROM a\nARG " + std::string(name) + "\nENV echo=" + use + "\n",
                            given) == value);
        // Not without being declared.
        CHECK(value_of_echo("FROM a\nENV echo=" + use + "\n", given) == "unset");
        // Global defaults see them as they are.
        CHECK(value_of_echo("ARG n=" + use + "\nFROM a\nARG n\nENV echo=$n\n", given) == value);
    }
}

TEST_CASE("automatic args can be given and replaced") {
    const std::string_view use = "FROM a\nARG TARGETARCH\nENV echo=$TARGETARCH\n";
    CHECK(value_of_echo(use, {.build_args = {{"TARGETARCH", "sparc"}}}) == "sparc");
    CHECK(value_of_echo("ARG TARGETARCH=mine\n" + std::string(use)) == "mine");
    CHECK(value_of_echo("ARG TARGETARCH\n" + std::string(use)) == "amd64");
    CHECK(value_of_echo("FROM a\nARG TARGETARCH=own\nENV echo=$TARGETARCH\n") == "own");
}

TEST_CASE("TARGETSTAGE names the target") {
    const std::string text = "FROM a AS Build\nARG TARGETSTAGE\nENV echo=$TARGETSTAGE\n";
    CHECK(value_of_echo(text) == "build");
    CHECK(value_of_echo(text, {.target = "BUILD"}) == "BUILD");
    CHECK(value_of_echo("FROM a\nARG TARGETSTAGE\nENV echo=$TARGETSTAGE\n") == "default");
}

TEST_CASE("ARGs with values are in the environment of RUN, those without are not") {
    const auto planned = plan_text("FROM a\nENV PATH=/bin\nARG with=1 without empty=\nRUN true\n");
    CHECK(planned.op<RunOp>(2).env == Words{"PATH=/bin", "with=1", "empty="});
    CHECK(planned.config().env == Words{"PATH=/bin"});
    CHECK(!planned.step(1).makes_layer);
}

TEST_CASE("predefined proxy args reach processes and nothing else") {
    const Given given{.build_args = {{"HTTP_PROXY", "http://p"},
                                     {"no_proxy", "localhost"},
                                     {"https_proxy", "lower"},
                                     {"HTTPS_PROXY", "upper"},
                                     {"FTP_PROXY", ""}}};
    const auto planned =
        plan_text("FROM a\nENV PATH=/bin\nRUN true\nENV echo=${HTTP_PROXY-unset}\n", given);
    const auto& run = planned.op<RunOp>(1);
    CHECK(run.proxy_env == Words{"HTTP_PROXY=http://p", "http_proxy=http://p", "HTTPS_PROXY=upper",
                                 "https_proxy=lower", "NO_PROXY=localhost", "no_proxy=localhost"});
    CHECK(run.env == Words{"PATH=/bin"});
    CHECK(planned.step(1).created_by == "RUN /bin/sh -c true # buildkit");
    CHECK(planned.config().env == Words{"PATH=/bin", "echo=unset"});
}

TEST_CASE("a declared proxy arg is an ordinary one") {
    const auto planned = plan_text("FROM a\nENV PATH=/bin\nARG HTTP_PROXY\nRUN true\n",
                                   {.build_args = {{"HTTP_PROXY", "p"}}});
    const auto& run = planned.op<RunOp>(2);
    CHECK(run.env == Words{"PATH=/bin", "HTTP_PROXY=p"});
    CHECK(run.proxy_env == Words{"http_proxy=p"});
    CHECK(planned.step(2).created_by == "RUN |1 HTTP_PROXY=p /bin/sh -c true # buildkit");
}

TEST_CASE("no build args, no proxies") {
    CHECK(plan_text("FROM a\nRUN true\n").op<RunOp>(0).proxy_env.empty());
}

TEST_CASE("args for the builder itself do not reach the environment") {
    const auto planned = plan_text("FROM a\nENV PATH=/bin\nARG BUILDKIT_SBOM_SCAN_STAGE=true\n"
                                   "RUN true\n");
    CHECK(planned.op<RunOp>(2).env == Words{"PATH=/bin"});
    CHECK(planned.step(1).created_by == "ARG BUILDKIT_SBOM_SCAN_STAGE=true");
}

TEST_CASE("build args that nothing declared are unused") {
    struct Case {
        std::string_view text;
        std::map<std::string, std::string> build_args;
        Words unused;
    };
    const Case cases[] = {
        {"FROM a\n", {{"b", "1"}, {"a", "1"}}, {"a", "b"}},
        {"FROM a\nARG a b=2\n", {{"b", "1"}, {"a", "1"}}, {}},
        {"ARG a\nFROM x:$a\n", {{"a", "1"}}, {}},
        {"FROM a AS one\nARG a\nFROM b\n", {{"a", "1"}}, {"a"}},
        {"FROM a AS one\nARG a\nFROM one\n", {{"a", "1"}}, {}},
        {"FROM a\nARG A\n", {{"a", "1"}}, {"a"}},
        {"FROM a AS one\nONBUILD ARG a\nFROM one\n", {{"a", "1"}}, {}},
        {"FROM a AS one\nONBUILD ARG a\n", {{"a", "1"}}, {"a"}},
        {"FROM a\n",
         {{"HTTP_PROXY", "1"},
          {"no_proxy", "1"},
          {"TARGETARCH", "1"},
          {"BUILDKIT_INLINE_CACHE", "1"},
          {"SOURCE_DATE_EPOCH", "0"}},
         {}},
    };
    for (const auto& [text, build_args, unused] : cases) {
        CAPTURE(text);
        const auto planned = plan_text(text, {.build_args = build_args});
        CHECK(unused_build_args(*planned.file, planned.graph, planned.options) == unused);
    }
}

TEST_CASE("an ARG among the triggers of a base image uses a build arg") {
    oci::ImageConfig base;
    base.on_build = {"ARG a"};
    const auto planned =
        plan_text("FROM base\n", {.build_args = {{"a", "1"}}, .images = {{"base:latest", base}}});
    CHECK(unused_build_args(*planned.file, planned.graph, planned.options) == Words{"a"});
    CHECK(unused_build_args(*planned.file, planned.graph, planned.options,
                            planned.target().declared_order)
              .empty());
}

TEST_CASE("a plan tells its args and their order") {
    const auto planned = plan_text("FROM a AS one\nARG z=1\nARG y\nFROM one\nARG x=3\nARG z=2\n");
    CHECK(planned.target().declared_order == Words{"z", "y", "x"});
    const std::map<std::string, std::optional<std::string>> args = {
        {"x", "3"}, {"y", std::nullopt}, {"z", "2"}};
    CHECK(planned.target().args == args);
}

} // namespace mybuild::plan::test
