#include "builder/copy/filter.hpp"

#include <algorithm>

namespace mybuild {

Result<CopyFilter> CopyFilter::parse(const std::optional<std::string>& include,
                                     const std::vector<std::string>& excludes) {
    CopyFilter filter;
    if (include) {
        const std::vector<std::string> patterns{*include};
        TRY_ASSIGN(filter.m_include, IgnoreRules::from_patterns(patterns));
    }
    TRY_ASSIGN(filter.m_exclude, IgnoreRules::from_patterns(excludes));
    return filter;
}

bool CopyFilter::copies(std::string_view path) const {
    return (!m_include || m_include->ignored(path)) && !m_exclude.ignored(path);
}

void CopyFilter::apply(std::vector<SourceNode>& nodes, const std::string& root) const {
    if (!m_include && m_exclude.empty()) return;
    const auto relative = [&](const std::string& path) {
        return std::string_view(path).substr(root.empty() ? 0 : root.size() + 1);
    };
    std::vector<SourceNode> kept; // from the last to the first: what is in a directory before it
    for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
        const auto& path = node->entry.path;
        if (path != root && !copies(relative(path))) {
            if (node->entry.type != EntryType::directory || kept.empty() ||
                !kept.back().entry.path.starts_with(path + "/"))
                continue;
            node->on_the_way = true;
        }
        kept.push_back(std::move(*node));
    }
    std::reverse(kept.begin(), kept.end());
    nodes = std::move(kept);
}

} // namespace mybuild
