#include "image/oci/layer_entry.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace mybuild;

TEST_CASE("canonical order goes component by component, a directory before what is in it") {
    const std::vector<std::string> ordered = {
        "",
        "a",
        "a/b",
        "a/b/c",
        "a/b!",
        "a!",
        "a-very-long-name-that-is-longer-than-eight-bytes",
        "a-very-long-name-that-is-longer-than-eight-bytes/x",
        "a-very-long-name-that-is-longer-than-eight-bytes.txt",
        "a.",
        "ab",
        "b",
        "\xc3\xa9",
        "\xff",
    };
    for (std::size_t i = 0; i < ordered.size(); ++i) {
        for (std::size_t j = 0; j < ordered.size(); ++j) {
            CAPTURE(ordered[i]);
            CAPTURE(ordered[j]);
            CHECK((compare_paths(ordered[i], ordered[j]) == (i <=> j)));
        }
    }
}

TEST_CASE("compare_paths agrees with comparing lists of components") {
    const auto components = [](std::string_view path) {
        std::vector<std::string> out;
        for (std::size_t begin = 0;;) {
            const auto slash = path.find('/', begin);
            out.emplace_back(path.substr(begin, slash == path.npos ? slash : slash - begin));
            if (slash == path.npos) return out;
            begin = slash + 1;
        }
    };
    std::mt19937 random(1);
    const std::string alphabet = "ab/.\xff-";
    const auto path = [&] {
        std::string out = "x";
        for (auto length = random() % 20; length > 0; --length) {
            const char next = alphabet[random() % alphabet.size()];
            if (next != '/' || out.back() != '/') out += next;
        }
        if (out.back() == '/') out.pop_back();
        return out;
    };
    for (int round = 0; round < 20'000; ++round) {
        const auto a = path();
        const auto b = path();
        CAPTURE(a);
        CAPTURE(b);
        REQUIRE((compare_paths(a, b) < 0) == (components(a) < components(b)));
        REQUIRE((compare_paths(a, b) == 0) == (a == b));
    }
}

TEST_CASE("directory part and last component") {
    CHECK(parent_path("a/b/c") == "a/b");
    CHECK(parent_path("a") == "");
    CHECK(parent_path("") == "");
    CHECK(base_name("a/b/c") == "c");
    CHECK(base_name("a") == "a");
    CHECK(base_name("") == "");
}
