#include "checked.hpp"

#include <doctest/doctest.h>

#include <algorithm>

// dockerfile-language.md, section 8: BuildKit's rules, their triggers and their texts.

namespace mybuild::lint {
namespace {

using Texts = std::vector<std::string>;

struct Case {
    std::string text;
    Texts messages;
    Texts places;
};

void check_cases(const char* rule, const std::vector<Case>& cases, const Asked& asked = {}) {
    for (const auto& [text, messages, places] : cases) {
        CAPTURE(text);
        const auto result = checked(text, asked);
        CHECK(result->messages(rule) == messages);
        CHECK(result->places(rule) == places);
    }
}

} // namespace

TEST_CASE("StageNameCasing") {
    check_cases(
        "StageNameCasing",
        {{"FROM scratch AS Base\n", {"Stage name 'Base' should be lowercase"}, {"1:17 Base"}},
         {"FROM scratch AS base\nFROM scratch AS b-2\n", {}, {}},
         {"FROM scratch\n", {}, {}}});
}

TEST_CASE("FromAsCasing") {
    check_cases(
        "FromAsCasing",
        {{"FROM scratch as base\n", {"'as' and 'FROM' keywords' casing do not match"}, {"1:14 as"}},
         {"from scratch AS base\n", {"'AS' and 'from' keywords' casing do not match"}, {"1:14 AS"}},
         {"FROM scratch As base\n", {"'As' and 'FROM' keywords' casing do not match"}, {"1:14 As"}},
         // Mixed case of FROM is another rule's affair.
         {"From scratch as base\n", {}, {}},
         {"FROM scratch AS base\nfrom scratch as other\n", {}, {}}});
}

TEST_CASE("NoEmptyContinuation") {
    const auto rule = "NoEmptyContinuation";
    check_cases(rule,
                {{"FROM scratch\nCOPY a \\\n\n\n/\n", {"Empty continuation line"}, {"3:1 "}},
                 {"FROM scratch\nCOPY a \\\n# why\n/\n", {}, {}},
                 {"FROM scratch\n\nCOPY a /\n", {}, {}},
                 {"ARG A=1 \\\n\n B=2\nFROM scratch\n", {"Empty continuation line"}, {"2:1 "}}});
    // Docker speaks of the last line of the instruction, without heredocs.
    const auto result = checked("FROM alpine:3\nRUN a \\\n\n <<X cat\nbody\nX\n");
    REQUIRE(result->findings.size() == 1);
    CHECK(result->survey.parsed.file.source->slice(result->findings[0].lines) == " <<X cat");
}

TEST_CASE("ConsistentInstructionCasing") {
    check_cases("ConsistentInstructionCasing",
                {{"From scratch as base\nFROM scratch AS base2\n",
                  {"Command 'From' should match the case of the command majority (uppercase)"},
                  {"1:1 From"}},
                 {"FROM scratch\ncopy a /b\nCOPY a /c\n",
                  {"Command 'copy' should match the case of the command majority (uppercase)"},
                  {"2:1 copy"}},
                 {"frOM scratch as a\nfrom scratch as b\n",
                  {"Command 'frOM' should match the case of the command majority (lowercase)"},
                  {"1:1 frOM"}},
                 {"FROM scratch\ncopy a /b\ncopy a /c\n",
                  {"Command 'FROM' should match the case of the command majority (lowercase)"},
                  {"1:1 FROM"}},
                 // A tie counts as upper case.
                 {"FROM scratch\ncopy a /b\n",
                  {"Command 'copy' should match the case of the command majority (uppercase)"},
                  {"2:1 copy"}},
                 // Global ARGs and what ONBUILD holds are not looked at.
                 {"arg a=1\nFROM scratch\nONBUILD user x\n", {}, {}},
                 {"from scratch\ncopy a /b\n", {}, {}}});
}

TEST_CASE("DuplicateStageName") {
    check_cases("DuplicateStageName",
                {{"FROM scratch AS b\nFROM scratch AS B\n",
                  {"Duplicate stage name \"b\", stage names should be unique"},
                  {"2:17 B"}},
                 {"FROM scratch AS a\nFROM scratch AS b\nFROM scratch\n", {}, {}}});
}

TEST_CASE("ReservedStageName") {
    check_cases("ReservedStageName",
                {{"FROM scratch AS scratch\nFROM scratch AS Context\n",
                  {"Stage name should not use the same name as reserved stage \"scratch\"",
                   "Stage name should not use the same name as reserved stage \"context\""},
                  {"1:17 scratch", "2:17 Context"}},
                 {"FROM scratch\nFROM scratch AS a\n", {}, {}}});
}

TEST_CASE("JSONArgsRecommended") {
    const auto message = [](const std::string& keyword) {
        return "JSON arguments recommended for " + keyword +
               " to prevent unintended behavior related to OS signals";
    };
    const auto shelled = R"(FROM scratch AS base
SHELL ["/bin/sh", "-c"]
CMD run
FROM base
ENTRYPOINT run
)";
    check_cases(
        "JSONArgsRecommended",
        {{"FROM scratch\nCMD run me\n", {message("CMD")}, {"2:1 CMD run me"}},
         {"FROM scratch\nENTRYPOINT run\n", {message("ENTRYPOINT")}, {"2:1 ENTRYPOINT run"}},
         {"from scratch\ncmd run\n", {message("cmd")}, {"2:1 cmd run"}}, // as it is written
         {"FROM scratch\nCMD [\"a\"]\nENTRYPOINT []\n", {}, {}},
         {shelled, {}, {}},
         // Stages that nobody needs are looked at as well, where no target is named.
         {"FROM scratch AS a\nCMD run\nFROM scratch\n", {message("CMD")}, {"2:1 CMD run"}},
         {"FROM scratch AS a\nONBUILD CMD run\nFROM a\n", {message("CMD")}, {"3:6 a"}}});
    check_cases("JSONArgsRecommended",
                {{"FROM scratch AS a\nCMD run\nFROM scratch AS b\n", {}, {}}}, {.target = "b"});
    oci::ImageConfig config;
    config.shell = {"/bin/bash", "-c"};
    check_cases("JSONArgsRecommended", {{"FROM bash:5\nCMD run\n", {}, {}}},
                {.images = {{"bash:5", config}}});
}

