#include "base/error_list.hpp"
#include "base/render.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace mybuild;

namespace {

const auto file = std::make_shared<const Source>("Dockerfile", "one\ntwo\nthree\n");

Error at(std::uint32_t begin, std::string message) {
    return Error{ErrorCode::invalid, std::move(message)}.at(file, {begin, begin + 1});
}

std::string messages(const std::vector<Error>& errors) {
    std::string all;
    for (const auto& error : errors)
        all += error.message + " ";
    return all;
}

} // namespace

TEST_CASE("errors come out in the order of their places, those without one first") {
    ErrorList errors;
    errors.add(at(8, "c"));
    errors.add(at(0, "a"));
    errors.add(Error{ErrorCode::invalid, "nowhere"});
    errors.add(at(4, "b"));
    CHECK(messages(std::move(errors).sorted()) == "nowhere a b c ");
}

TEST_CASE("an error met on two ways is one; what it carries is taken apart") {
    ErrorList errors;
    errors.add(joined({at(4, "b"), at(0, "a")}));
    errors.add(at(4, "b"));
    errors.add(at(4, "another at the same place"));
    CHECK(errors.size() == 3);
    CHECK(messages(std::move(errors).sorted()) == "a b another at the same place ");
}

TEST_CASE("results are taken as they come: success adds nothing") {
    ErrorList errors;
    CHECK(errors.take(Result<int>(1)));
    CHECK(errors.take(Status()));
    CHECK(errors.empty());
    CHECK(std::move(errors).status().has_value());

    ErrorList two;
    CHECK_FALSE(two.take(Result<int>(fail(at(4, "b")))));
    CHECK_FALSE(two.take(Status(fail(at(0, "a")))));
    const auto status = std::move(two).status();
    REQUIRE_FALSE(status.has_value());
    CHECK(messages(separated(status.error())) == "a b ");
}

TEST_CASE("several errors are shown one after the other, and too many are counted") {
    CHECK(render(joined({at(0, "first"), at(4, "second")})) == "error: first\n"
                                                               "  --> Dockerfile:1:1\n"
                                                               "   |\n"
                                                               " 1 | one\n"
                                                               "   | ^\n"
                                                               "\n"
                                                               "error: second\n"
                                                               "  --> Dockerfile:2:1\n"
                                                               "   |\n"
                                                               " 2 | two\n"
                                                               "   | ^\n");
    std::vector<Error> many;
    for (std::size_t i = 0; i < most_shown_errors + 2; ++i)
        many.push_back(Error{ErrorCode::invalid, "e" + std::to_string(i)});
    const auto text = render(joined(many));
    CHECK(text.ends_with("error: e19\n\nand 2 more errors\n"));
    many.pop_back();
    CHECK(render(joined(many)).ends_with("\nand 1 more error\n"));
    many.pop_back();
    CHECK(render(joined(many)).ends_with("error: e19\n"));
}
