#include "parser/words.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

using namespace mybuild;

namespace {

struct Row {
    const char* word;
    const char* expected;
};

std::optional<std::string> look_up(std::string_view name) {
    static const std::map<std::string, std::string, std::less<>> values{
        {"v", "value"},
        {"empty", ""},
        {"path", "/usr/local/bin:/usr/bin"},
        {"file", "archive.tar.gz"},
        {"star", "a*b*c"},
        {"lines", "one\ntwo"},
        {"blanks", "a  b"},
        {"\xC3\xBC", "umlaut"},
        {"wide", "\xC3\xA4\xC3\xB6\xC3\xBC"},
        {"a_1", "name"},
        {"raw", "x\xFFy"},
        {"braces", "a{b}c"},
    };
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
}

template <std::size_t N>
void check_all(const Row (&rows)[N]) {
    for (const auto& row : rows) {
        CAPTURE(row.word);
        const auto result = expand(row.word, look_up);
        if (!result)
            FAIL_CHECK(result.error().message);
        else
            CHECK(*result == row.expected);
    }
}

std::string error_of(std::string_view word) {
    const auto result = expand(word, look_up);
    return result ? "no error, but " + *result : result.error().message;
}

} // namespace

TEST_CASE("quotes and escapes are removed as a shell does it") {
    check_all({
        {"plain", "plain"},
        {"", ""},
        {"'a b'c", "a bc"},
        {"\"a b\"c", "a bc"},
        {"''", ""},
        {"a\\ b", "a b"},
        {"\\n\\$v", "n$v"},
        {"end\\", "end"},
        {"end\\\\", "end\\"},
        {"'no \\escape $v'", "no \\escape $v"},
        {"\"\\\" \\$v \\\\ \\n\"", "\" $v \\ \\n"},
        {"\"it's\"", "it's"},
        {"it\\'s", "it's"},
    });
}

TEST_CASE("names end where no letter, digit or underscore stands") {
    check_all({
        {"$v", "value"},     {"${v}", "value"},  {"$v.x", "value.x"}, {"$vx", ""},
        {"${v}x", "valuex"}, {"$a_1-", "name-"}, {"\"$v\"", "value"}, {"$\xC3\xBC", "umlaut"},
        {"$1v", "v"},        {"$12v", "v"},      {"$@v", "v"},        {"$$v", "v"},
        {"$?", ""},          {"$", "$"},         {"$.", "$."},        {"$/v", "$/v"},
        {"a$", "a$"},        {"\"$\"", "$"},     {"$'v'", "$v"},      {"$empty", ""},
        {"$raw", "x\xFFy"},
    });
}

TEST_CASE("modifiers that choose: the table of unset, empty and set") {
    check_all({
        {"${u:-w}", "w"},
        {"${empty:-w}", "w"},
        {"${v:-w}", "value"},
        {"${u-w}", "w"},
        {"${empty-w}", ""},
        {"${v-w}", "value"},
        {"${u:+w}", ""},
        {"${empty:+w}", ""},
        {"${v:+w}", "w"},
        {"${u+w}", ""},
        {"${empty+w}", "w"},
        {"${v+w}", "w"},
        {"${v:?w}", "value"},
        {"${v?w}", "value"},
        {"${empty?w}", ""},
    });
    CHECK(error_of("${u:?must be set}") ==
          "failed to process \"${u:?must be set}\": u: must be set");
    CHECK(error_of("${empty:?}") ==
          "failed to process \"${empty:?}\": empty: is not allowed to be empty");
    CHECK(error_of("${u?}") == "failed to process \"${u?}\": u: is not allowed to be unset");
    CHECK(expand("${u:?x}", look_up).error().code == ErrorCode::invalid);
}