TEST_CASE("MaintainerDeprecated") {
    check_cases("MaintainerDeprecated",
                {{"FROM scratch\nMAINTAINER me@example.org\n",
                  {"Maintainer instruction is deprecated in favor of using label"},
                  {"2:1 MAINTAINER"}},
                 {"FROM scratch\n# check=skip=MaintainerDeprecated\nMAINTAINER me\n", {}, {}}});
}

TEST_CASE("UndefinedArgInFrom") {
    check_cases("UndefinedArgInFrom",
                {{"ARG tag=latest\nFROM busybox:${tag}${version} AS b\n",
                  {"FROM argument 'version' is not declared"},
                  {"2:20 ${version"}},
                 {"FROM --platform=$BULIDPLATFORM scratch\n",
                  {"FROM argument 'BULIDPLATFORM' is not declared (did you mean BUILDPLATFORM?)"},
                  {"1:17 $BULIDPLATFORM"}},
                 {"ARG MY_OS=linux\nARG MY_ARCH=amd64\nFROM --platform=linux/${MYARCH} busybox\n",
                  {"FROM argument 'MYARCH' is not declared (did you mean MY_ARCH?)"},
                  {"3:23 ${MYARCH"}},
                 {"ARG base=scratch\nFROM $base\n", {}, {}},
                 {"FROM --platform=$BUILDPLATFORM scratch\n", {}, {}},
                 {"ARG DEBUG\nFROM scra${DEBUG:-tch}\n", {}, {}},
                 {"ARG DEBUG=\"\"\nFROM scratch${DEBUG-@bogus}\n", {}, {}},
                 // An ARG of a stage is no global one.
                 {"FROM scratch AS a\nARG V=1\nFROM busybox:1$V\n",
                  {"FROM argument 'V' is not declared"},
                  {"3:15 $V"}}});
}

