#include "base/error_list.hpp"
#include "base/render.hpp"
#include "parser/dump.hpp"
#include "parser/parse.hpp"
#include "tests/support/golden_cases.hpp"

#include <doctest/doctest.h>

// testdata/dockerfiles/good: Dockerfiles and the trees they give, with warnings; bad: Dockerfiles
// and the errors they end in. As *.cases (tests/support/golden_cases.hpp), or, where bytes matter,
// NAME/{Dockerfile,ast} and NAME/{Dockerfile,error}.

using namespace mybuild;
using namespace mybuild::test;

namespace {

const files::path root = files::path(MYBUILD_SOURCE_DIR) / "testdata" / "dockerfiles";

std::vector<files::path> directories(const char* kind) {
    std::vector<files::path> out;
    for (const auto& entry : files::directory_iterator(root / kind))
        if (files::exists(entry.path() / "Dockerfile")) out.push_back(entry.path());
    std::sort(out.begin(), out.end());
    return out;
}

void compare(const files::path& expected, const std::string& actual) {
    if (regenerating()) std::ofstream(expected, std::ios::binary) << actual;
    CHECK(read_text(expected) == actual);
}

ParseOutcome parse(const std::string& text) {
    return parse_dockerfile(std::make_shared<Source>("Dockerfile", text));
}

/// As a build prints them.
std::string errors_of(const std::string& text) {
    auto outcome = parse(text);
    return outcome.errors.empty() ? "none\n" : render(joined(std::move(outcome.errors)));
}

std::string tree_of(const std::string& text) {
    auto outcome = parse(text);
    if (!outcome.errors.empty()) return render(joined(std::move(outcome.errors)));
    auto tree = dump(outcome.file);
    for (const auto& warning : outcome.warnings)
        tree += render_warning(warning);
    return tree;
}

} // namespace

TEST_CASE("good Dockerfiles give the tree beside them") {
    for (const auto& directory : directories("good")) {
        CAPTURE(directory.filename().string());
        compare(directory / "ast", tree_of(read_text(directory / "Dockerfile")));
    }
    const auto count = check_cases(root / "good", "tree", [](const std::string& text) {
        auto tree = tree_of(text);
        CHECK_FALSE(tree.starts_with("error: "));
        return tree;
    });
    CHECK(directories("good").size() + count >= 150);
}

TEST_CASE("bad Dockerfiles give the errors beside them") {
    for (const auto& directory : directories("bad")) {
        CAPTURE(directory.filename().string());
        compare(directory / "error", errors_of(read_text(directory / "Dockerfile")));
    }
    const auto count = check_cases(root / "bad", "error", [](const std::string& text) {
        auto errors = errors_of(text);
        CHECK(errors.starts_with("error: "));
        CHECK(unhelpful_error(errors) == "");
        return errors;
    });
    CHECK(directories("bad").size() + count >= 150);
}
