#include "base/render.hpp"
#include "parser/dump.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

// testdata/dockerfiles/good/NAME/{Dockerfile,ast} and bad/NAME/{Dockerfile,error}. The expected
// files are written anew when MYBUILD_REGENERATE=1 is set; read the difference before committing
// it.

using namespace mybuild;
namespace files = std::filesystem;

namespace {

const files::path root = files::path(MYBUILD_SOURCE_DIR) / "testdata" / "dockerfiles";

std::vector<files::path> cases(const char* kind) {
    std::vector<files::path> out;
    for (const auto& entry : files::directory_iterator(root / kind))
        if (files::exists(entry.path() / "Dockerfile")) out.push_back(entry.path());
    std::sort(out.begin(), out.end());
    return out;
}

std::string read(const files::path& path) {
    const std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

void compare(const files::path& expected, const std::string& actual) {
    if (const char* again = std::getenv("MYBUILD_REGENERATE"); again && std::string(again) == "1")
        std::ofstream(expected, std::ios::binary) << actual;
    CHECK(read(expected) == actual);
}

ParseOutcome parse(const files::path& directory) {
    return parse_dockerfile(std::make_shared<Source>("Dockerfile", read(directory / "Dockerfile")));
}

std::string rendered(const std::vector<Error>& errors) {
    std::string out;
    for (const auto& error : errors)
        out += render(error);
    return out;
}

} // namespace

TEST_CASE("good Dockerfiles give the tree beside them") {
    const auto all = cases("good");
    CHECK(all.size() >= 40);
    for (const auto& directory : all) {
        CAPTURE(directory.filename().string());
        const auto outcome = parse(directory);
        CHECK(rendered(outcome.errors) == "");
        auto text = dump(outcome.file);
        for (const auto& warning : outcome.warnings)
            text += render_warning(warning);
        compare(directory / "ast", text);
    }
}

TEST_CASE("bad Dockerfiles give the errors beside them") {
    const auto all = cases("bad");
    CHECK(all.size() >= 40);
    for (const auto& directory : all) {
        CAPTURE(directory.filename().string());
        const auto outcome = parse(directory);
        CHECK_FALSE(outcome.errors.empty());
        compare(directory / "error", rendered(outcome.errors));
    }
}