TEST_CASE("WorkdirRelativePath") {
    const auto message = [](const std::string& path) {
        return "Relative workdir \"" + path +
               "\" can have unexpected results if the base image changes";
    };
    check_cases("WorkdirRelativePath",
                {{"FROM scratch\nWORKDIR app/\nWORKDIR b\n", {message("app/")}, {"2:9 app/"}},
                 {"FROM scratch AS a\nWORKDIR /app\nFROM a\nWORKDIR sub\n", {}, {}},
                 {"FROM scratch\nENV D=app\nWORKDIR $D\n", {message("app")}, {"3:9 $D"}},
                 {"FROM scratch\nENV D=/app\nWORKDIR $D\nWORKDIR x\n", {}, {}}});
    // The base image's does not count.
    oci::ImageConfig config;
    config.working_dir = "/srv";
    const Asked asked{.images = {{"nginx:1", config}}};
    check_cases("WorkdirRelativePath",
                {{"FROM nginx:1\nWORKDIR app\n", {message("app")}, {"2:9 app"}}}, asked);
    CHECK(checked("FROM nginx:1\nWORKDIR app\n", asked)->findings[0].fix == "WORKDIR /srv/app");
}

TEST_CASE("UndefinedVar") {
    const auto message = [](const std::string& name, const std::string& near = {}) {
        return "Usage of undefined variable '$" + name + "'" +
               (near.empty() ? "" : " (did you mean $" + near + "?)");
    };
    check_cases(
        "UndefinedVar",
        {{"FROM scratch\nCOPY $foo .\nARG foo=bar\nRUN echo $foo\n",
          {message("foo")},
          {"2:6 $foo"}},
         {"FROM scratch\nARG DIR_ASSETS=a/\nCOPY $DIR_ASSET .\n",
          {message("DIR_ASSET", "DIR_ASSETS")},
          {"3:6 $DIR_ASSET"}},
         {"FROM scratch\nENV PATH=$PAHT:/x\n", {message("PAHT", "PATH")}, {"2:10 $PAHT"}},
         // A default does not make it defined.
         {"FROM scratch\nLABEL a=${v:-w}\n", {message("v")}, {"2:9 ${v"}},
         {"FROM scratch\nCOPY <<X /x\n$v\nX\n", {message("v")}, {"3:1 $v"}},
         {"FROM scratch\nARG A=$v\n", {message("v")}, {"2:7 $v"}},
         {"FROM scratch\nRUN --mount=type=tmpfs,target=$v true\n", {message("v")}, {"2:31 $v"}},
         // EXPOSE is left out, and what no step expands.
         {"FROM scratch\nEXPOSE ${p:-80}\nRUN echo $v\nCMD [\"$v\"]\nCOPY <<'X' /x\n$v\nX\n",
          {},
          {}},
         {"FROM scratch\nARG foo\nCOPY a${foo} .\n", {}, {}},
         {"FROM scratch AS base\nARG foo=a\nFROM base\nCOPY $foo .\n", {}, {}},
         {"ARG V=1\nFROM scratch\nLABEL v=$V\n", {message("V")}, {"3:9 $V"}},
         {"FROM scratch\nLABEL v=$BUILDKIT_SBOM_SCAN_STAGE\n", {}, {}}});
    // A name that was meant is written out.
    const auto fix = [](const char* text) { return checked(text)->findings.at(0).fix; };
    CHECK(fix("FROM scratch\nENV PATH=$PAHT:/x\n") == "ENV PATH=$PATH:/x");
    CHECK(fix("FROM scratch\nENV PATH=${PAHT}:/x\n") == "ENV PATH=${PATH}:/x");
    CHECK(fix("FROM scratch\nENV a=b \\\n PATH=${PAHT}:/x\n") == "${PATH}");
    CHECK(fix("FROM scratch AS a\nONBUILD ENV PATH=$PAHT\nFROM a\n") == "$PATH");
    oci::ImageConfig config;
    config.env = {"NODE=20"};
    const auto text = "FROM node:20\nLABEL v=$NODE w=$JAVA_HOME x=$OTHER\n";
    CHECK(checked(text, {.images = {{"node:20", config}}})->messages("UndefinedVar") ==
          Texts{message("JAVA_HOME"), message("OTHER")});
    // Of an image that is not at hand, what popular ones set is taken for set.
    const auto unknown = checked(text);
    CHECK(unknown->messages("UndefinedVar") == Texts{message("NODE"), message("OTHER")});
    CHECK_FALSE(unknown->findings[0].notes.empty());
}

