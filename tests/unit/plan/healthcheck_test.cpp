#include "tests/unit/plan/planned.hpp"

#include <doctest/doctest.h>

namespace mybuild::plan::test {

namespace {

constexpr std::int64_t second = 1'000'000'000;

} // namespace

TEST_CASE("HEALTHCHECK") {
    struct Case {
        std::string_view line;
        oci::Healthcheck check;
        std::string_view history;
    };
    const Case cases[] = {
        {"HEALTHCHECK CMD curl  -f $x",
         {.test = {"CMD-SHELL", "curl  -f $x"}},
         "HEALTHCHECK {Test:[CMD-SHELL curl  -f $x] Interval:0s Timeout:0s StartPeriod:0s "
         "StartInterval:0s Retries:0}"},
        {"HEALTHCHECK cmd [\"curl\", \"-f\"]",
         {.test = {"CMD", "curl", "-f"}},
         "HEALTHCHECK {Test:[CMD curl -f] Interval:0s Timeout:0s StartPeriod:0s StartInterval:0s "
         "Retries:0}"},
        {"HEALTHCHECK NONE",
         {.test = {"NONE"}},
         "HEALTHCHECK {Test:[NONE] Interval:0s Timeout:0s StartPeriod:0s StartInterval:0s "
         "Retries:0}"},
        {"HEALTHCHECK --interval=5m --timeout=3s --start-period=1.5s --start-interval=300ms "
         "--retries=3 CMD x",
         {.test = {"CMD-SHELL", "x"},
          .interval = 300 * second,
          .timeout = 3 * second,
          .start_period = second + second / 2,
          .start_interval = 3 * second / 10,
          .retries = 3},
         "HEALTHCHECK {Test:[CMD-SHELL x] Interval:5m0s Timeout:3s StartPeriod:1.5s "
         "StartInterval:300ms Retries:3}"},
    };
    for (const auto& [line, check, text] : cases) {
        CAPTURE(line);
        const auto planned = plan_text("FROM a\n" + std::string(line) + "\n");
        CHECK((planned.config().healthcheck == check));
        CHECK(planned.last().created_by == text);
    }
}

TEST_CASE("SHELL is not put before the text of a health check") {
    const auto planned = plan_text("FROM a\nSHELL [\"/bin/bash\", \"-c\"]\nHEALTHCHECK CMD x\n");
    CHECK(planned.config().healthcheck->test == Words{"CMD-SHELL", "x"});
}

TEST_CASE("the last health check counts, and replaces the base's as a whole") {
    oci::ImageConfig base;
    base.healthcheck = oci::Healthcheck{.test = {"CMD", "old"}, .interval = second};
    const Given given{.images = {{"base:latest", base}}};
    CHECK((plan_text("FROM base\n", given).config().healthcheck == base.healthcheck));
    const auto replaced = plan_text("FROM base\nHEALTHCHECK CMD a\nHEALTHCHECK CMD b\n", given);
    CHECK(replaced.config().healthcheck->test == Words{"CMD-SHELL", "b"});
    CHECK(replaced.config().healthcheck->interval == 0);
}

} // namespace mybuild::plan::test
