#include "cache/key.hpp"

#include <doctest/doctest.h>

#include <functional>

using namespace mybuild;

namespace {

using Fill = std::function<void(KeyBuilder&)>;

std::string key(std::string_view kind, const Fill& fill) {
    KeyBuilder builder(kind);
    fill(builder);
    return builder.digest().hex();
}

} // namespace

// Computed from the grammar in cache/key.cpp by another program. A digest that changes here makes
// every cache in the world miss: do not adapt it, give the encoding a new version.
TEST_CASE("keys are what they have always been") {
    struct Case {
        const char* kind;
        Fill fill;
        const char* digest;
    };
    const std::vector<Case> cases = {
        {"run", [](KeyBuilder&) {},
         "0ddc242d1855f98a6c9c9a734d10f9aa3f59fd6baee13e4ee76d579ece6642fc"},
        {"run", [](KeyBuilder& k) { k.add("user", "app"); },
         "094312c68422c10a64a8dc0a5c96f0f9a08812578762db85e42806744d2acaaa"},
        {"run", [](KeyBuilder& k) { k.add("parent", Digest::of("abc")); },
         "8eb536655fb51e098de508e6139e8d42467b51afc8c9bfc180d1050ceb1f5d4c"},
        {"run", [](KeyBuilder& k) { k.add("size", std::uint64_t{0x0102030405060708}); },
         "8ac7eb1d3ee9dbfe44a757b5a588a2201bd9b0a45ec5268fd88ad435b1f1f96b"},
        {"run", [](KeyBuilder& k) { k.add("link", true); },
         "f25e88600daf82c52403328073c9d754702d52d888621ab237e7060272e41db5"},
        {"run",
         [](KeyBuilder& k) {
             k.add("argv", std::vector<std::string>{"/bin/sh", "-c", "echo \xff\n"});
         },
         "65acab31eb258f3984aed14930aab402c26b47fd03158a7e62f88b9b9633da28"},
        {"copy",
         [](KeyBuilder& k) {
             k.add("destination", std::string("/app")).add("link", false);
             k.add("exclude", std::vector<std::string>{}).add("uid", std::uint64_t{1000});
             k.add("below", Digest::of(""));
         },
         "34ce648c81a22f1b0028142540d4ee0a121db42fc46eefff4cd7d34fae6f4a32"},
    };
    for (const auto& [kind, fill, digest] : cases)
        CHECK(key(kind, fill) == digest);
}

TEST_CASE("what is different has different keys") {
    using List = std::vector<std::string>;
    const std::vector<std::pair<const char*, Fill>> different = {
        {"nothing", [](KeyBuilder&) {}},
        {"a name without a value", [](KeyBuilder& k) { k.add("ab", ""); }},
        {"the boundary between name and value", [](KeyBuilder& k) { k.add("a", "b"); }},
        {"two fields", [](KeyBuilder& k) { k.add("a", "").add("b", ""); }},
        {"their order", [](KeyBuilder& k) { k.add("b", "").add("a", ""); }},
        {"twice the same", [](KeyBuilder& k) { k.add("b", "").add("b", ""); }},
        {"text that looks like a number", [](KeyBuilder& k) { k.add("a", "1"); }},
        {"a number", [](KeyBuilder& k) { k.add("a", std::uint64_t{1}); }},
        {"a truth value", [](KeyBuilder& k) { k.add("a", true); }},
        {"text that looks like a truth value", [](KeyBuilder& k) { k.add("a", "true"); }},
        {"a list of one", [](KeyBuilder& k) { k.add("a", List{"1"}); }},
        {"an empty list", [](KeyBuilder& k) { k.add("a", List{}); }},
        {"a list of one empty text", [](KeyBuilder& k) { k.add("a", List{""}); }},
        {"a list's boundaries", [](KeyBuilder& k) { k.add("a", List{"x y"}); }},
        {"a list of two",
         [](KeyBuilder& k) {
             k.add("a", List{"x", "y"});
         }},
        {"a list that reads like another", [](KeyBuilder& k) { k.add("a", List{"x\",\"y"}); }},
        {"text that reads like a list", [](KeyBuilder& k) { k.add("a", "[\"x\",\"y\"]"); }},
        {"a digest", [](KeyBuilder& k) { k.add("a", Digest::of("x")); }},
        {"the text of a digest", [](KeyBuilder& k) { k.add("a", Digest::of("x").str()); }},
    };
    for (std::size_t i = 0; i < different.size(); ++i) {
        CAPTURE(different[i].first);
        CHECK(key("run", different[i].second) != key("copy", different[i].second));
        for (std::size_t j = 0; j < i; ++j) {
            CAPTURE(different[j].first);
            CHECK(key("run", different[i].second) != key("run", different[j].second));
        }
    }
}

TEST_CASE("a literal, a string and a view are the same value") {
    const auto literal = key("run", [](KeyBuilder& k) { k.add("a", "text"); });
    CHECK(literal == key("run", [](KeyBuilder& k) { k.add("a", std::string("text")); }));
    CHECK(literal == key("run", [](KeyBuilder& k) { k.add("a", std::string_view("text")); }));
}

TEST_CASE("fields can be read") {
    KeyBuilder builder("run");
    builder.add("text", "a b").add("yes", true).add("no", false).add("number", std::uint64_t{42});
    builder.add("list", std::vector<std::string>{"a b", "say \"hi\"", "\\"});
    builder.add("digest", Digest::of(""));
    CHECK(
        builder.fields() ==
        KeyFields{{"text", "a b"},
                  {"yes", "true"},
                  {"no", "false"},
                  {"number", "42"},
                  {"list", R"(["a b","say \"hi\"","\\"])"},
                  {"digest", "sha256:"
                             "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}});
}

TEST_CASE("stored fields have one line each and come back as they were") {
    struct Case {
        KeyFields fields;
        std::string text;
    };
    const std::vector<Case> cases = {
        {{}, "fields 1\n"},
        {{{"a", "b"}}, "fields 1\na=b\n"},
        {{{"a", "b"}, {"a", "b"}}, "fields 1\na=b\na=b\n"},
        {{{"", ""}}, "fields 1\n=\n"},
        {{{"a=b", "c=d"}}, "fields 1\na\\=b=c=d\n"},
        {{{"a", "line\nline\r"}}, "fields 1\na=line\\nline\\x0d\n"},
        {{{"a", "\\ \t \x7f \xff"}}, "fields 1\na=\\\\ \t \\x7f \xff\n"},
        {{{std::string("\0", 1), "\x1b["}}, "fields 1\n\\x00=\\x1b[\n"},
    };
    for (const auto& [fields, text] : cases) {
        CAPTURE(text);
        CHECK(encode_fields(fields) == text);
        const auto back = decode_fields(text);
        REQUIRE(back);
        CHECK(*back == fields);
    }
}

TEST_CASE("text that is no list of fields is an error") {
    for (const auto* text : {"", "fields 1", "fields 2\na=b\n", "a=b\n", "fields 1\na=b",
                             "fields 1\na\n", "fields 1\na=\\", "fields 1\na=\\q\n",
                             "fields 1\na=\\x0\n", "fields 1\na=\\x0G\n", "fields 1\n\n"}) {
        CAPTURE(text);
        const auto fields = decode_fields(text);
        REQUIRE_FALSE(fields);
        CHECK(fields.error().code == ErrorCode::corrupt);
    }
}