TEST_CASE("MultipleInstructionsDisallowed") {
    const auto message = [](const std::string& keyword) {
        return "Multiple " + keyword +
               " instructions should not be used in the same stage because only the last one will "
               "be used";
    };
    check_cases("MultipleInstructionsDisallowed",
                {{R"(FROM scratch
ENTRYPOINT ["/a"]
CMD ["/a"]
HEALTHCHECK CMD ["/a"]
USER me
ENTRYPOINT ["/b"]
CMD ["/b"]
HEALTHCHECK NONE
)",
                  {message("ENTRYPOINT"), message("CMD"), message("HEALTHCHECK")},
                  {"2:1 ENTRYPOINT [\"/a\"]", "3:1 CMD [\"/a\"]", "4:1 HEALTHCHECK CMD [\"/a\"]"}},
                 {"FROM scratch AS a\nCMD [\"/a\"]\nFROM a\nCMD [\"/b\"]\n", {}, {}}});
    const auto three = checked("FROM scratch\nCMD [\"a\"]\nCMD [\"b\"]\nCMD [\"c\"]\n");
    REQUIRE(three->findings.size() == 2);
    CHECK(three->findings[0].fix == "remove it: line 4 is the one that counts");
    CHECK(three->findings[1].fix == three->findings[0].fix);
}

TEST_CASE("LegacyKeyValueFormat") {
    check_cases("LegacyKeyValueFormat",
                {{"FROM scratch\nENV a b\nLABEL c d\n",
                  {"\"ENV key=value\" should be used instead of legacy \"ENV key value\" format",
                   "\"LABEL key=value\" should be used instead of legacy \"LABEL key value\" "
                   "format"},
                  {"2:1 ENV a b", "3:1 LABEL c d"}},
                 {"FROM scratch\nENV a=b c=d\nLABEL e=f\n", {}, {}}});
    const std::pair<const char*, const char*> cases[] = {
        {"ENV a b", "ENV a=b"},
        {"ENV a b c", "ENV a=\"b c\""},
        {"ENV a \"b c\"", "ENV a=\"b c\""},
        {"ENV a b 'c d' e", "ENV a=b\\ 'c d'\\ e"},
    };
    for (const auto& [written, instead] : cases) {
        CAPTURE(written);
        // What is proposed has the same meaning.
        const auto before = checked(std::string("FROM scratch\n") + written + "\n");
        const auto after = checked(std::string("FROM scratch\n") + instead + "\n");
        REQUIRE(before->findings.size() == 1);
        CHECK(before->findings[0].fix == instead);
        CHECK(before->survey.plans[0].config.env == after->survey.plans[0].config.env);
    }
}

TEST_CASE("InvalidBaseImagePlatform") {
    oci::ImageConfig arm;
    arm.platform = {.os = "linux", .architecture = "arm64"};
    const Asked asked{.images = {{"busybox:1", arm}}};
    const auto message = "Base image busybox:1 was pulled with platform \"linux/arm64\", expected "
                         "\"linux/amd64\" for current build";
    check_cases("InvalidBaseImagePlatform",
                {{"FROM busybox:1\n", {message}, {"1:6 busybox:1"}},
                 // A comment does not silence it.
                 {"# x\n\n# check=skip=all\nFROM busybox:1\n", {message}, {"4:6 busybox:1"}},
                 {"# check=skip=InvalidBaseImagePlatform\nFROM busybox:1\n", {}, {}},
                 {"FROM --platform=linux/arm64 busybox:1\n", {}, {}},
                 {"FROM other:1\n", {}, {}}},
                asked);
}

