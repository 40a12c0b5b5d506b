#include "checked.hpp"

#include <doctest/doctest.h>

namespace mybuild::lint {

TEST_CASE("check options") {
    const auto parsed = CheckOptions::parse(" skip = A, B ;error=true;experimental=C");
    REQUIRE(parsed);
    CHECK(parsed->skip.has("A"));
    CHECK(parsed->skip.has("B"));
    CHECK_FALSE(parsed->skip.has("C"));
    CHECK_FALSE(parsed->skip.has("a")); // case counts
    CHECK(parsed->experimental.has("C"));
    CHECK(parsed->error);

    const auto all = CheckOptions::parse("skip=all;experimental=all");
    REQUIRE(all);
    CHECK(all->skip.has("Anything"));
    CHECK(all->experimental.has("Anything"));
    CHECK_FALSE(all->error);

    const auto nothing = CheckOptions::parse("  ");
    REQUIRE(nothing);
    CHECK_FALSE(nothing->skip.has("A"));

    // Only three parts: the rest belongs to the third.
    const auto four = CheckOptions::parse("skip=A;error=1;experimental=B;skip=C");
    REQUIRE(four);
    CHECK(four->skip.has("A"));
    CHECK(four->experimental.has("B;skip=C"));
}

TEST_CASE("malformed check options") {
    const std::pair<const char*, const char*> cases[] = {
        {"nonsense", R"(invalid check option "nonsense")"},
        {"speed=fast", R"(invalid check option "speed")"},
        {"skip=A;", R"(invalid check option "")"},
        {"error=maybe",
         R"(failed to parse check option "error=maybe": "maybe" is neither true nor false)"},
    };
    for (const auto& [text, message] : cases) {
        CAPTURE(text);
        const auto parsed = CheckOptions::parse(text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().message == message);
    }
}

TEST_CASE("the directive and the build arg") {
    const auto shell_form = "FROM scratch\nCMD run me\n";
    CHECK(checked(shell_form)->rules() == std::vector<std::string>{"JSONArgsRecommended"});
    CHECK(checked(std::string("# check=skip=JSONArgsRecommended\n") + shell_form)->rules().empty());
    CHECK(checked(std::string("# check=skip=all\n") + shell_form)->rules().empty());
    // The build arg takes the directive's place.
    const Asked asked{.build_args = {{"BUILDKIT_DOCKERFILE_CHECK", "skip=JSONArgsRecommended"}}};
    CHECK(checked(shell_form, asked)->rules().empty());
    const Asked none{.build_args = {{"BUILDKIT_DOCKERFILE_CHECK", ""}}};
    CHECK(checked(std::string("# check=skip=all\n") + shell_form, none)->rules() ==
          std::vector<std::string>{"JSONArgsRecommended"});
}

TEST_CASE("a malformed directive is an error at its place") {
    const auto source =
        std::make_shared<const Source>("Dockerfile", "# check=skp=A\nFROM scratch\n");
    const plan::PlanOptions options;
    const auto result = survey(source, options, [](const auto&) { return std::nullopt; });
    const auto parsed = check_options(result.parsed.file, options);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message == R"(failed to parse check options: invalid check option "skp")");
    REQUIRE(parsed.error().where);
    CHECK(source->slice(parsed.error().where->span) == "skp=A");

    plan::PlanOptions with_arg;
    with_arg.build_args["BUILDKIT_DOCKERFILE_CHECK"] = "x";
    const auto arg = check_options(result.parsed.file, with_arg);
    REQUIRE_FALSE(arg);
    CHECK(arg.error().message ==
          R"(failed to parse build-arg:BUILDKIT_DOCKERFILE_CHECK: invalid check option "x")");
}

