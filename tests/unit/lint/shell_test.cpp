#include "lint/shell.hpp"

#include <doctest/doctest.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace mybuild::lint {
namespace {

/// `[a b][c]`: the commands and their words.
std::string shown(std::string_view text) {
    std::string out;
    for (const auto& command : shell_commands(text))
        out += fmt::format("[{}]", fmt::join(command.words, "|"));
    return out;
}

} // namespace

TEST_CASE("a shell text falls apart into commands") {
    const std::pair<const char*, const char*> cases[] = {
        {"a b", "[a|b]"},
        {"a && b || c; d | e & f", "[a][b][c][d][e][f]"},
        {"a\nb", "[a][b]"},
        {"a \\\n  b", "[a|b]"},
        {"echo 'a && b' \"c; d\" e\\;f", "[echo|a && b|c; d|e;f]"},
        {"echo \"a \\\" b\"", "[echo|a \" b]"},
        {"(cd x && make)", "[cd|x][make]"},
        {"a > b 2>&1 && c &> d", "[a|>|b|2>&1][c|&>|d]"},
        {"a $(b; c) d", "[a|$(b; c)|d]"},
        {"a ${b:-x y} d", "[a|${b:-x y}|d]"},
        {"a `b; c`", "[a|`b; c`]"},
        {"a # b && c\nd e#f", "[a][d|e#f]"},
        {"a ''", "[a|]"},
        {"", ""},
        {"  ; ;", ""},
        {"echo 'open", "[echo|open]"},
        {"echo $(open", "[echo|$(open]"},
        {"a\\", "[a]"},
    };
    for (const auto& [text, expected] : cases) {
        CAPTURE(text);
        CHECK(shown(text) == expected);
    }
}

TEST_CASE("braces are alternatives") {
    const std::pair<const char*, std::vector<std::string>> cases[] = {
        {"a", {"a"}},
        {"a{b,c}d", {"abd", "acd"}},
        {"{a,b}{c,d}", {"ac", "ad", "bc", "bd"}},
        {"a{b,}", {"a", "ab"}},
        {"a{b}", {"a{b}"}},
        {"${a,b}", {"${a,b}"}},
        {"a{b", {"a{b"}},
        {"a}b{c,d", {"a}b{c,d"}},
    };
    for (const auto& [word, expected] : cases) {
        CAPTURE(word);
        auto words = expand_braces(word);
        std::ranges::sort(words);
        CHECK(words == expected);
    }
    std::string many;
    for (int i = 0; i < 100; ++i)
        many += "{a,b}";
    CHECK(expand_braces(many).size() < 100);
}

TEST_CASE("what a command runs") {
    struct Case {
        const char* text;
        const char* name;
        const char* verb;
    };
    const Case cases[] = {
        {"apt-get -y -qq install curl", "apt-get", "install"},
        {"DEBIAN_FRONTEND=noninteractive apt-get install x", "apt-get", "install"},
        {"sudo -E apt-get update", "apt-get", "update"},
        {"/usr/bin/apt-get -o A=b -t stable install x", "apt-get", "install"},
        {"if apt-get update", "apt-get", "update"},
        {"env A=1 npm ci", "npm", "ci"},
        {"A=1", "", ""},
        {"yarn --frozen-lockfile", "yarn", ""},
    };
    for (const auto& [text, name, verb] : cases) {
        CAPTURE(text);
        const auto commands = shell_commands(text);
        REQUIRE(commands.size() == 1);
        CHECK(commands.front().name() == name);
        CHECK(commands.front().verb() == verb);
    }
}

} // namespace mybuild::lint
