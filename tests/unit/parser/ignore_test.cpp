#include "base/render.hpp"
#include "parser/ignore.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

using namespace mybuild;

namespace {

Result<IgnoreRules> parse(std::string text) {
    return IgnoreRules::parse(std::make_shared<Source>(".dockerignore", std::move(text)));
}

IgnoreRules rules(std::string text) {
    return parse(std::move(text)).value();
}

/// Judges the path as a walker comes to it: directory by directory.
IgnoreRules::Verdict walk(const IgnoreRules& all, std::string_view path) {
    std::vector<IgnoreRules::Verdict> above;
    for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
        above.push_back(all.judge(path.substr(0, end), above.empty() ? nullptr : &above.back()));
        if (end == std::string_view::npos) return above.back();
    }
}

} // namespace

TEST_CASE("one pattern against one path") {
    struct Row {
        const char* pattern;
        const char* path;
        bool ignored;
    };
    const Row table[] = {
        {"a", "a", true},
        {"a", "b/a", false},
        {"a", "a/b/c", true},
        {"a", "ab", false},
        {"*.md", "x.md", true},
        {"*.md", "docs/x.md", false},
        {"*/*.md", "docs/x.md", true},
        {"**/*.md", "x.md", true},
        {"**/*.md", "a/b/x.md", true},
        {"**/x", "x", true},
        {"**/x", "ax", false},
        {"**/x", "a/b/x/c", true},
        {"a/**/b", "a/b", true},
        {"a/**/b", "a/x/y/b", true},
        {"a/**/b", "ab", false},
        {"a/**", "a", false},
        {"a/**", "a/b", true},
        {"**", "anything/at/all", true},
        {"**.log", "x.log", true},
        {"**.log", "a/b/x.log", true},
        {"a**b", "ab", true},
        {"a**b", "ax/b", true},
        {"a**b", "axb", false},
        {"a?", "ab", true},
        {"a?", "a/b", false},
        {"[a-c]x", "bx", true},
        {"[^a-c]x", "bx", false},
        {"[^a-c]x", "zx", true},
        {"\\*", "*", true},
        {"\\*", "x", false},
        {"./a/", "a", true},
        {"/a", "a", true},
        {"a/../b", "b", true},
        {"../a", "a", false},
        {".", "a", false},
        {"/", "a", false},
        {" a ", "a", true},
        {" #x", "#x", true},
        {"A", "a", false},
        {"a b", "a b", true},
        {"\xC3\xA4?", "\xC3\xA4\xC3\xB6", true},
        {"foo*bar", "foobar", true},
        {"*/b*", "a/bc", true},
        {"**/a/*/c", "x/a/b/c", true},
        {"**/a/*/c", "x/a/c", false},
        {"*a*b*c*", "xaybzcw", true},
        {"**/**/x", "a/x", true},
        {"a/*", "a/b/c", true},
    };
    for (const auto& row : table) {
        CAPTURE(row.pattern);
        CAPTURE(row.path);
        const auto all = rules(row.pattern);
        CHECK(all.ignored(row.path) == row.ignored);
        CHECK(walk(all, row.path).ignored == row.ignored);
    }
}

TEST_CASE("the last pattern that covers a path decides") {
    const auto all =
        rules("\xEF\xBB\xBF# comment\r\n\r\n*\r\n!src\r\nsrc/*.o\r\n! src/keep.o \r\n");
    CHECK(all.has_exceptions());
    for (const char* ignored : {"a", "docs/x", "src/a.o"}) {
        CAPTURE(ignored);
        CHECK(all.ignored(ignored));
        CHECK(walk(all, ignored).ignored);
    }
    for (const char* kept : {"src", "src/a.c", "src/keep.o", "src/sub/a.o"}) {
        CAPTURE(kept);
        CHECK_FALSE(all.ignored(kept));
        CHECK_FALSE(walk(all, kept).ignored);
    }
}

TEST_CASE("an exception reaches below a directory only where that is excluded itself") {
    struct Row {
        const char* text;
        const char* path;
        bool ignored;
    };
    const Row table[] = {
        {"**/*.log\n!logs", "logs/a.log", true},
        {"**/*.log\nlogs\n!logs", "logs/a.log", false},
        {"*\n!logs", "logs/a.log", false},
        {"**/*.log\n!logs/**", "logs/a.log", false},
        {"**/*.log\n!logs/*", "logs/a.log", false},
        {"**/*.log\n!**/a.log", "logs/a.log", false},
        {"a\n!a/b\na", "a/b/c", false},
        {"a/b\n!a", "a/b", true},
        {"a/b\n!a/b", "a/b/c", false},
        {"a\n!a/b\na/b/c", "a/b/c", true},
        {"a\n!a/b\na/b/c", "a/b/d", false},
    };
    for (const auto& row : table) {
        CAPTURE(row.text);
        CAPTURE(row.path);
        CHECK(rules(row.text).ignored(row.path) == row.ignored);
        CHECK(walk(rules(row.text), row.path).ignored == row.ignored);
    }
}

