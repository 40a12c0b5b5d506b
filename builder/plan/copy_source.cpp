#include "builder/plan/copy_source.hpp"

#include "parser/git_url.hpp"

namespace mybuild::plan {

SourceKind classify_source(std::string_view text) {
    if (is_git_url(text)) return SourceKind::git;
    const bool is_http = text.starts_with("http://") || text.starts_with("https://");
    return is_http ? SourceKind::http : SourceKind::path;
}

} // namespace mybuild::plan
