#include "base/render.hpp"
#include "tests/support/golden_cases.hpp"
#include "tests/unit/plan/planned.hpp"

#include <doctest/doctest.h>

// testdata/dockerfiles/bad-plan: Dockerfiles that can be read but not planned, and the errors they
// end in.

namespace mybuild::plan::test {

TEST_CASE("Dockerfiles that cannot be planned give the errors beside them") {
    const auto root = mybuild::test::files::path(MYBUILD_SOURCE_DIR) / "testdata" / "dockerfiles";
    const auto count =
        mybuild::test::check_cases(root / "bad-plan", "error", [](const std::string& text) {
            const auto planned = try_plan(text);
            CHECK_FALSE(planned.has_value());
            auto errors = planned ? "none\n" : render(planned.error());
            CHECK(mybuild::test::unhelpful_error(errors) == "");
            return errors;
        });
    CHECK(count >= 60);
}

} // namespace mybuild::plan::test