TEST_CASE("the word of a modifier is expanded, nested and quoted") {
    check_all({
        {"${u:-$v}", "value"},
        {"${u:-${v}}", "value"},
        {"${u:-${u2:-${u3:-deep}}}", "deep"},
        {"${u:-'}'}", "}"},
        {"${u:-\\}}", "}"},
        {"${u:-a b}", "a b"},
        {"${u:-\"$v x\"}", "value x"},
        {"pre${u:-mid}post", "premidpost"},
        {"\"${u:-\"q\"}\"", "q"},
    });
    CHECK(error_of("${v:-${u:?inner}}") == "failed to process \"${v:-${u:?inner}}\": u: inner");
}

TEST_CASE("prefixes and suffixes that match are cut off") {
    check_all({
        {"${file#*.}", "tar.gz"},
        {"${file##*.}", "gz"},
        {"${file%.*}", "archive.tar"},
        {"${file%%.*}", "archive"},
        {"${path##*/}", "bin"},
        {"${path%:*}", "/usr/local/bin"},
        {"${file#x}", "archive.tar.gz"},
        {"${file#}", "archive.tar.gz"},
        {"${file#???}", "hive.tar.gz"},
        {"${file%?}", "archive.tar.g"},
        {"${star#a\\*}", "b*c"},
        {"${star%\\*c}", "a*b"},
        {"${wide#?}", "\xC3\xB6\xC3\xBC"},
        {"${wide%?}", "\xC3\xA4\xC3\xB6"},
        {"${raw#x}", "\xFFy"},
        {"${u#x}", ""},
        {"${file#$v}", "archive.tar.gz"},
        {"${v#\"val\"}", "ue"},
        {"${lines#*}", "one\ntwo"},
        {"${lines##*}", "\ntwo"},
        {"${braces#a{b\\}}", "c"},
    });
}

TEST_CASE("matches are replaced: the first or all, leftmost and longest") {
    check_all({
        {"${path/\\/usr/X}", "X/local/bin:/usr/bin"},
        {"${path//\\/usr/X}", "X/local/bin:X/bin"},
        {"${file/./}", "archivetar.gz"},
        {"${file//./-}", "archive-tar-gz"},
        {"${file/a*r/Z}", "Z.gz"},
        {"${file//?/x}", "xxxxxxxxxxxxxx"},
        {"${v/q/x}", "value"},
        {"${v//a/}", "vlue"},
        {"${v/a/$1}", "vlue"},
        {"${v/a/'$1'}", "v$1lue"},
        {"${v//a/\\}}", "v\\}lue"},
        {"${v//}/}", "value"},
        {"${v//\"\"/-}", "-v-a-l-u-e-"},
        {"${v/''/-}", "-value"},
        {"${v//*/x}", "x"},
        {"${empty//*/x}", "x"},
        {"${u/*/x}", "x"},
        {"${u/a/x}", ""},
        {"${lines//*/x}", "x\nx"},
        {"${wide//?/.}", "..."},
        {"${star//\\*/+}", "a+b+c"},
    });
}

TEST_CASE("what is no substitution is an error, named") {
    const Row rows[] = {
        {"${}", "syntax error: bad substitution"},
        {"${:x}", "syntax error: bad substitution"},
        {"${{v}}", "syntax error: bad substitution"},
        {"${", "syntax error: missing '}'"},
        {"${v", "syntax error: missing '}'"},
        {"${v:", "syntax error: missing '}'"},
        {"${v:-w", "syntax error: missing '}'"},
        {"${v:-'w}", "syntax error: missing '}'"},
        {"${v#w", "syntax error: missing '}'"},
        {"${v/a/b", "syntax error: missing '}'"},
        {"${v/a}", "syntax error: missing '/' in ${}"},
        {"${v//a}", "syntax error: missing '/' in ${}"},
        {"${v:=w}", "unsupported modifier (:=) in substitution"},
        {"${v=w}", "unsupported modifier (=) in substitution"},
        {"${v:0:3}", "unsupported modifier (:0) in substitution"},
        {"${#v}", "unsupported modifier (v) in substitution"},
        {"${v^^}", "unsupported modifier (^) in substitution"},
        {"${v,,}", "unsupported modifier (,) in substitution"},
        {"${!v}", "unsupported modifier (v) in substitution"},
        {"${v:#p}", "unsupported modifier (:#) in substitution"},
        {"${v.x}", "unsupported modifier (.) in substitution"},
        {"${v#\\x}", "invalid pattern (\\x) in substitution: invalid escape '\\x'"},
        {"'open", "unexpected end of statement while looking for matching single-quote"},
        {"\"open", "unexpected end of statement while looking for matching double-quote"},
        {"it's", "unexpected end of statement while looking for matching single-quote"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.word);
        const auto result = expand(row.word, look_up);
        REQUIRE_FALSE(result.has_value());
        const auto& message = result.error().message;
        CHECK(message.starts_with("failed to process "));
        CHECK(message.ends_with(std::string(": ") + row.expected));
    }
}

