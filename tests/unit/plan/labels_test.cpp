#include "tests/unit/plan/planned.hpp"

#include <doctest/doctest.h>

namespace mybuild::plan::test {

namespace {

using Labels = std::map<std::string, std::string>;

} // namespace

TEST_CASE("LABEL adds and overwrites") {
    oci::ImageConfig base;
    base.labels = {{"a", "base"}, {"b", "base"}};
    const auto planned = plan_text("FROM base\nENV v=1\nLABEL a=$v \"c d\"=\"e f\"\nLABEL x y z\n",
                                   {.images = {{"base:latest", base}}});
    CHECK(planned.config().labels ==
          Labels{{"a", "1"}, {"b", "base"}, {"c d", "e f"}, {"x", "y z"}});
}

TEST_CASE("--label comes last, unexpanded, and only to the image that is built") {
    const Given given{.labels = {{"a", "$v"}, {"b", "1"}, {"b", "2"}}};
    const auto planned =
        plan_text("FROM x AS one\nENV v=1\nLABEL a=file\nFROM one\nLABEL c=d\n", given);
    CHECK(planned.config().labels == Labels{{"a", "$v"}, {"b", "2"}, {"c", "d"}});
    CHECK(planned.stages.at(0).config.labels == Labels{{"a", "file"}});
}

TEST_CASE("--label is in no step and no history, so that no key depends on it") {
    const auto planned = plan_text("FROM x\nLABEL c=d\nRUN y\n", {.labels = {{"a", "1"}}});
    REQUIRE(planned.target().steps.size() == 2);
    for (const Step& step : planned.target().steps)
        CHECK(step.config.labels == Labels{{"c", "d"}});
    CHECK(planned.target().base_config.labels.empty());
    const auto bare = plan_text("FROM x\n", {.labels = {{"a", "1"}}});
    CHECK(bare.target().steps.empty());
    CHECK(bare.config().labels == Labels{{"a", "1"}});
}

TEST_CASE("an explicit --platform is put into the image that is built") {
    oci::ImageConfig base;
    base.platform = {.os = "linux", .architecture = "amd64"};
    base.os_version = "1";
    const Given said{
        .platform = "linux/arm/v6", .platform_given = true, .images = {{"base:latest", base}}};
    const auto planned = plan_text("FROM --platform=linux/amd64 base\nUSER u\n", said);
    CHECK(planned.config().platform.str() == "linux/arm/v6");
    CHECK(planned.config().os_version.empty());
    CHECK(planned.step(0).config.platform.str() == "linux/amd64");

    Given unsaid = said;
    unsaid.platform_given = false;
    CHECK(plan_text("FROM --platform=linux/amd64 base\n", unsaid).config().platform.str() ==
          "linux/amd64");
}

TEST_CASE("a --platform without a variant leaves the base's") {
    oci::ImageConfig base;
    base.platform = {.os = "linux", .architecture = "amd64", .variant = "v3"};
    base.os_version = "1";
    const auto planned = plan_text(
        "FROM base\n",
        {.platform = "linux/amd64", .platform_given = true, .images = {{"base:latest", base}}});
    CHECK(planned.config().platform.str() == "linux/amd64/v3");
    CHECK(planned.config().os_version == "1");
}

} // namespace mybuild::plan::test
