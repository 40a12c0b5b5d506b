#include "builder/plan/paths.hpp"

#include <vector>

namespace mybuild::plan {

std::string clean_path(std::string_view directory, std::string_view path) {
    std::vector<std::string_view> parts;
    const auto take = [&](std::string_view text) {
        while (!text.empty()) {
            const auto slash = text.find('/');
            const auto part = text.substr(0, slash);
            text = slash == text.npos ? std::string_view() : text.substr(slash + 1);
            if (part.empty() || part == ".") continue;
            if (part != "..")
                parts.push_back(part);
            else if (!parts.empty())
                parts.pop_back();
        }
    };
    if (!path.starts_with('/')) take(directory);
    take(path);
    std::string clean;
    for (const auto part : parts)
        clean.append("/").append(part);
    return clean.empty() ? "/" : clean;
}

std::string destination_path(std::string_view directory, std::string_view path) {
    std::string clean = clean_path(directory, path);
    const bool is_directory =
        path.empty() || path == "." || path.ends_with('/') || path.ends_with("/.");
    if (is_directory && clean != "/") clean += '/';
    return clean;
}

std::string next_workdir(std::string_view current, std::string_view path) {
    if (path.starts_with('/')) return std::string(path);
    if (path.empty() && current.starts_with('/')) return std::string(current);
    return clean_path(current, path);
}

} // namespace mybuild::plan