TEST_CASE("a directory is pruned only when nothing below it can come back") {
    struct Row {
        const char* text;
        const char* directory;
        bool prune;
    };
    const Row table[] = {
        {"node_modules", "node_modules", true},
        {"node_modules", "src", false},
        {"node_modules\n!node_modules/keep", "node_modules", false},
        {"node_modules\n!node_modules/keep", "node_modules/other", true},
        {"*\n!**/*.md", "docs", false},
        {"*\n!docs", "src", true},
        {"*\n!docs/*/x", "docs", false},
        {"*\n!docs/*/x", "docs/a", false},
        {"*\n!docs/*/x", "docs/a/b", true},
        {"!docs\n*", "docs", true},
        {"*\n!d*", "src", true},
        {"*\n!do**x", "doc", false},
    };
    for (const auto& row : table) {
        CAPTURE(row.text);
        CAPTURE(row.directory);
        CHECK(walk(rules(row.text), row.directory).prune == row.prune);
    }
}

TEST_CASE("no rules ignore nothing") {
    CHECK(rules("").empty());
    CHECK(rules("# only this\n\n  \n").empty());
    CHECK_FALSE(rules("").ignored("a"));
    CHECK_FALSE(IgnoreRules().judge("a", nullptr).ignored);
}

TEST_CASE("malformed patterns are located") {
    const auto bad = parse("ok\n[a\n");
    REQUIRE_FALSE(bad.has_value());
    CHECK(render(bad.error()) == "error: syntax error in pattern \"[a\": a bracket is not closed\n"
                                 "  --> .dockerignore:2:1\n"
                                 "   |\n"
                                 " 2 | [a\n"
                                 "   | ^^\n"
                                 "hint: write \\[ for a bracket that means itself\n");
    CHECK(parse("!\n").error().message == "illegal exclusion pattern: \"!\"");
    CHECK_FALSE(parse("a\\\n").has_value());
    CHECK_FALSE(parse("[]\n").has_value());
    CHECK_FALSE(parse(std::string(70'000, 'a')).has_value());
    const std::vector<std::string> patterns{"[a"};
    CHECK_FALSE(IgnoreRules::from_patterns(patterns).error().where.has_value());
}

TEST_CASE("patterns of --exclude are taken as they are, but for blanks around them") {
    struct Case {
        std::string pattern;
        std::string_view path;
        bool matches;
    };
    const Case cases[] = {
        {"a", "a", true},    {"a", "a/b", true},  {" ./a/ ", "a", true}, {"x/../a", "a", true},
        {"/a", "a", false},  {"a", "b/a", false}, {"**/a", "b/a", true}, {"", "a", false},
        {"!a", "a", false},  {"#a", "#a", true},  {"a b", "a b", true},  {"*", "x/y", true},
        {"[ab]", "b", true}, {"\\*", "*", true},  {"\\*", "x", false},   {"**", "x/y", true},
    };
    for (const auto& [pattern, path, matches] : cases) {
        CAPTURE(pattern);
        CAPTURE(path);
        CHECK(IgnoreRules::from_patterns({&pattern, 1}).value().ignored(path) == matches);
    }
    const std::vector<std::string> again{"*", "!./a", "!b"};
    const auto rules = IgnoreRules::from_patterns(again).value();
    CHECK(rules.ignored("a")); // what stands after the `!` is not cleaned
    CHECK_FALSE(rules.ignored("b"));
    const std::string lone = "!";
    CHECK_FALSE(IgnoreRules::from_patterns({&lone, 1}));
}

TEST_CASE("patterns that try every way answer in no time") {
    std::string pattern, path;
    for (int i = 0; i < 500; ++i)
        pattern += "*a";
    path.assign(4000, 'a');
    CHECK_FALSE(rules(pattern + "b").ignored(path));
    std::string deep;
    for (int i = 0; i < 200; ++i)
        deep += "**/a/";
    std::string directories;
    for (int i = 0; i < 1000; ++i)
        directories += "a/";
    CHECK_FALSE(rules(deep + "b").judge(directories + "c", nullptr).ignored);
}
