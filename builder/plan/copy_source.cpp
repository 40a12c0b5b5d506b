#include "builder/plan/copy_source.hpp"

#include "parser/git_url.hpp"

#include <algorithm>

namespace mybuild::plan {

SourceKind classify_source(std::string_view text) {
    if (is_git_url(text)) return SourceKind::git;
    const bool is_http = text.starts_with("http://") || text.starts_with("https://");
    return is_http ? SourceKind::http : SourceKind::path;
}

std::string shown_source(std::string_view text) {
    std::string shown(text);
    const auto scheme = text.find("://");
    if (classify_source(text) == SourceKind::path || scheme == text.npos) return shown;
    const auto begin = scheme + 3;
    const auto end = std::min(text.find_first_of("/?#", begin), text.size());
    const auto at = text.substr(0, end).rfind('@');
    const auto colon = text.substr(0, end).find(':', begin);
    if (at == text.npos || at < begin || colon == text.npos || colon > at) return shown;
    return shown.replace(colon + 1, at - colon - 1, "xxxxx");
}

} // namespace mybuild::plan
