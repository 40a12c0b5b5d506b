#include "parser/words.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

// One word, one result: quoting, escapes, names and every form of ${...}, each next to the others
// it is easily confused with. A result that begins with `!` is the error.

using namespace mybuild;

namespace {

struct Vector {
    const char* word;
    const char* result;
};

std::optional<std::string> value_of(std::string_view name) {
    static const std::map<std::string, std::string, std::less<>> values{
        {"HOME", "/home/me"},   {"SHELL", "bash"},     {"EMPTY", ""},
        {"KOREAN", "한국어"},   {"이름", "name"},      {"FILE", "/usr/lib/app-1.2.tar.gz"},
        {"TEXT", "two  words"}, {"WILD", "a*b?c"},     {"BACK", "c:\\dir"},
        {"DOLLAR", "$HOME"},    {"QUOTES", "'\""},     {"A_1", "under"},
        {"_", "low"},           {"LINES", "x=1\ny=2"},
    };
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
}

std::string result_of(std::string_view word) {
    const auto result = expand(word, value_of);
    if (result) return *result;
    // `failed to process "WORD": ` is the same for all.
    const auto& message = result.error().message;
    return "!" + message.substr(message.rfind("\": ") + 3);
}

template <std::size_t N>
void check(const Vector (&vectors)[N]) {
    for (const auto& vector : vectors) {
        CAPTURE(vector.word);
        CHECK(result_of(vector.word) == vector.result);
    }
}

constexpr auto no_single = "!unexpected end of statement while looking for matching single-quote";
constexpr auto no_double = "!unexpected end of statement while looking for matching double-quote";
constexpr auto no_brace = "!syntax error: missing '}'";
constexpr auto bad = "!syntax error: bad substitution";

} // namespace

TEST_CASE("vectors: quotes") {
    check({
        {"hello", "hello"},
        {"he'll'o", "hello"},
        {"he'llo", no_single},
        {"he\\'llo", "he'llo"},
        {"he\\\\'llo", no_single},
        {"he''llo", "hello"},
        {"''", ""},
        {"\"\"", ""},
        {"'\"'", "\""},
        {"\"'\"", "'"},
        {"'a''b'", "ab"},
        {"\"a\"'b'", "ab"},
        {"'a\\'b", "a\\b"},
        {"'a\\\\b'", "a\\\\b"},
        {"\"he'llo\"", "he'llo"},
        {"\"he'l'lo\"", "he'l'lo"},
        {"\"he\\\"llo\"", "he\"llo"},
        {"he\"llo", no_double},
        {"\"", no_double},
        {"'", no_single},
        {"\"'", no_double},
        {"'\"", no_single},
        {"a'b c'd", "ab cd"},
        {"a\"b c\"d", "ab cd"},
        {"'$HOME'", "$HOME"},
        {"\"$HOME\"", "/home/me"},
        {"'\"$HOME\"'", "\"$HOME\""},
        {"\"'$HOME'\"", "'/home/me'"},
        {"'${HOME'", "${HOME"},
        {"\"${HOME\"", "!unsupported modifier (\") in substitution"},
        {"'tab\there'", "tab\there"},
        {"\"new\nline\"", "new\nline"},
    });
}

TEST_CASE("vectors: escapes") {
    check({
        {"he\\llo", "hello"},
        {"he\\\\llo", "he\\llo"},
        {"\\", ""},
        {"\\\\", "\\"},
        {"\\\\\\", "\\"},
        {"a\\", "a"},
        {"a\\ b", "a b"},
        {"\\a\\b\\c", "abc"},
        {"\\n", "n"},
        {"\\\"", "\""},
        {"\\'", "'"},
        {"\\$", "$"},
        {"\\$HOME", "$HOME"},
        {"\\\\$HOME", "\\/home/me"},
        {"\\\\\\$HOME", "\\$HOME"},
        {"\\${HOME}", "${HOME}"},
        {"$\\HOME", "$HOME"},
        {"\"a\\b\"", "a\\b"},
        {"\"a\\\\b\"", "a\\b"},
        {"\"a\\$b\"", "a$b"},
        {"\"\\${HOME}\"", "${HOME}"},
        {"\"a\\'b\"", "a\\'b"},
        {"\"\\n\"", "\\n"},
        {"\"a\\\"", no_double},
        {"\"a\\", no_double},
        {"\"\\\\\"", "\\"},
        {"'\\'", "\\"},
        {"\\한", "한"},
        {"한\\국", "한국"},
    });
}

