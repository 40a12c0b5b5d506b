#include "base/render.hpp"

#include <doctest/doctest.h>

using namespace mybuild;

namespace {
Error at(const char* text, Span span) {
    return Error{ErrorCode::syntax, "unknown instruction: COYP"}.at(
        std::make_shared<Source>("Dockerfile", text), span);
}
} // namespace

TEST_CASE("an error shows its line, a caret and its hint") {
    const auto error = at("FROM a\nCOYP . /app\n", {7, 11}).with_hint("did you mean COPY?");
    CHECK(render(error) == "error: unknown instruction: COYP\n"
                           "  --> Dockerfile:2:1\n"
                           "   |\n"
                           " 2 | COYP . /app\n"
                           "   | ^^^^\n"
                           "hint: did you mean COPY?\n");
}

TEST_CASE("columns and carets count characters, not bytes") {
    const auto text = render(at("# \xC3\xA4\xC3\xB6 x\n", {7, 8}));
    CHECK(text.find("Dockerfile:1:6") != std::string::npos);
    CHECK(text.find("   |      ^\n") != std::string::npos);
}

TEST_CASE("no terminal obeys what a Dockerfile says") {
    CHECK(printable("a\x1b[2Jb\xff") == "a\\x1b[2Jb\\xff");
    CHECK(printable("\xE2\x80\xAEtxt") == "\\u{202e}txt");
    const auto text = render(at("\x1b]0;x\x07", {0, 1}));
    CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("a span outside the text, or at its end, still renders") {
    CHECK(render(at("", {0, 0})).find("Dockerfile:1:1") != std::string::npos);
    CHECK(render(at("abc", {3, 3})).find("Dockerfile:1:4") != std::string::npos);
    CHECK(render(at("abc\n", {90, 99})).find("Dockerfile:2:1") != std::string::npos);
}