TEST_CASE("RedundantTargetPlatform") {
    const auto message = [](const std::string& written) {
        return "Setting platform to predefined " + written +
               " in FROM is redundant as this is the default behavior";
    };
    check_cases("RedundantTargetPlatform",
                {{"FROM --platform=$TARGETPLATFORM scratch\n",
                  {message("$TARGETPLATFORM")},
                  {"1:17 $TARGETPLATFORM"}},
                 {"FROM --platform=${TARGETPLATFORM} scratch\n",
                  {message("${TARGETPLATFORM}")},
                  {"1:17 ${TARGETPLATFORM}"}},
                 {"FROM --platform=$TARGETOS/$TARGETARCH scratch\n", {}, {}},
                 {"FROM --platform=$TARGETPLATFORM/v2 scratch\n", {}, {}},
                 {"FROM --platform=$BUILDPLATFORM scratch\n", {}, {}}});
}

TEST_CASE("SecretsUsedInArgOrEnv") {
    const auto message = [](const std::string& keyword, const std::string& key) {
        return "Do not use ARG or ENV instructions for sensitive data (" + keyword + " \"" + key +
               "\")";
    };
    const auto text = R"(ARG GLOBAL_TOKEN=1
FROM scratch
ARG SECRET_PASSPHRASE
ENV SUPER_Secret=foo
ENV password=bar secret=baz
ARG super_duper_secret_token=foo auth=bar
ENV apikey=bar sunflower=foo
ENV git_key= PUBLIC_KEY= monkey=1 keyboard=2
ARG public_token SECRET_PASSPHRASE_FILE AUTH_MODULE_VERSION
ENV password_file=bar secret_File=baz
# check=skip=SecretsUsedInArgOrEnv
ENV passwd=bar
LABEL token=1
)";
    CHECK(checked(text)->messages("SecretsUsedInArgOrEnv") ==
          Texts{message("ARG", "SECRET_PASSPHRASE"), message("ENV", "SUPER_Secret"),
                message("ENV", "password"), message("ENV", "secret"),
                message("ARG", "super_duper_secret_token"), message("ARG", "auth"),
                message("ENV", "apikey"), message("ENV", "git_key")});
    check_cases("SecretsUsedInArgOrEnv", {{"FROM scratch\nENV N=token\nENV MY_$N=1\n",
                                           {message("ENV", "MY_token")},
                                           {"3:5 MY_$N"}}});
}

TEST_CASE("InvalidDefaultArgInFrom") {
    const auto message = [](const std::string& name) {
        return "Default value for ARG " + name + " results in empty or invalid base image name";
    };
    const Asked given{.build_args = {{"VERSION", "latest"}, {"IMAGE", "busybox"}}};
    check_cases("InvalidDefaultArgInFrom",
                {{"ARG VERSION\nFROM busybox:$VERSION\n",
                  {message("busybox:$VERSION")},
                  {"2:6 busybox:$VERSION"}},
                 {"ARG IMAGE\nFROM $IMAGE\n", {message("$IMAGE")}, {"2:6 $IMAGE"}},
                 {"ARG VERSION=1\nFROM busybox:$VERSION\n", {}, {}},
                 {"ARG V=\"\"\nFROM busybox:stable$V\n", {}, {}},
                 {"ARG V\nFROM busybox:stable$V\n", {}, {}},
                 {"FROM scratch AS Base\nFROM Base\n", {}, {}}},
                given);
}