TEST_CASE("a comment above an instruction silences it there") {
    const std::pair<const char*, std::vector<std::string>> cases[] = {
        {"FROM scratch\n# check=skip=JSONArgsRecommended\nCMD run me\n", {}},
        {"FROM scratch\n# check=skip=JSONArgsRecommended // why\nCMD run me\n", {}},
        {"FROM scratch\n# CHECK = skip=all\nCMD run me\n", {}},
        {"FROM scratch\n# why\n# check=skip=all\n# more\nCMD run me\n", {}},
        // The first one counts; a malformed one is ignored, and so is what stands after it.
        {"FROM scratch\n# check=skip=Other\n# check=skip=all\nCMD run me\n",
         {"JSONArgsRecommended"}},
        {"FROM scratch\n# check=skip\n# check=skip=all\nCMD run me\n", {"JSONArgsRecommended"}},
        // An empty comment lets go of what stands above it; an indented one is none.
        {"FROM scratch\n# check=skip=all\n#\nCMD run me\n", {"JSONArgsRecommended"}},
        {"FROM scratch\n  # check=skip=all\nCMD run me\n", {"JSONArgsRecommended"}},
        // Of another instruction.
        {"FROM scratch\n# check=skip=all\nUSER me\nCMD run me\n", {"JSONArgsRecommended"}},
        // Rules that look at the file as a whole do not ask.
        {"FROM scratch AS a\n# check=skip=DuplicateStageName,UnreachableStage\nFROM scratch AS a\n",
         {"DuplicateStageName"}},
        {"FROM scratch\n# check=skip=ConsistentInstructionCasing\nUser me\n",
         {"ConsistentInstructionCasing"}},
        // Ours do.
        {"# check=skip=UnpinnedBaseImage\n\n# check=x\nFROM alpine\n", {}},
        {"# a comment\n\n# check=skip=UnpinnedBaseImage\nFROM alpine\n", {}},
    };
    for (const auto& [text, rules] : cases) {
        CAPTURE(text);
        auto found = checked(text)->rules();
        std::erase(found, "UnreachableStage");
        CHECK(found == rules);
    }
}

TEST_CASE("rules of our own speak up in a build when they are named") {
    const Asked build{.purpose = Purpose::build};
    CHECK(checked("FROM alpine\n")->rules() == std::vector<std::string>{"UnpinnedBaseImage"});
    CHECK(checked("FROM alpine\n", build)->rules().empty());
    CHECK(checked("# check=experimental=UnpinnedBaseImage\nFROM alpine\n", build)->rules() ==
          std::vector<std::string>{"UnpinnedBaseImage"});
    // `all` was written with BuildKit's in mind.
    CHECK(checked("# check=experimental=all\nFROM alpine\n", build)->rules().empty());
    CHECK(checked("# check=experimental=MissingUser\nFROM alpine:3\n")->rules() ==
          std::vector<std::string>{"MissingUser"});
    CHECK(checked("# check=experimental=all\nFROM alpine:3\n")->rules().empty());
}

TEST_CASE("nothing skips BuildKit's experimental rules") {
    const auto text = "# check=skip=all;experimental=InvalidDefinitionDescription\n"
                      "# something\nARG A=1\nFROM scratch\n";
    CHECK(checked(text)->rules() == std::vector<std::string>{"InvalidDefinitionDescription"});
}

TEST_CASE("error=true names the rules that found something") {
    const auto found = checked("# check=error=true\nFROM scratch AS Base\nCMD run me\nUser x\n");
    const auto error = violation(found->findings, found->check_options, found->survey.parsed.file);
    REQUIRE(error);
    CHECK(error->message == "lint violation found for rules: ConsistentInstructionCasing, "
                            "JSONArgsRecommended, StageNameCasing");
    // Ours count where they are named.
    const auto ours = checked("# check=error=true\nFROM alpine\n");
    CHECK_FALSE(ours->findings.empty());
    CHECK_FALSE(violation(ours->findings, ours->check_options, ours->survey.parsed.file));
    const auto named = checked("# check=error=true;experimental=UnpinnedBaseImage\nFROM alpine\n");
    CHECK(violation(named->findings, named->check_options, named->survey.parsed.file));
    const auto quiet = checked("FROM scratch AS Base\n");
    CHECK_FALSE(violation(quiet->findings, quiet->check_options, quiet->survey.parsed.file));
    const auto clean = checked("# check=error=true\nFROM scratch\n");
    CHECK_FALSE(violation(clean->findings, clean->check_options, clean->survey.parsed.file));
}

} // namespace mybuild::lint
