#include "cli/tables.hpp"

#include <doctest/doctest.h>

using namespace mybuild::cli;

TEST_CASE("sizes as Docker prints them") {
    CHECK(human_size(0) == "0B");
    CHECK(human_size(999) == "999B");
    CHECK(human_size(1000) == "1kB");
    CHECK(human_size(7'049'000) == "7.05MB");
    CHECK(human_size(123'456'789) == "123MB");
    CHECK(human_size(1'234'000'000) == "1.23GB");
}

TEST_CASE("ages as Docker words them") {
    const auto ago = [](std::int64_t seconds) { return human_ago(0, seconds * 1'000'000'000); };
    CHECK(ago(0) == "Less than a second ago");
    CHECK(ago(1) == "1 second ago");
    CHECK(ago(59) == "59 seconds ago");
    CHECK(ago(60) == "About a minute ago");
    CHECK(ago(59 * 60) == "59 minutes ago");
    CHECK(ago(60 * 60) == "About an hour ago");
    CHECK(ago(47 * 3600) == "47 hours ago");
    CHECK(ago(3 * 86400) == "3 days ago");
    CHECK(ago(21 * 86400) == "3 weeks ago");
    CHECK(ago(90 * 86400) == "3 months ago");
    CHECK(ago(3 * 365 * 86400) == "3 years ago");
}

TEST_CASE("columns are ten wide or their longest cell and three blanks") {
    CHECK(table({{"A", "TAG", "X"}, {"long-name-here", "t", "1"}}) ==
          "A                TAG       X\nlong-name-here   t         1\n");
}

TEST_CASE("times are read back") {
    CHECK(parse_time("1970-01-01T00:00:01Z") == 1'000'000'000);
    CHECK(parse_time("1970-01-01T00:00:00.5Z") == 500'000'000);
    CHECK(parse_time("soon") == 0);
}