TEST_CASE("FromPlatformFlagConstDisallowed") {
    check_cases("FromPlatformFlagConstDisallowed",
                {{"FROM --platform=linux/amd64 scratch\n",
                  {"FROM --platform flag should not use constant value \"linux/amd64\""},
                  {"1:17 linux/amd64"}},
                 {"FROM --platform=linux/amd64 scratch AS my_amd64_stage\n", {}, {}},
                 {"FROM --platform=linux/amd64 scratch AS linux\n", {}, {}},
                 {"FROM --platform=$BUILDPLATFORM scratch\n", {}, {}},
                 {"ARG P=linux/amd64\nFROM --platform=$P scratch\n", {}, {}}});
}

TEST_CASE("CopyIgnoredFile") {
    const auto message = [](const std::string& verb, const std::string& path) {
        return "Attempting to " + verb + " file \"" + path + "\" that is excluded by .dockerignore";
    };
    const auto rule = "CopyIgnoredFile";
    check_cases(rule,
                {{"FROM scratch\nCOPY Dockerfile .\nADD ./Dockerfile /windy\n",
                  {message("Copy", "Dockerfile"), message("Add", "Dockerfile")},
                  {"2:6 Dockerfile", "3:5 ./Dockerfile"}},
                 {"FROM scratch AS a\nFROM scratch\nCOPY --from=a /Dockerfile .\n", {}, {}},
                 {"FROM scratch\nCOPY a Dockerfile d/\n",
                  {message("Copy", "Dockerfile")},
                  {"2:8 Dockerfile"}},
                 {"FROM scratch\nADD https://example.com/Dockerfile /\nCOPY . .\n", {}, {}}},
                {.ignore_file = "Dockerfile\n"});
    const auto root = "FROM scratch\nCOPY . .\n";
    check_cases(rule, {{root, {}, {}}}, {.ignore_file = ".*\n"});
    check_cases(rule, {{root, {}, {}}}, {.ignore_file = "[a-z]*\n"});
    check_cases(rule, {{root, {message("Copy", ".")}, {"2:6 ."}}}, {.ignore_file = "*\n"});
    check_cases(rule, {{root, {message("Copy", ".")}, {"2:6 ."}}}, {.ignore_file = "**\n"});
    check_cases(rule, {{"FROM scratch\nCOPY ./Dockerfile .\n", {}, {}}},
                {.ignore_file = "**\n!Dockerfile\n"});
}

TEST_CASE("InvalidDefinitionDescription") {
    const auto message = [](const std::string& keyword, const std::string& name) {
        return "Comment for " + keyword + " should follow the format: `# " + name +
               " <description>`";
    };
    const auto good = R"(# check=experimental=InvalidDefinitionDescription
# foo this is the foo
ARG foo=bar

# base this is the base image
FROM scratch AS base

# version this is the version number
ARG version=latest

# baz this is the baz
ARG foo=baz bar=qux baz=quux
#
ARG bit=bat

# comment for something other than ARG or FROM
COPY Dockerfile .
)";
    const auto bad = R"(# check=experimental=InvalidDefinitionDescription
# bar this is the bar
ARG foo=bar
# BasE this is the BasE image
FROM scratch AS base
# definitely a bad comment
ARG version=latest
# definitely a bad comment
ARG foo=baz bar=qux baz=quux
)";
    check_cases("InvalidDefinitionDescription",
                {{good, {}, {}},
                 {bad,
                  {message("ARG", "foo"), message("FROM", "base"), message("ARG", "version"),
                   message("ARG", "<arg_key>")},
                  {"3:5 foo", "5:17 base", "7:5 version", "9:5 foo"}},
                 {"# a comment\n\n# x\nARG a=1\nFROM scratch\n", {}, {}}});
}