TEST_CASE("the escape character is the one the file has chosen") {
    CHECK(*expand("a`$v", look_up, '`') == "a$v");
    CHECK(*expand("c:\\dir\\$v", look_up, '`') == "c:\\dir\\value");
    CHECK(*expand("\"`\" `x\"", look_up, '`') == "\" `x");
}

TEST_CASE("names that are not set are reported, also behind a default") {
    UnsetNames unset;
    CHECK(*expand("$v$u ${w:-x} ${empty} \"$y\"", look_up, '\\', &unset) == "value x  ");
    CHECK(unset == UnsetNames{"u", "w", "y"});
}

TEST_CASE("words of a result fall apart where no quote protects their blanks") {
    const auto words = [](std::string_view text) {
        std::string joined;
        const auto all = expand_words(text, look_up);
        for (const auto& word : *all)
            joined += "[" + word + "]";
        return joined;
    };
    CHECK(words("80 443") == "[80][443]");
    CHECK(words("$blanks") == "[a][b]");
    CHECK(words("\"$blanks\"") == "[a  b]");
    CHECK(words("x${blanks}y") == "[xa][by]");
    CHECK(words("$u") == "");
    CHECK(words("$u ''") == "");
    CHECK(words("80${u:-80}") == "[8080]");
    CHECK(words("a\\ b") == "[a b]");
}

TEST_CASE("heredoc bodies: quotes are ordinary, a backslash protects any character") {
    const auto body = [](std::string_view text) { return expand_heredoc(text, look_up).value(); };
    CHECK(body("it's \"$v\"\n") == "it's \"value\"\n");
    CHECK(body("\\$v \\\\ \\n a\\\nb\n") == "$v \\ n a\nb\n");
    CHECK(body("$(date) `id` $1 $@\n") == "$(date) `id`  \n");
    CHECK(body("'${u:-it's}'") == "'it's'");
    CHECK_FALSE(expand_heredoc("${v^^}", look_up).has_value());
}

TEST_CASE("no nesting, length or doubling of values can exhaust the machine") {
    std::string nested;
    for (int i = 0; i < 100'000; ++i)
        nested += "${u:-";
    CHECK(error_of(nested).find("too many ${} inside each other") != std::string::npos);

    const VariableLookup huge = [](std::string_view) {
        return std::optional<std::string>(std::string(std::size_t{40} << 20U, 'x'));
    };
    CHECK_FALSE(expand("$a$a$a$a$a$a$a$a", huge).has_value());
    CHECK_FALSE(expand("\"$a$a$a$a$a$a$a$a\"", huge).has_value());
    CHECK_FALSE(expand("${a//x/$a}", huge).has_value());

    const VariableLookup many_a = [](std::string_view) {
        return std::optional<std::string>(std::string(200'000, 'a'));
    };
    CHECK(expand("${a//a*a*a*a*a*a*b/x}", many_a).value().size() == 200'000);
    CHECK_FALSE(expand("${a//$a/x}", many_a).has_value());
}
