#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

/// Golden cases of one topic in one file, `*.cases`:
///
///     === name-of-the-case
///     what is given, line by line
///     --- what comes out of it, up to the next case
///     expected, line by line
///
/// What cannot be written so (other line endings, bytes that no editor shows) has a directory of
/// its own. MYBUILD_REGENERATE=1 writes what is expected anew; read the difference before
/// committing it.
namespace mybuild::test {

namespace files = std::filesystem;

inline std::string read_text(const files::path& path) {
    const std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

inline bool regenerating() {
    const char* again = std::getenv("MYBUILD_REGENERATE");
    return again != nullptr && std::string_view(again) == "1";
}

/// The first of the errors, as they are printed, that does not say where it is, with a caret, or
/// what to do next; empty: there is none. What a `${NAME:?TEXT}` says is up to its author.
inline std::string unhelpful_error(const std::string& printed) {
    constexpr std::string_view mark = "error: ";
    for (std::size_t begin = 0; begin < printed.size();) {
        const auto next = printed.find("\n" + std::string(mark), begin);
        const auto end = next == printed.npos ? printed.size() : next + 1;
        const auto error = printed.substr(begin, end - begin);
        begin = end;
        const auto has = [&](const char* text) { return error.find(text) != error.npos; };
        const bool says =
            has("\nhint: ") || has("\nnote: ") || error.starts_with("error: failed to process");
        if (!says || !has("\n  --> ") || !has("^")) return error;
    }
    return {};
}

struct GoldenCase {
    std::string name, given, label, expected;
};

inline std::vector<GoldenCase> read_cases(const files::path& path) {
    std::vector<GoldenCase> cases;
    std::istringstream lines(read_text(path));
    std::string* part = nullptr;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("=== ")) {
            cases.push_back({line.substr(4), {}, {}, {}});
            part = &cases.back().given;
        } else if (part != nullptr && line.starts_with("--- ")) {
            cases.back().label = line.substr(4);
            part = &cases.back().expected;
        } else if (part != nullptr) {
            *part += line + "\n";
        }
    }
    return cases;
}

/// The *.cases in a directory, by name.
inline std::vector<files::path> case_files(const files::path& directory) {
    std::vector<files::path> out;
    for (const auto& entry : files::directory_iterator(directory))
        if (entry.path().extension() == ".cases") out.push_back(entry.path());
    std::sort(out.begin(), out.end());
    return out;
}

/// Holds all cases of a directory against what `run` makes of them; their number.
inline std::size_t check_cases(const files::path& directory, std::string_view label,
                               const std::function<std::string(const std::string&)>& run) {
    std::size_t count = 0;
    for (const auto& path : case_files(directory)) {
        std::string again;
        std::vector<std::string> names;
        for (const auto& one : read_cases(path)) {
            CAPTURE(path.filename().string());
            CAPTURE(one.name);
            CHECK(std::find(names.begin(), names.end(), one.name) == names.end());
            names.push_back(one.name);
            const auto actual = run(one.given);
            if (!regenerating()) CHECK(one.expected == actual);
            again += "=== " + one.name + "\n" + one.given + "--- " + std::string(label) + "\n";
            again += actual;
            ++count;
        }
        if (regenerating()) std::ofstream(path, std::ios::binary) << again;
    }
    return count;
}

} // namespace mybuild::test
