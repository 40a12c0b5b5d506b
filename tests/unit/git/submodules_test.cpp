#include "git/submodules.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace mybuild;
using namespace mybuild::git;

namespace {

/// `NAME: PATH <- URL` for each submodule, or the error.
std::vector<std::string> read(std::string_view text) {
    const auto found = parse_gitmodules(text);
    if (!found) return {found.error().message};
    std::vector<std::string> lines;
    for (const auto& one : *found)
        lines.push_back(fmt::format("{}: {} <- {}{}", one.name, one.path, one.url,
                                    one.is_fetched ? "" : " (never)"));
    return lines;
}

} // namespace

TEST_CASE(".gitmodules") {
    struct Case {
        std::string_view text;
        std::vector<std::string> submodules;
    };
    const Case cases[] = {
        {"", {}},
        {"# nothing\n\n; at all", {}},
        {"[submodule \"a\"]\n\tpath = d/a\n\turl = https://h/a.git\n",
         {"a: d/a <- https://h/a.git"}},
        {"[SubModule \"A b\"] path=x\r\nURL=y # why\r\n", {"A b: x <- y"}},
        {"[submodule \"a\"]path = \" x # \" ; z\nurl = \"a\\\"b\\\\\"c\\\n d\n",
         {"a:  x #  <- a\"b\\c d"}},
        {"[submodule \"q\\\"\\\\\"]\npath = p\nurl = u\n", {"q\"\\: p <- u"}},
        {"[submodule \"a\"]\npath = a\n[core]\nurl = no\nflag\n[submodule \"a\"]\nurl = u\n",
         {"a: a <- u"}},
        {"[submodule \"a\"]\npath = a\nurl = u\nupdate = none\nshallow = true\n",
         {"a: a <- u (never)"}},
        {"[submodule \"a\"]\npath = a\nurl = one\nurl = two\n[include]\npath = /etc/passwd\n",
         {"a: a <- two"}},
        {"\xef\xbb\xbf[submodule \"a\"]\n", {"a:  <- "}},
        {"[submodule]\npath = x\n", {}},
        {"[submodule \"a\"\npath = x\n", {".gitmodules is malformed at line 1"}},
        {"[submodule \"a\npath = x\n", {".gitmodules is malformed at line 1"}},
        {"[a]\n = x\n", {".gitmodules is malformed at line 2"}},
        {"[submodule \"a\"]\npath = \"x\n", {".gitmodules is malformed at line 2"}},
        {"[submodule \"a\"]\npath = \\q\n", {".gitmodules is malformed at line 2"}},
        {"[", {".gitmodules is malformed at line 1"}},
    };
    for (const auto& [text, submodules] : cases) {
        CAPTURE(text);
        CHECK(read(text) == submodules);
    }
}

TEST_CASE("URLs of submodules") {
    struct Case {
        std::string_view repository, url, meant;
    };
    const Case cases[] = {
        {"https://h/a/r.git", "https://other/x", "https://other/x"},
        {"https://h/a/r.git", "git@h:x/y.git", "git@h:x/y.git"},
        {"https://h/a/r.git", "../s.git", "https://h/a/s.git"},
        {"https://h/a/r.git/", "../../b/s.git", "https://h/b/s.git"},
        {"https://h/a/r.git", "./s.git", "https://h/a/r.git/s.git"},
        {"https://h/r.git", "../../../s.git", "https://h/s.git"},
        {"git://h:1/r.git", ".././../s", "git://h:1/s"},
        {"h:a/r.git", "../s.git", "h:a/s.git"},
        {"h:r.git", "../s.git", "h:s.git"},
    };
    for (const auto& [repository, url, meant] : cases) {
        CAPTURE(repository);
        CAPTURE(url);
        CHECK(submodule_url(repository, url).value() == meant);
    }
    for (const auto* url : {"file:///etc", "FILE://h/x", "/srv/git/x.git", "x", "", "..", "-x"}) {
        CAPTURE(url);
        const auto refused = submodule_url("https://h/r.git", url);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::denied);
    }
}
