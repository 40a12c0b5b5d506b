#include "parser/path.hpp"
#include "parser/wildcard.hpp"

#include <doctest/doctest.h>

using namespace mybuild;

TEST_CASE("wildcards match as Go's filepath.Match") {
    struct Row {
        const char* pattern;
        const char* name;
        bool matches;
    };
    const Row table[] = {
        {"abc", "abc", true},
        {"*", "abc", true},
        {"*c", "abc", true},
        {"a*", "a", true},
        {"a*", "ab/c", false},
        {"a*/b", "abc/b", true},
        {"a*/b", "a/c/b", false},
        {"a*b*c*d*e*/f", "axbxcxdxe/f", true},
        {"a*b*c*d*e*/f", "axbxcxdxe/xxx/f", false},
        {"ab[c]", "abc", true},
        {"ab[b-d]", "abc", true},
        {"ab[e-g]", "abc", false},
        {"ab[^c]", "abc", false},
        {"ab[^e-g]", "abc", true},
        {"a\\*b", "a*b", true},
        {"a\\*b", "ab", false},
        {"a?b",
         "a\xE2\x98\xBA"
         "b",
         true},
        {"a???b",
         "a\xE2\x98\xBA"
         "b",
         false},
        {"[a-\xCE\xB6]*", "\xCE\xB1", true},
        {"*[a-\xCE\xB6]", "A", false},
        {"a?b", "a/b", false},
        {"a*b", "a/b", false},
        {"[\\]a]", "]", true},
        {"[\\-]", "-", true},
        {"[x\\-]", "z", false},
        {"*x", "xxx", true},
        {"**", "a/b", false},
        {"**", "ab", true},
        {".*", ".hidden", true},
        {"*", ".hidden", true},
        {"", "", true},
        {"*", "", true},
        {"?", "", false},
        {"\xFF?",
         "\xFF"
         "a",
         true},
        {"\xFF", "\xFE", false},
    };
    for (const auto& row : table) {
        CAPTURE(row.pattern);
        CAPTURE(row.name);
        const auto result = wildcard_match(row.pattern, row.name);
        REQUIRE(result.has_value());
        CHECK(*result == row.matches);
    }
}

TEST_CASE("malformed wildcards are errors whatever the name") {
    for (const char* pattern : {"[]a]", "[-]", "[x-]", "[-x]", "\\", "[a-b-c]", "[", "[^", "[^bc",
                                "[z-a]", "a[", "a[b-", "a\\", "[a\\"}) {
        CAPTURE(pattern);
        CHECK_FALSE(wildcard_match(pattern, "unrelated").has_value());
        CHECK(check_wildcard(pattern).error().code == ErrorCode::syntax);
    }
    CHECK(check_wildcard("a*[b]").has_value());
}

TEST_CASE("a plain path is told from a wildcard") {
    CHECK(has_wildcard("a*"));
    CHECK(has_wildcard("a?"));
    CHECK(has_wildcard("[a]"));
    CHECK_FALSE(has_wildcard("a\\*b"));
    CHECK_FALSE(has_wildcard("a]"));
}

TEST_CASE("paths are cleaned by text alone") {
    CHECK(clean_path("") == ".");
    CHECK(clean_path("./a//b/") == "a/b");
    CHECK(clean_path("a/../../b") == "../b");
    CHECK(clean_path("/../a/.") == "/a");
    CHECK(clean_path("/") == "/");
    CHECK(clean_path("../..") == "../..");
    CHECK(path_base("/a/b/") == "b");
    CHECK(path_base("a") == "a");
    CHECK(path_base("/") == "/");
    CHECK(path_base("") == ".");
}
