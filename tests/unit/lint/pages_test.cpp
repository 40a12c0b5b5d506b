#include "checked.hpp"
#include "lint/page.hpp"
#include "lint/rules.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace mybuild::lint {
namespace {

namespace files = std::filesystem;

const files::path docs = files::path(MYBUILD_SOURCE_DIR) / "docs";

std::string content(const files::path& path) {
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    return std::move(text).str();
}

Asked what_examples_need(const Rule& rule) {
    // Without the build arg, the example of InvalidDefaultArgInFrom is an error besides.
    Asked asked{.build_args = {{"VERSION", "3.20"}},
                .ignore_file = std::string(rule.page.ignore_file)};
    oci::ImageConfig arm, amd;
    arm.platform.architecture = "arm64";
    asked.images = {{"registry.example.com/only-arm64:1", arm},
                    {"registry.example.com/for-all:1", amd}};
    return asked;
}

/// Rules that are off run in the examples of their own pages.
std::string switched_on(const Rule& rule, std::string_view text) {
    if (rule.on != Default::named) return std::string(text);
    return "# check=experimental=" + std::string(rule.name) + "\n" + std::string(text);
}

} // namespace

TEST_CASE("a rule finds something in the bad example of its page and nothing in the good one") {
    for (const Rule* rule : all_rules()) {
        CAPTURE(rule->name);
        const auto asked = what_examples_need(*rule);
        const auto bad = checked(switched_on(*rule, rule->page.bad), asked);
        const auto good = checked(switched_on(*rule, rule->page.good), asked);
        CHECK(bad->survey.errors.empty());
        CHECK(good->survey.errors.empty());
        CHECK_FALSE(bad->messages(rule->name).empty());
        CHECK(good->messages(rule->name).empty());
    }
}

TEST_CASE("every finding says what to write instead") {
    for (const Rule* rule : all_rules()) {
        CAPTURE(rule->name);
        const auto bad = checked(switched_on(*rule, rule->page.bad), what_examples_need(*rule));
        for (const Finding& finding : bad->findings)
            CHECK_FALSE(finding.fix.empty());
    }
}

// With MYBUILD_UPDATE_GOLDEN=1 the pages are written anew.
TEST_CASE("docs/checks has the page of every rule, and no other") {
    const bool update = std::getenv("MYBUILD_UPDATE_GOLDEN") != nullptr;
    for (const Rule* rule : all_rules()) {
        CAPTURE(rule->name);
        const auto path = docs / "checks" / (std::string(rule->name) + ".md");
        if (update) std::ofstream(path) << page(*rule);
        CHECK(content(path) == page(*rule));
    }
    for (const auto& entry : files::directory_iterator(docs / "checks")) {
        CAPTURE(entry.path());
        CHECK(find_rule(entry.path().stem().string()) != nullptr);
    }
}

TEST_CASE("docs/checks.md links to every page") {
    const auto index = content(docs / "checks.md");
    for (const Rule* rule : all_rules()) {
        const auto name = std::string(rule->name);
        CAPTURE(name);
        CHECK(index.find("[" + name + "](checks/" + name + ".md)") != index.npos);
    }
}

TEST_CASE("rules have names of their own, BuildKit's its 22") {
    std::vector<std::string_view> names;
    for (const Rule* rule : all_rules())
        names.push_back(rule->name);
    std::ranges::sort(names);
    CHECK(std::ranges::adjacent_find(names) == names.end());
    CHECK(std::ranges::count(all_rules(), Origin::buildkit,
                             [](const Rule* rule) { return rule->origin; }) == 22);
    CHECK(find_rule("jsonargsrecommended") == find_rule("JSONArgsRecommended"));
    CHECK(find_rule("NoSuchRule") == nullptr);
}

} // namespace mybuild::lint
