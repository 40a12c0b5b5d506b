#include "parser/git_url.hpp"

#include "base/render.hpp"
#include "parser/path.hpp"
#include "parser/percent.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

namespace mybuild {
namespace {

constexpr std::string_view github = "github.com/";
constexpr std::size_t longest_url = 16U << 10U;

/// The text cut at its options; all parts as written.
struct Parts {
    std::string_view scheme; ///< empty: `user@host:path`
    std::string_view authority;
    std::string_view path; ///< with its leading `/`, but for `user@host:path`
    std::string_view query;
    std::string_view fragment;
};

tl::unexpected<Error> bad(std::string message) {
    return fail({ErrorCode::invalid, std::move(message)});
}

bool is_word(std::string_view text, std::string_view more) {
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               more.find(c) != more.npos;
    });
}

/// Takes what stands behind the first `mark` off the end of `text`.
std::string_view cut_off(std::string_view& text, char mark) {
    const auto at = text.find(mark);
    if (at == text.npos) return {};
    const auto rest = text.substr(at + 1);
    text = text.substr(0, at);
    return rest;
}

/// `git@github.com:team/project.git`
std::optional<Parts> split_scp(std::string_view text) {
    Parts parts;
    parts.fragment = cut_off(text, '#');
    parts.query = cut_off(text, '?');
    const auto at = text.find('@');
    if (at == text.npos || !is_word(text.substr(0, at), "-_")) return std::nullopt;
    const auto colon = text.find(':', at);
    if (colon == text.npos || !is_word(text.substr(at + 1, colon - at - 1), "-."))
        return std::nullopt;
    parts.authority = text.substr(0, colon);
    parts.path = text.substr(colon + 1);
    return parts;
}

std::optional<Parts> split_url(std::string_view text) {
    const auto colon = text.find("://");
    if (colon == text.npos || !is_word(text.substr(0, colon), "")) return std::nullopt;
    Parts parts;
    parts.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 3);
    parts.fragment = cut_off(text, '#');
    parts.query = cut_off(text, '?');
    const auto slash = std::min(text.find('/'), text.size());
    parts.authority = text.substr(0, slash);
    parts.path = text.substr(slash);
    return parts;
}

std::optional<GitUrl::Transport> transport_of(std::string_view scheme) {
    using Transport = GitUrl::Transport;
    const auto name = text::lower(scheme);
    if (name.empty() || name == "ssh") return Transport::ssh;
    if (name == "git") return Transport::git;
    if (name == "http") return Transport::http;
    if (name == "https") return Transport::https;
    return std::nullopt;
}

/// The parts of a text that is a git URL by its form.
std::optional<Parts> split_git(std::string_view text) {
    if (text.size() > longest_url) return std::nullopt;
    if (text.starts_with("./") || text.starts_with("../") || text.starts_with('/'))
        return std::nullopt;
    auto parts = text.find("://") == text.npos ? split_scp(text) : split_url(text);
    if (!parts) return std::nullopt;
    const auto transport = transport_of(parts->scheme);
    if (!transport) return std::nullopt;
    const bool by_name =
        *transport == GitUrl::Transport::http || *transport == GitUrl::Transport::https;
    const auto path = percent_decode(parts->path);
    if (by_name && (!path || !path->ends_with(".git"))) return std::nullopt;
    return parts;
}

/// Go's ParseBool, which BuildKit reads options with; nothing at all counts as true.
Result<bool> read_bool(std::string_view key, const std::string& value) {
    constexpr std::array yes{"", "1", "t", "T", "true", "TRUE", "True"};
    constexpr std::array no{"0", "f", "F", "false", "FALSE", "False"};
    if (std::ranges::find(yes, value) != yes.end()) return true;
    if (std::ranges::find(no, value) != no.end()) return false;
    return bad(fmt::format("invalid {} value: {}", key, text::quoted(value)));
}

using Query = std::map<std::string, std::string>;

Result<std::string> decoded(std::string_view text, std::string_view what) {
    auto value = percent_decode(text);
    if (!value || value->find('\0') != value->npos)
        return bad(fmt::format("malformed {} in a git URL: {}", what, printable(text)));
    return *std::move(value);
}

Result<Query> read_query(std::string_view text) {
    Query query;
    while (!text.empty()) {
        const auto end = std::min(text.find('&'), text.size());
        auto value = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (value.empty()) continue;
        const auto equals = std::min(value.find('='), value.size());
        std::string spaced(value.substr(std::min(equals + 1, value.size())));
        std::ranges::replace(spaced, '+', ' '); // as forms write it
        TRY_ASSIGN(auto key, decoded(value.substr(0, equals), "query"));
        TRY_ASSIGN(auto content, decoded(spaced, "query"));
        if (!query.emplace(key, std::move(content)).second)
            return bad(fmt::format("query {} has multiple values", text::quoted(key)));
    }
    return query;
}

/// Reads the options of a query one by one; what the fragment says stands in `url` already.
class Options {
  public:
    explicit Options(GitUrl& url) : m_url(url) {}

    Status take(const std::string& key, const std::string& value) {
        const bool is_flag =
            key == "submodules" || key == "keep-git-dir" || key == "fetch-by-commit";
        if (value.empty() && !is_flag)
            return bad(fmt::format("query {} has no value", text::quoted(key)));
        if (is_flag) return take_flag(key, value);
        if (key == "ref") return set(m_url.ref, "ref", value);
        if (key == "subdir") return set(m_url.subdir, "subdir", relative_clean(value));
        if (key == "tag") return set_full(m_tag, "refs/tags/", value);
        if (key == "branch") return set_full(m_branch, "refs/heads/", value);
        if (key == "checksum" || key == "commit") return set(m_url.checksum, "checksum", value);
        if (key == "mtime") return take_times(value);
        return bad(fmt::format("unexpected query {}", text::quoted(key)));
    }

