#include "cli/args.hpp"

#include <doctest/doctest.h>

using namespace mybuild;
using namespace mybuild::cli;

namespace {

CommandLineArgs parsed(std::vector<std::string> args) {
    auto result = parse_args(std::move(args));
    REQUIRE(result);
    return std::get<CommandLineArgs>(*result);
}
BuildCommand build(std::vector<std::string> args) {
    return std::get<BuildCommand>(parsed(std::move(args)).command);
}

} // namespace

TEST_CASE("without a command, a build is meant") {
    CHECK(build({"-t", "myflask", "."}).tags == std::vector<std::string>{"myflask"});
    CHECK(build({"build", "-t", "myflask", "."}).context == ".");
    CHECK(build({"."}).context == ".");
}

TEST_CASE("options and the context come in any order and spelling") {
    for (const auto& args :
         std::vector<std::vector<std::string>>{{"-t", "a", "-t", "b", "ctx"},
                                               {"ctx", "-t", "a", "--tag", "b"},
                                               {"-ta", "--tag=b", "ctx"},
                                               {"--root", "/r", "-t", "a", "ctx", "-t", "b"}}) {
        const auto command = build(args);
        CHECK(command.tags == std::vector<std::string>{"a", "b"});
        CHECK(command.context == "ctx");
    }
    CHECK(parsed({"--root", "/r", "images"}).root == "/r");
    CHECK(parsed({"images", "--root", "/r"}).root == "/r");
    CHECK(parsed({"--root=/r", "."}).root == "/r");
}

TEST_CASE("booleans take a value") {
    CHECK(build({"--no-cache", "."}).no_cache);
    CHECK_FALSE(build({"--no-cache=false", "."}).no_cache);
    CHECK(build({"--pull=true", "."}).pull);
}

TEST_CASE("build args and labels are split at their first equals sign") {
    const auto command =
        build({"--build-arg", "A=1=2", "--build-arg", "B", "--label", "k=v=w", "."});
    CHECK(command.build_args[0] == std::pair<std::string, std::optional<std::string>>{"A", "1=2"});
    CHECK(command.build_args[1] ==
          std::pair<std::string, std::optional<std::string>>{"B", std::nullopt});
    CHECK(command.labels[0] == std::pair<std::string, std::string>{"k", "v=w"});
}

TEST_CASE("wrong usage is a usage error") {
    for (const auto& args : std::vector<std::vector<std::string>>{{},
                                                                  {"--nonsense", "."},
                                                                  {"build"},
                                                                  {"a", "b"},
                                                                  {"--network", "bridge", "."},
                                                                  {"--progress", "fancy", "."},
                                                                  {"-o", "type=zip,dest=x", "."},
                                                                  {"--build-arg", "=x", "."},
                                                                  {"rmi"},
                                                                  {"tag", "one"},
                                                                  {"images", "--format", "yaml"},
                                                                  {"-o", "dest=x", "."}}) {
        CAPTURE(args.size());
        const auto result = parse_args(args);
        REQUIRE_FALSE(result);
        CHECK(result.error().code == ErrorCode::usage);
        CHECK_FALSE(result.error().message.empty());
    }
}

TEST_CASE("every command explains itself with examples") {
    for (const auto* command :
         {"build", "images", "tag", "rmi", "pull", "load", "save", "inspect", "history"}) {
        const auto help = std::get<Help>(parse_args({command, "--help"}).value()).text;
        CAPTURE(command);
        CHECK(help.find("Example") != std::string::npos);
    }
    CHECK(std::get<Help>(parse_args({"--version"}).value()).text.starts_with("mybuild "));
    CHECK(std::get<Help>(parse_args({"--help"}).value()).text.find("history") != std::string::npos);
}

TEST_CASE("outputs") {
    struct Case {
        const char* text;
        OutputSpec::Type type;
        const char* dest;
    };
    for (const auto& c :
         {Case{"type=oci,dest=a.tar", OutputSpec::Type::oci, "a.tar"},
          Case{"type=docker,dest=-", OutputSpec::Type::docker, "-"},
          Case{"out", OutputSpec::Type::local, "out"}, Case{"-", OutputSpec::Type::tar, "-"},
          Case{"type=tar,\"dest=a,b.tar\"", OutputSpec::Type::tar, "a,b.tar"}}) {
        const auto spec = parse_output(c.text);
        CAPTURE(c.text);
        REQUIRE(spec);
        CHECK(spec->type == c.type);
        CHECK(spec->dest == c.dest);
    }
    for (const auto* bad : {"type=oci", "dest=x", "type=local,dest=-", "type=oci,dest=x,foo=1",
                            "type=oci,dest=x,compression=lzma", "type=\"oci"})
        CHECK_FALSE(parse_output(bad));
}