TEST_CASE("vectors: names") {
    check({
        {"$HOME", "/home/me"},
        {"he$HOME", "he/home/me"},
        {"$HOME/x", "/home/me/x"},
        {"$HOME$SHELL", "/home/mebash"},
        {"$HOME.x", "/home/me.x"},
        {"$HOME-x", "/home/me-x"},
        {"$HOME:x", "/home/me:x"},
        {"$HOMEx", ""},
        {"$HOME_", ""},
        {"$HOME\\x", "/home/mex"},
        {"$HOME'x'", "/home/mex"},
        {"$home", ""},
        {"$A_1", "under"},
        {"$A_1x", ""},
        {"$_", "low"},
        {"$_x", ""},
        {"$", "$"},
        {"$$", ""},
        {"$$$", "$"},
        {"$$HOME", "HOME"},
        {"a$", "a$"},
        {"$.", "$."},
        {"$/", "$/"},
        {"$=", "$="},
        {"$,a", "$,a"},
        {"$}", "$}"},
        {"$ a", "$ a"},
        {"$\"a\"", "$a"},
        {"$'a'", "$a"},
        {"$(date)", "$(date)"},
        {"`date`", "`date`"},
        {"$((1+1))", "$((1+1))"},
        {"~/x", "~/x"},
        {"*.c", "*.c"},
        {"{a,b}", "{a,b}"},
        {"$1", ""},
        {"$1a", "a"},
        {"$10", ""},
        {"$10a", "a"},
        {"$0", ""},
        {"$0x", "x"},
        {"$@x", "x"},
        {"$*x", "x"},
        {"$#x", "x"},
        {"$?x", "x"},
        {"$-x", "x"},
        {"$!x", "x"},
        {"$한국", ""},
        {"$KOREAN", "한국어"},
        {"안녕$KOREAN", "안녕한국어"},
        {"$이름", "name"},
        {"$이름.x", "name.x"},
        {"$HOME한", ""},
        {"$EMPTY", ""},
        {"a${EMPTY}b", "ab"},
        {"$DOLLAR", "$HOME"},
        {"\"$DOLLAR\"", "$HOME"},
        {"$QUOTES", "'\""},
        {"$BACK", "c:\\dir"},
        {"\"$BACK\"", "c:\\dir"},
    });
}

TEST_CASE("vectors: braces") {
    check({
        {"${HOME}", "/home/me"},
        {"${HOME}x", "/home/mex"},
        {"he${HOME}xx", "he/home/mexx"},
        {"${NONE}", ""},
        {"a${NONE}b", "ab"},
        {"${A_1}", "under"},
        {"${이름}", "name"},
        {"${EMPTY}", ""},
        {"${1}", ""},
        {"${12}", ""},
        {"${@}", ""},
        {"${*}", ""},
        {"${#}", ""},
        {"${?}", ""},
        {"${-}", ""},
        {"${$}", ""},
        {"${!}", ""},
        {"${0}", ""},
        {"${", no_brace},
        {"${}", bad},
        {"${:}", bad},
        {"${:-x}", bad},
        {"${{", bad},
        {"${{HOME}}", bad},
        {"${HOME", no_brace},
        {"${HOME:", no_brace},
        {"${HOME}}", "/home/me}"},
        {"$HOME}", "/home/me}"},
        {"${ HOME}", "!unsupported modifier ( ) in substitution"},
        {"${HOME }", "!unsupported modifier ( ) in substitution"},
        {"${HOME.x}", "!unsupported modifier (.) in substitution"},
        {"${HOME[0]}", "!unsupported modifier ([) in substitution"},
        {"${HOME@Q}", "!unsupported modifier (@) in substitution"},
        {"${HOME^}", "!unsupported modifier (^) in substitution"},
        {"${HOME,}", "!unsupported modifier (,) in substitution"},
        {"${HOME=x}", "!unsupported modifier (=) in substitution"},
        {"${HOME:=x}", "!unsupported modifier (:=) in substitution"},
        {"${HOME:1}", "!unsupported modifier (:1) in substitution"},
        {"${HOME:x}", "!unsupported modifier (:x) in substitution"},
        {"${HOME:}", no_brace},
        {"${HOME:}x}", "!unsupported modifier (:}) in substitution"},
        {"${HOME::-x}", "!unsupported modifier (::) in substitution"},
        {"${HOME:#x}", "!unsupported modifier (:#) in substitution"},
        {"${HOME:%x}", "!unsupported modifier (:%) in substitution"},
        {"${HOME:/x/y}", "!unsupported modifier (:/) in substitution"},
        {"${#HOME}", "!unsupported modifier (H) in substitution"},
        {"${!HOME}", "!unsupported modifier (H) in substitution"},
        {"${1x}", "!unsupported modifier (x) in substitution"},
        {"${\"HOME\"}", "!unsupported modifier (\") in substitution"},
        {"${'HOME'}", "!unsupported modifier (') in substitution"},
        {"${$HOME}", "!unsupported modifier (H) in substitution"},
        {"${한국.}", "!unsupported modifier (.) in substitution"},
    });
}