    Status finish() {
        if (!m_tag.empty() && !m_branch.empty()) return bad("branch conflicts with tag");
        for (const auto& name : {m_tag, m_branch})
            if (!name.empty()) TRY(set(m_url.ref, "ref", name));
        if (m_url.fetch_by_commit && m_url.checksum.empty() && !is_commit_id(m_url.ref))
            return bad("fetch-by-commit requires a checksum or a commit SHA ref");
        if (m_url.fetch_by_commit && !m_url.checksum.empty() && !is_commit_id(m_url.checksum))
            return bad(fmt::format("fetch-by-commit requires a full commit SHA checksum, got {}",
                                   text::quoted(m_url.checksum)));
        return {};
    }

    static std::string relative_clean(std::string_view path) {
        auto clean = clean_path("/" + std::string(path));
        clean.erase(0, 1);
        return clean;
    }

  private:
    static Status set(std::string& member, std::string_view what, const std::string& value) {
        if (!member.empty() && member != value)
            return bad(fmt::format("{} conflicts: {} vs {}", what, text::quoted(member),
                                   text::quoted(value)));
        member = value;
        return {};
    }

    static Status set_full(std::string& member, std::string_view prefix, const std::string& value) {
        member = value.starts_with(prefix) ? value : std::string(prefix) + value;
        return {};
    }

    Status take_flag(const std::string& key, const std::string& value) {
        TRY_ASSIGN(const bool is_set, read_bool(key, value));
        if (key == "submodules") m_url.submodules = is_set;
        if (key == "keep-git-dir") m_url.keep_git_dir = is_set;
        if (key == "fetch-by-commit") m_url.fetch_by_commit = is_set;
        return {};
    }

    Status take_times(const std::string& value) {
        if (value != "checkout" && value != "commit")
            return bad(fmt::format("invalid mtime value: {} (must be \"checkout\" or \"commit\")",
                                   text::quoted(value)));
        m_url.times = value == "commit" ? GitUrl::Times::commit : GitUrl::Times::checkout;
        return {};
    }

    GitUrl& m_url;
    std::string m_tag, m_branch;
};

Status read_authority(std::string_view authority, GitUrl& url) {
    const auto at = authority.rfind('@');
    if (at != authority.npos) {
        const auto info = authority.substr(0, at);
        const auto colon = std::min(info.find(':'), info.size());
        TRY_ASSIGN(url.user, decoded(info.substr(0, colon), "user name"));
        TRY_ASSIGN(url.password,
                   decoded(info.substr(std::min(colon + 1, info.size())), "password"));
        authority.remove_prefix(at + 1);
    }
    url.host = text::lower(authority);
    if (url.host.empty() || !is_word(url.host, "-._:[]"))
        return bad(fmt::format("no valid host in a git URL: {}", printable(authority)));
    return {};
}

bool is_clean_text(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

/// Everything but the options.
Result<GitUrl> read_remote(const Parts& parts) {
    GitUrl url;
    url.transport = transport_of(parts.scheme).value();
    TRY(read_authority(parts.authority, url));
    const auto path = percent_encode_foreign(parts.path);
    if (path.empty() || path == "/" || !is_clean_text(path))
        return bad(fmt::format("no path to a repository in the URL of {}", printable(url.host)));
    url.remote = parts.scheme.empty()
                     ? fmt::format("{}:{}", url.host, path)
                     : fmt::format("{}://{}{}", text::lower(parts.scheme), url.host, path);
    return url;
}

} // namespace

bool is_git_url(std::string_view text) {
    return split_git(text).has_value();
}

bool is_git_context(std::string_view text) {
    return text.starts_with(github) || is_git_url(text);
}

Result<GitUrl> parse_git_url(std::string_view text) {
    const std::string whole =
        text.starts_with(github) ? "https://" + std::string(text) : std::string(text);
    // `github.com/a/b` need not end in .git.
    auto parts = text.starts_with(github) ? split_url(whole) : split_git(whole);
    if (!parts || text.size() > longest_url)
        return bad(fmt::format("not a git repository's URL: {}", printable(text.substr(0, 200))));
    TRY_ASSIGN(auto url, read_remote(*parts));
    TRY_ASSIGN(const auto fragment, decoded(parts->fragment, "fragment"));
    const auto colon = std::min(fragment.find(':'), fragment.size());
    url.ref = fragment.substr(0, colon);
    url.subdir = Options::relative_clean(
        std::string_view(fragment).substr(std::min(colon + 1, fragment.size())));
    TRY_ASSIGN(const auto query, read_query(parts->query));
    Options options(url);
    for (const auto& [key, value] : query)
        TRY(options.take(key, value));
    TRY(options.finish());
    if (url.ref.starts_with('-'))
        return bad(fmt::format("invalid git ref {}", text::quoted(url.ref)));
    return url;
}

Result<GitUrl> parse_git_remote(std::string_view text) {
    auto parts = text.find("://") == text.npos ? split_scp(text) : split_url(text);
    if (!parts || text.size() > longest_url || !transport_of(parts->scheme) ||
        !parts->query.empty() || !parts->fragment.empty())
        return bad(fmt::format("not a git repository's URL: {}", printable(text.substr(0, 200))));
    return read_remote(*parts);
}

bool is_commit_id(std::string_view text) {
    return (text.size() == 40 || text.size() == 64) &&
           text.find_first_not_of("0123456789abcdef") == text.npos;
}

} // namespace mybuild
