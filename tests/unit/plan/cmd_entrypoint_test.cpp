#include "tests/unit/plan/planned.hpp"

#include <doctest/doctest.h>

namespace mybuild::plan::test {

namespace {

using Command = std::optional<Words>;

Given on_base(Command entrypoint, Command cmd) {
    oci::ImageConfig base;
    base.entrypoint = std::move(entrypoint);
    base.cmd = std::move(cmd);
    return {.images = {{"base:latest", base}}};
}

} // namespace

TEST_CASE("both forms of CMD and ENTRYPOINT") {
    struct Case {
        std::string_view lines;
        Words argv;
    };
    const Case cases[] = {
        {"CMD run  me $x", {"/bin/sh", "-c", "run  me $x"}},
        {"CMD [\"run\", \"$x\"]", {"run", "$x"}},
        {"CMD [ \"run\" ] # no json", {"/bin/sh", "-c", "[ \"run\" ] # no json"}},
        {"CMD", {"/bin/sh", "-c", ""}},
        {"CMD one\nCMD two", {"/bin/sh", "-c", "two"}},
        {"SHELL [\"/bin/bash\", \"-c\"]\nCMD x", {"/bin/bash", "-c", "x"}},
    };
    for (const auto& [lines, argv] : cases) {
        CAPTURE(lines);
        std::string text = "FROM a\n" + std::string(lines) + "\n";
        CHECK(plan_text(text).config().cmd == argv);
        for (auto at = text.find("CMD"); at != text.npos; at = text.find("CMD"))
            text.replace(at, 3, "ENTRYPOINT");
        CHECK(plan_text(text).config().entrypoint == argv);
    }
}

TEST_CASE("SHELL holds for what follows it") {
    const auto planned = plan_text("FROM a\nCMD x\nSHELL [\"/b\"]\nENTRYPOINT y\n");
    CHECK(planned.step(0).config.cmd == Words{"/bin/sh", "-c", "x"});
    CHECK(planned.config().entrypoint == Words{"/b", "y"});
    CHECK(planned.config().shell == Words{"/b"});
}

TEST_CASE("ENTRYPOINT clears a CMD that is not this stage's own") {
    struct Case {
        std::string_view text;
        Command entrypoint;
        Command cmd;
    };
    const Case cases[] = {
        {"FROM base\n", Words{"e"}, Words{"c"}},
        {"FROM base\nCMD [\"x\"]\n", Words{"e"}, Words{"x"}},
        {"FROM base\nENTRYPOINT [\"y\"]\n", Words{"y"}, std::nullopt},
        {"FROM base\nCMD [\"x\"]\nENTRYPOINT [\"y\"]\n", Words{"y"}, Words{"x"}},
        {"FROM base\nENTRYPOINT [\"y\"]\nCMD [\"x\"]\n", Words{"y"}, Words{"x"}},
        // A CMD of a base stage of this file is inherited all the same.
        {"FROM base AS one\nCMD [\"x\"]\nFROM one\nENTRYPOINT [\"y\"]\n", Words{"y"}, std::nullopt},
        {"FROM base AS one\nCMD [\"x\"]\nFROM one\n", Words{"e"}, Words{"x"}},
        // An empty CMD counts as one.
        {"FROM base\nCMD []\nENTRYPOINT [\"y\"]\n", Words{"y"}, Words{}},
        {"FROM base\nENTRYPOINT []\n", std::nullopt, std::nullopt},
        {"FROM base\nENTRYPOINT [\"a\"]\nENTRYPOINT [\"y\"]\n", Words{"y"}, std::nullopt},
    };
    for (const auto& [text, entrypoint, cmd] : cases) {
        CAPTURE(text);
        const auto config = plan_text(text, on_base(Words{"e"}, Words{"c"})).config();
        CHECK((config.entrypoint == entrypoint));
        CHECK((config.cmd == cmd));
    }
}

TEST_CASE("a CMD of a base's trigger is the stage's own") {
    oci::ImageConfig base;
    base.on_build = {R"(CMD ["t"])"};
    const auto planned =
        plan_text("FROM base\nENTRYPOINT [\"y\"]\n", {.images = {{"base:latest", base}}});
    CHECK(planned.config().cmd == Words{"t"});
}

TEST_CASE("ArgsEscaped comes with a CMD") {
    CHECK(plan_text("FROM a\nCMD x\n").config().args_escaped);
    CHECK(!plan_text("FROM a\nENTRYPOINT x\n").config().args_escaped);
}

} // namespace mybuild::plan::test