TEST_CASE("vectors: defaults and alternatives") {
    check({
        {"${NONE:-x}", "x"},
        {"${NONE-x}", "x"},
        {"${EMPTY:-x}", "x"},
        {"${EMPTY-x}", ""},
        {"${HOME:-x}", "/home/me"},
        {"${HOME-x}", "/home/me"},
        {"${NONE:+x}", ""},
        {"${NONE+x}", ""},
        {"${EMPTY:+x}", ""},
        {"${EMPTY+x}", "x"},
        {"${HOME:+x}", "x"},
        {"${HOME+x}", "x"},
        {"${NONE:-}", ""},
        {"${NONE-}", ""},
        {"${HOME:+}", ""},
        {"a${NONE:-x}b", "axb"},
        {"${NONE:-x}${NONE:-y}", "xy"},
        {"${NONE:-$HOME}", "/home/me"},
        {"${NONE:-$HOME/x}", "/home/me/x"},
        {"${NONE:-${HOME}}", "/home/me"},
        {"${NONE:-${NONE:-${HOME}}}", "/home/me"},
        {"${NONE:-${NONE}}", ""},
        {"${NONE:-x y}", "x y"},
        {"${NONE:-'x y'}", "x y"},
        {"${NONE:-\"x y\"}", "x y"},
        {"${NONE:-'$HOME'}", "$HOME"},
        {"${NONE:-\"$HOME\"}", "/home/me"},
        {"${NONE:-\\$HOME}", "$HOME"},
        {"${NONE:-'}'}", "}"},
        {"${NONE:-\"}\"}", "}"},
        {"${NONE:-\\}}", "}"},
        {"${NONE:-{}}", "{}"},
        {"${NONE:-:}", ":"},
        {"${NONE:--}", "-"},
        {"${NONE:-:-}", ":-"},
        {"${NONE--x}", "-x"},
        {"${NONE:-#x}", "#x"},
        {"${NONE:-a/b}", "a/b"},
        {"${NONE:-한국}", "한국"},
        {"${KOREAN:+있음}", "있음"},
        {"${NONE:-", no_brace},
        {"${NONE:-x", no_brace},
        {"${NONE:-${HOME}", no_brace},
        {"${NONE:-'x}", no_brace},
        {"${NONE:-\"x}", no_brace},
        {"${NONE:-\\}", no_brace},
        {"${HOME:-${}}", bad},
        {"${HOME:-$}", "/home/me"},
        {"${NONE:-$}", "$"},
        {"${@:-x}", "x"},
        {"${1:-x}", "x"},
        {"${1-x}", "x"},
        {"${-:-x}", "x"},
        {"${--x}", "x"},
        {"'${NONE:-x}'", "${NONE:-x}"},
        {"\"${NONE:-x}\"", "x"},
        {"\"${NONE:-'x'}\"", "x"},
        {"\"a${NONE:-\"b c\"}d\"", "ab cd"},
    });
}

TEST_CASE("vectors: what must be set") {
    check({
        {"${HOME:?x}", "/home/me"},
        {"${HOME?x}", "/home/me"},
        {"${HOME:?}", "/home/me"},
        {"${EMPTY?x}", ""},
        {"${EMPTY:?x}", "!EMPTY: x"},
        {"${EMPTY:?}", "!EMPTY: is not allowed to be empty"},
        {"${NONE:?x}", "!NONE: x"},
        {"${NONE?x}", "!NONE: x"},
        {"${NONE:?}", "!NONE: is not allowed to be unset"},
        {"${NONE?}", "!NONE: is not allowed to be unset"},
        {"${NONE:?set $SHELL}", "!NONE: set bash"},
        {"${NONE:?'a b'}", "!NONE: a b"},
        {"${NONE:?${EMPTY:-y}}", "!NONE: y"},
        {"${NONE:?x", no_brace},
        {"${NONE:-${NONE:?in}}", "!NONE: in"},
        {"${HOME:+${NONE:?in}}", "!NONE: in"},
        {"${1?x}", "!1: x"},
    });
}

