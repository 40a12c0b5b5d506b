#include "builder/plan/paths.hpp"

#include "parser/path.hpp"

namespace mybuild::plan {

std::string clean_path(std::string_view directory, std::string_view path) {
    std::string whole = "/";
    if (!path.starts_with('/')) whole.append(directory).append("/");
    return mybuild::clean_path(whole.append(path));
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