TEST_CASE("ExposeProtoCasing and ExposeInvalidFormat") {
    const auto casing = [](const std::string& port) {
        return "Defined protocol '" + port + "' in EXPOSE instruction should be lowercase";
    };
    const auto format = [](const std::string& port) {
        return "EXPOSE instruction should not define an IP address or host-port mapping, found '" +
               port + "'";
    };
    check_cases("ExposeProtoCasing",
                {{"FROM scratch\nEXPOSE 80/TcP 8080/TCP 8080/udp\n",
                  {casing("80/TcP"), casing("8080/TCP")},
                  {"2:8 80/TcP", "2:15 8080/TCP"}},
                 {"FROM scratch\nENV P=80/TCP\nEXPOSE $P\n", {casing("80/TCP")}, {"3:8 $P"}}});
    const auto text = "FROM scratch\nEXPOSE 127.0.0.1:80:80 [::1]:8080:8080 5000:5000 8000\n";
    check_cases("ExposeInvalidFormat",
                {{text,
                  {format("127.0.0.1:80:80"), format("[::1]:8080:8080"), format("5000:5000")},
                  {"2:8 127.0.0.1:80:80", "2:24 [::1]:8080:8080", "2:40 5000:5000"}}});
    CHECK(checked(text)->findings[2].fix == "EXPOSE 127.0.0.1:80:80 [::1]:8080:8080 5000 8000");
}

TEST_CASE("what can be said of a file with errors is said") {
    const auto result =
        checked("FROM scratch AS BadStageName\nMAINTAINER me@example.org\nBADCMD\nCMD run\n");
    CHECK(result->rules() == Texts{"StageNameCasing", "MaintainerDeprecated"});
    // What the majority writes is not known.
    CHECK(checked("from scratch\nBADCMD\nENV a=b\n")->rules().empty());
    REQUIRE(result->survey.errors.size() == 1);
    CHECK(result->survey.errors[0].message.find("unknown instruction: BADCMD") !=
          std::string::npos);
}

TEST_CASE("independent errors of several stages are all found") {
    const auto result = checked("FROM scratch AS a\nVOLUME $x\nSTOPSIGNAL nonsense\nFROM scratch\n"
                                "EXPOSE port\n");
    CHECK(result->survey.errors.size() == 3);
}

// The line as it should be means what it meant.
TEST_CASE("what to write instead") {
    struct Case {
        std::string line, fix;
    };
    for (const auto& [line, fix] : std::vector<Case>{
             {R"(ENV a b c)", R"(ENV a="b c")"},
             {R"(ENV a b\ c)", R"(ENV a=b\ c)"},
             {R"(ENV a b\" "c d")", R"(ENV a=b\"\ "c d")"},
             {R"(ENV a "b c" d)", R"(ENV a="b c"\ d)"},
             {R"(env a 'b\' c)", R"(env a='b\'\ c)"},
             {R"(LABEL a {"x": 1})", R"(LABEL a={"x":\ 1})"},
             {R"(MAINTAINER A "B" $c)", R"(LABEL org.opencontainers.image.authors="A \"B\" \$c")"},
             {R"(CMD httpd -f --x=y)", R"(CMD ["httpd", "-f", "--x=y"])"},
             {R"(CMD exec "a b" 'c"')", R"(CMD ["a b", "c\""])"},
             {R"(RUN export A="b c" B=$X)", R"(ENV A="b c" B=$X)"},
             {R"(add a /b/)", R"(copy a /b/)"},
         }) {
        CAPTURE(line);
        const auto result = checked("FROM base:1\n" + line + "\n");
        CHECK(std::ranges::count(result->findings, fix, &Finding::fix) == 1);
    }
    // What the shell has to do has no other form.
    for (const char* line : {"CMD A=1 b", "CMD cd /x", "CMD a $B", "CMD a && b", "CMD if"}) {
        CAPTURE(line);
        const auto result = checked(std::string("FROM base:1\n") + line + "\n");
        REQUIRE(result->findings.size() == 1);
        CHECK(result->findings[0].fix.starts_with("CMD [\"PROGRAM\""));
    }
    const auto backtick = checked("# escape=`\nFROM base:1\nENV a \"b\" c\nMAINTAINER \"$x\"\n");
    REQUIRE(backtick->findings.size() == 2);
    CHECK(backtick->findings[0].fix == "ENV a=\"b\"` c");
    CHECK(backtick->findings[1].fix == "LABEL org.opencontainers.image.authors=\"`\"`$x`\"\"");
}

} // namespace mybuild::lint