TEST_CASE("vectors: prefixes and suffixes") {
    check({
        {"${FILE#/usr}", "/lib/app-1.2.tar.gz"},
        {"${FILE#usr}", "/usr/lib/app-1.2.tar.gz"},
        {"${FILE#*/}", "usr/lib/app-1.2.tar.gz"},
        {"${FILE##*/}", "app-1.2.tar.gz"},
        {"${FILE#*lib/}", "app-1.2.tar.gz"},
        {"${FILE#*}", "/usr/lib/app-1.2.tar.gz"},
        {"${FILE##*}", ""},
        {"${FILE#?}", "usr/lib/app-1.2.tar.gz"},
        {"${FILE##?usr}", "/lib/app-1.2.tar.gz"},
        {"${FILE#}", "/usr/lib/app-1.2.tar.gz"},
        {"${FILE##}", "/usr/lib/app-1.2.tar.gz"},
        {"${FILE#/*/}", "lib/app-1.2.tar.gz"},
        {"${FILE##/*/}", "app-1.2.tar.gz"},
        {"${FILE%.gz}", "/usr/lib/app-1.2.tar"},
        {"${FILE%gz.}", "/usr/lib/app-1.2.tar.gz"},
        {"${FILE%.*}", "/usr/lib/app-1.2.tar"},
        {"${FILE%%.*}", "/usr/lib/app-1"},
        {"${FILE%/*}", "/usr/lib"},
        {"${FILE%%/*}", ""},
        {"${FILE%?}", "/usr/lib/app-1.2.tar.g"},
        {"${FILE%}", "/usr/lib/app-1.2.tar.gz"},
        {"${FILE%\\}}", "/usr/lib/app-1.2.tar.gz"},
        {"${FILE%.tar.*}", "/usr/lib/app-1.2"},
        {"${FILE#[a-z/]}", "/usr/lib/app-1.2.tar.gz"},
        {"${FILE%\".gz\"}", "/usr/lib/app-1.2.tar"},
        {"${FILE%'.gz'}", "/usr/lib/app-1.2.tar"},
        {"${FILE%'.*'}", "/usr/lib/app-1.2.tar"},
        {"${WILD#a\\*}", "b?c"},
        {"${WILD#a*}", "*b?c"},
        {"${WILD%\\?c}", "a*b"},
        {"${WILD%?c}", "a*b"},
        {"${WILD%b\\?*}", "a*"},
        {"${WILD#\\a}", "!invalid pattern (\\a) in substitution: invalid escape '\\a'"},
        {"${BACK#c:\\\\}", "dir"},
        {"${KOREAN#?}", "국어"},
        {"${KOREAN%어}", "한국"},
        {"${KOREAN%%?}", "한국"},
        {"${HOME#$NONE}", "/home/me"},
        {"${HOME#${NONE:-/home}}", "/me"},
        {"${HOME%/$NONE}", "/home/me"},
        {"${NONE#x}", ""},
        {"${NONE%%x}", ""},
        {"${EMPTY#*}", ""},
        {"${LINES#*=}", "1\ny=2"},
        {"${LINES##*=}", "1\ny=2"},
        {"${LINES%=*}", "x=1\ny"},
        {"${LINES%%=*}", "x=1\ny"},
        {"${FILE#x", no_brace},
        {"${FILE%", no_brace},
    });
}

