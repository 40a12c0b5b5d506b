#include "builder/plan/copy_source.hpp"

#include <algorithm>

namespace mybuild::plan {

namespace {

bool is_word(std::string_view text, std::string_view more) {
    return !text.empty() && std::ranges::all_of(text, [&](char byte) {
        return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
               (byte >= '0' && byte <= '9') || more.find(byte) != more.npos;
    });
}

/// `git@github.com:team/project.git`
bool is_scp_like(std::string_view text) {
    const auto at = text.find('@');
    if (at == text.npos || !is_word(text.substr(0, at), "-_")) return false;
    const auto rest = text.substr(at + 1);
    const auto colon = rest.find(':');
    return colon != rest.npos && is_word(rest.substr(0, colon), "-.");
}

} // namespace

SourceKind classify_source(std::string_view text) {
    if (text.starts_with("git://") || text.starts_with("ssh://")) return SourceKind::git;
    if (text.starts_with("http://") || text.starts_with("https://")) {
        const auto path = text.substr(0, text.find_first_of("?#"));
        return path.ends_with(".git") ? SourceKind::git : SourceKind::http;
    }
    return is_scp_like(text) ? SourceKind::git : SourceKind::path;
}

} // namespace mybuild::plan
