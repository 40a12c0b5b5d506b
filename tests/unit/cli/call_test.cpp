#include "cli/args.hpp"
#include "cli/call.hpp"

#include <doctest/doctest.h>

namespace mybuild::cli {
namespace {

Result<Call> call_of(std::vector<std::string> args) {
    auto parsed = parse_args(std::move(args));
    if (!parsed) return fail(parsed.error());
    return std::get<BuildCommand>(std::get<CommandLineArgs>(*parsed).command).call;
}

} // namespace

TEST_CASE("what is done instead of building") {
    using Method = Call::Method;
    using Format = Call::Format;
    struct Case {
        std::vector<std::string> args;
        Method method;
        Format format = Format::text;
        bool ignore_status = false;
    };
    const Case cases[] = {
        {{"."}, Method::build},
        {{"--call=build", "."}, Method::build},
        {{"--check", "."}, Method::check},
        {{"build", ".", "--check"}, Method::check},
        {{"--call=check", "."}, Method::check},
        {{"--call=lint", "."}, Method::check},
        {{"--check", "--call=check,format=sarif", "."}, Method::check, Format::sarif},
        {{"--call", "check,format=json", "."}, Method::check, Format::json},
        {{"--call=format=json,check,ignorestatus=true", "."}, Method::check, Format::json, true},
        {{"--call=outline", "."}, Method::outline},
        {{"--target", "build", "--check", "."}, Method::check}, // no command, but a stage
        {{"--call=targets,format=json", "."}, Method::targets, Format::json},
        {{"lint"}, Method::check},
        {{"lint", "--format", "json", "dir"}, Method::check, Format::json},
        {{"--root", "x", "lint", "--format=sarif"}, Method::check, Format::sarif},
    };
    for (const auto& [args, method, format, ignore_status] : cases) {
        CAPTURE(args.front());
        const auto call = call_of(args);
        REQUIRE(call);
        CHECK(call->method == method);
        CHECK(call->format == format);
        CHECK(call->ignore_status == ignore_status);
    }
}

TEST_CASE("calls that cannot be understood are wrong usage") {
    for (const auto* text : {"nothing", "check,outline", "check,format=xml", "check,speed=1",
                             "targets,format=sarif", "check,ignorestatus=perhaps", ""}) {
        CAPTURE(text);
        const auto call = parse_call(text);
        REQUIRE_FALSE(call);
        CHECK(call.error().code == ErrorCode::usage);
        CHECK_FALSE(call.error().hint.empty());
    }
    CHECK_FALSE(call_of({"--check", "--call=outline", "."}));
    CHECK_FALSE(call_of({"lint", "--explain", "NoSuchRule"}));
}

TEST_CASE("lint: the context is the current directory unless it is named") {
    auto parsed = parse_args({"lint", "-f", "x/Dockerfile", "--build-arg", "A=1"});
    REQUIRE(parsed);
    const auto command = std::get<BuildCommand>(std::get<CommandLineArgs>(*parsed).command);
    CHECK(command.context == ".");
    CHECK(command.file == "x/Dockerfile");
    REQUIRE(command.build_args.size() == 1);
    CHECK(command.build_args[0].first == "A");
    parsed = parse_args({"lint", "--explain", "jsonargsrecommended"});
    REQUIRE(parsed);
    CHECK(std::get<Help>(*parsed).text.starts_with("# JSONArgsRecommended\n"));
}

} // namespace mybuild::cli