TEST_CASE("vectors: replacements") {
    check({
        {"${FILE/usr/opt}", "/opt/lib/app-1.2.tar.gz"},
        {"${FILE/lib/}", "/usr//app-1.2.tar.gz"},
        {"${FILE//./_}", "/usr/lib/app-1_2_tar_gz"},
        {"${FILE/./_}", "/usr/lib/app-1_2.tar.gz"},
        {"${FILE//\\//:}", ":usr:lib:app-1.2.tar.gz"},
        {"${FILE/\\/usr/}", "/lib/app-1.2.tar.gz"},
        {"${FILE//a/[a]}", "/usr/lib/[a]pp-1.2.t[a]r.gz"},
        {"${FILE/nothing/x}", "/usr/lib/app-1.2.tar.gz"},
        {"${FILE/u*r/x}", "/x.gz"},
        {"${FILE//?/x}", "xxxxxxxxxxxxxxxxxxxxxxx"},
        {"${FILE/#\\/usr/x}", "/usr/lib/app-1.2.tar.gz"},
        {"${FILE/%gz/x}", "/usr/lib/app-1.2.tar.gz"},
        {"${SHELL/b/$HOME}", "/home/meash"},
        {"${SHELL/$SHELL/x}", "x"},
        {"${SHELL/b/'$1'}", "$1ash"},
        {"${SHELL//s/\"a b\"}", "baa bh"},
        {"${SHELL//b/\\}}", "\\}ash"},
        {"${SHELL//b/\\/}", "\\/ash"},
        {"${SHELL///x}", "xbxaxsxhx"},
        {"${SHELL/\"\"/x}", "xbash"},
        {"${SHELL//*/x}", "x"},
        {"${SHELL/*/x}", "x"},
        {"${SHELL/a/&}", "b&sh"},
        {"${WILD//\\*/x}", "axb?c"},
        {"${WILD//\\?/x}", "a*bxc"},
        {"${WILD/b/\\x}", "a*\\x?c"},
        {"${WILD/\\x/y}", "!invalid pattern (\\x) in substitution: invalid escape '\\x'"},
        {"${BACK/\\\\/:}", "c::dir"},
        {"${KOREAN/국/x}", "한x어"},
        {"${KOREAN//?/x}", "xxx"},
        {"${TEXT// /_}", "two__words"},
        {"${LINES//=/:}", "x:1\ny:2"},
        {"${NONE/x/y}", ""},
        {"${NONE/*/y}", "y"},
        {"${EMPTY//*/y}", "y"},
        {"${SHELL/b}", "!syntax error: missing '/' in ${}"},
        {"${SHELL//b}", "!syntax error: missing '/' in ${}"},
        {"${SHELL/b/c", no_brace},
        {"${SHELL/", "!syntax error: missing '/' in ${}"},
        {"${SHELL/b}x/y}", "bash"},
    });
}

TEST_CASE("vectors: the same with a backtick as the escape character") {
    const Vector vectors[] = {
        {"a`b", "ab"},           {"a``b", "a`b"},
        {"`$HOME", "$HOME"},     {"\\$HOME", "\\/home/me"},
        {"\"a`\"b\"", "a\"b"},   {"\"a\\b\"", "a\\b"},
        {"'a`b'", "a`b"},        {"c:\\dir", "c:\\dir"},
        {"${NONE:-`}}", "}"},    {"a`", "a"},
        {"\"`$HOME\"", "$HOME"}, {"\"``\"", "`"},
        {"\"`x\"", "`x"},        {"\\\\", "\\\\"},
        {"\\'a'", "\\a"},
    };
    for (const auto& vector : vectors) {
        CAPTURE(vector.word);
        const auto result = expand(vector.word, value_of, '`');
        REQUIRE(result.has_value());
        CHECK(*result == vector.result);
    }
}

TEST_CASE("vectors: words") {
    struct Row {
        const char* word;
        std::vector<std::string> words;
    };
    const Row rows[] = {
        {"", {}},
        {"hello", {"hello"}},
        {"hello bye", {"hello", "bye"}},
        {"  hello \t bye  ", {"hello", "bye"}},
        {"'hello bye'", {"hello bye"}},
        {"\"hello bye\"", {"hello bye"}},
        {"hello' bye '\"x y\"", {"hello bye x y"}},
        {"hel\\ lo", {"hel lo"}},
        {"hello\\  bye", {"hello ", "bye"}},
        {"$TEXT", {"two", "words"}},
        {"\"$TEXT\"", {"two  words"}},
        {"'$TEXT'", {"$TEXT"}},
        {"a${TEXT}b", {"atwo", "wordsb"}},
        {"\"a${TEXT}b\"", {"atwo  wordsb"}},
        {"$NONE", {}},
        {"$NONE $EMPTY", {}},
        {"a $NONE b", {"a", "b"}},
        {"${NONE:-x y}", {"x", "y"}},
        {"\"${NONE:-x y}\"", {"x y"}},
        {"a${NONE:-x y}b", {"ax", "yb"}},
        {"안녕 $KOREAN", {"안녕", "한국어"}},
        {"${LINES}", {"x=1", "y=2"}},
        {"a\xC2\xA0z", {"a", "z"}},
        {"''", {}},
    };
    for (const auto& row : rows) {
        CAPTURE(row.word);
        const auto words = expand_words(row.word, value_of);
        REQUIRE(words.has_value());
        CHECK(*words == row.words);
    }
}
