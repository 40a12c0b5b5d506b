#include "builder/history.hpp"

#include <doctest/doctest.h>

using namespace mybuild;

TEST_CASE("times are RFC 3339 in UTC with the digits that they have") {
    CHECK(format_time(0) == "1970-01-01T00:00:00Z");
    CHECK(format_time(1'700'000'000'123'456'789) == "2023-11-14T22:13:20.123456789Z");
    CHECK(format_time(1'700'000'000'500'000'000) == "2023-11-14T22:13:20.5Z");
    CHECK(format_time(-1) == "1969-12-31T23:59:59.999999999Z");
}

TEST_CASE("a step adds its line of history, and a layer's diff id") {
    oci::ImageConfig before;
    before.history.push_back({.created = "2020-01-01T00:00:00Z", .created_by = "base"});
    before.diff_ids = {Digest::of("base")};
    plan::Step step;
    step.created_by = "ENV A=1";
    step.config.env = {"A=1"};
    auto after = extended_config(before, step, std::nullopt, 0);
    CHECK(after.history.size() == 2);
    CHECK(after.history[1].empty_layer);
    CHECK(after.env == std::vector<std::string>{"A=1"});
    CHECK(after.created == "1970-01-01T00:00:00Z");
    after = extended_config(after, step, Digest::of("layer"), 1'000'000'000);
    CHECK_FALSE(after.history[2].empty_layer);
    CHECK(after.diff_ids == std::vector{Digest::of("base"), Digest::of("layer")});
}

TEST_CASE("the history of a base says as many layers as it has") {
    struct Case {
        std::string given; ///< a letter for each line: + has a layer, - has none
        std::size_t layers;
        std::string completed;
    };
    const Case cases[] = {
        {"", 0, ""},     {"-", 0, "-"},      {"", 2, "++"},       {"+-", 1, "+-"},
        {"-", 2, "-++"}, {"+-+", 3, "+-++"}, {"+-++", 2, "+-+-"}, {"+", 0, "-"},
    };
    for (const auto& [given, layers, completed] : cases) {
        CAPTURE(given);
        oci::ImageConfig base;
        base.created = "2020-01-01T00:00:00Z";
        for (const char line : given)
            base.history.push_back({.created_by = "given", .empty_layer = line == '-'});
        base.diff_ids.assign(layers, Digest::of("layer"));
        complete_history(base);
        std::string found;
        for (std::size_t i = 0; i < base.history.size(); ++i) {
            found += base.history[i].empty_layer ? '-' : '+';
            CHECK((base.history[i].created_by == "given") == (i < given.size()));
        }
        CHECK(found == completed);
    }
}

TEST_CASE("ONBUILD leaves no line of history and no time") {
    plan::Step step;
    step.has_history = false;
    const auto after = extended_config({}, step, std::nullopt, 5);
    CHECK(after.history.empty());
    CHECK(after.created.empty());
}

TEST_CASE("SOURCE_DATE_EPOCH keeps an image from being younger") {
    struct Case {
        std::string created;
        std::string clamped;
    };
    const Case cases[] = {
        {"2001-09-09T01:46:41Z", "2001-09-09T01:46:40Z"},
        {"2001-09-09T01:46:40.5Z", "2001-09-09T01:46:40Z"},
        {"2001-09-09T01:46:40Z", "2001-09-09T01:46:40Z"},
        {"2001-09-09T01:46:39.9Z", "2001-09-09T01:46:39.9Z"},
        {"1999-01-01T00:00:00Z", "1999-01-01T00:00:00Z"},
        {"", ""},
    };
    for (const auto& [created, clamped] : cases) {
        CAPTURE(created);
        oci::ImageConfig config;
        config.created = created;
        config.history = {{.created = "2020-01-01T00:00:00Z"}};
        clamp_created(config, 1'000'000'000'000'000'000);
        CHECK(config.created == clamped);
        CHECK(config.history.front().created == "2020-01-01T00:00:00Z");
    }
}
