#include "builder/copy/source_path.hpp"

#include "parser/text.hpp"
#include "parser/wildcard.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild {

std::string clean_source(std::string_view path) {
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at < path.size();) {
        const auto end = std::min(path.find('/', at), path.size());
        const auto part = path.substr(at, end - at);
        if (part == "..") {
            if (!parts.empty()) parts.pop_back();
        } else if (!part.empty() && part != ".") {
            parts.push_back(part);
        }
        at = end + 1;
    }
    std::string out;
    for (const auto part : parts) {
        if (!out.empty()) out += '/';
        out += part;
    }
    return out;
}

std::string join_source(const std::string& directory, const std::string& name) {
    return directory.empty() ? name : directory + "/" + name;
}

Error missing_source(const std::string& written, const SourceTree& tree) {
    return {ErrorCode::not_found,
            fmt::format("\"/{}\" not found in the {}", written, tree.name()),
            {},
            tree.missing_hint()};
}

Result<std::vector<std::string>> expand_wildcards(const std::string& pattern, SourceTree& tree) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at <= pattern.size();) {
        const auto end = std::min(pattern.find('/', at), pattern.size());
        parts.push_back(pattern.substr(at, end - at));
        at = end + 1;
    }
    std::size_t plain = 0;
    std::string base;
    while (plain < parts.size() && !has_wildcard(parts[plain]))
        base = join_source(base, parts[plain++]);
    TRY_ASSIGN(base, tree.resolve(base));
    TRY_ASSIGN(const auto start, tree.find(base));
    if (!start || start->entry.type != EntryType::directory)
        return fail(missing_source(base, tree));

    std::vector<std::string> level{base};
    for (auto part = plain; part < parts.size(); ++part) {
        std::vector<std::string> next;
        for (const auto& directory : level) {
            TRY_ASSIGN(const auto node, tree.find(directory));
            if (!node || node->entry.type != EntryType::directory) continue;
            TRY_ASSIGN(const auto names, tree.children(directory));
            for (const auto& name : names) {
                TRY_ASSIGN(const bool fits, wildcard_match(parts[part], name));
                if (fits) next.push_back(join_source(directory, name));
            }
        }
        level = std::move(next);
    }
    return level;
}

PivotedSource split_pivot(std::string_view source) {
    PivotedSource pivoted;
    const auto pivot = source.find("/./");
    if (pivot != std::string_view::npos) {
        pivoted.top = clean_source(source.substr(0, pivot));
        source.remove_prefix(pivot + 3);
    }
    pivoted.pattern = clean_source(source);
    pivoted.plain = !has_wildcard(pivoted.top) && !has_wildcard(pivoted.pattern);
    return pivoted;
}

namespace {

/// The components at the beginning of a pattern that match themselves alone.
std::vector<std::string> literal_start(const std::string& pattern) {
    std::vector<std::string> parts;
    if (pattern.starts_with('!') || text::trim(pattern) != pattern) return parts;
    for (std::size_t at = 0; at < pattern.size();) {
        const auto end = std::min(pattern.find('/', at), pattern.size());
        auto part = pattern.substr(at, end - at);
        if (part.find_first_of("*?[\\") != std::string::npos) break;
        parts.push_back(std::move(part));
        at = end + 1;
    }
    return parts;
}

} // namespace

Result<std::vector<SourceNode>> walk_for_pattern(const std::string& top, const std::string& pattern,
                                                 SourceTree& tree) {
    std::vector<SourceNode> nodes;
    TRY_ASSIGN(auto node, tree.find(top));
    auto at = top;
    for (const auto& part : literal_start(pattern)) {
        if (!node || node->entry.type != EntryType::directory) break;
        nodes.push_back(std::move(*node));
        at = join_source(at, part);
        TRY_ASSIGN(node, tree.find(at));
    }
    if (!node) return nodes;
    // What walk() says of the root may be nothing: a stage's has no entry.
    TRY_ASSIGN(auto below, tree.walk(at));
    const bool has_first = !below.empty() && below.front().entry.path == at;
    if (!has_first) nodes.push_back(std::move(*node));
    std::move(below.begin(), below.end(), std::back_inserter(nodes));
    return nodes;
}

} // namespace mybuild
