#include "parser/path.hpp"

#include <algorithm>
#include <vector>

namespace mybuild {

std::string clean_path(std::string_view path) {
    const bool rooted = path.starts_with('/');
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at < path.size();) {
        const auto slash = std::min(path.find('/', at), path.size());
        const auto part = path.substr(at, slash - at);
        at = slash + 1;
        if (part.empty() || part == ".") continue;
        if (part != "..")
            parts.push_back(part);
        else if (!parts.empty() && parts.back() != "..")
            parts.pop_back();
        else if (!rooted)
            parts.push_back(part);
    }
    std::string out;
    for (const auto part : parts) {
        if (rooted || !out.empty()) out += '/';
        out += part;
    }
    if (out.empty()) return rooted ? "/" : ".";
    return out;
}

std::string path_base(std::string_view path) {
    if (path.empty()) return ".";
    while (path.size() > 1 && path.ends_with('/'))
        path.remove_suffix(1);
    if (path == "/") return "/";
    return std::string(path.substr(path.rfind('/') + 1));
}

} // namespace mybuild
