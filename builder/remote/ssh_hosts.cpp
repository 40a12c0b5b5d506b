#include "builder/remote/ssh_hosts.hpp"

#include "base/file_lock.hpp"
#include "base/fs.hpp"
#include "cache/store.hpp"
#include "parser/percent.hpp"

#include <fmt/format.h>

#include <fcntl.h>

namespace mybuild {
namespace {

constexpr const char* own_file = "git/known_hosts";
constexpr std::size_t longest_file = std::size_t{16} << 20;

/// A file's lines, all ended; empty where there is no file.
Result<std::string> lines_of(int dir, const std::string& path) {
    auto text = fs::read_file_at(dir, path, longest_file);
    if (!text && text.error().code == ErrorCode::not_found) return std::string();
    if (!text) return fail(std::move(text).error().in("known hosts"));
    if (!text->empty() && !text->ends_with('\n')) *text += '\n';
    return text;
}

} // namespace

Result<SshPlace> ssh_place(const GitUrl& url) {
    constexpr std::string_view scheme = "ssh://";
    const bool has_scheme = url.remote.starts_with(scheme);
    const auto written = has_scheme ? url.remote.substr(url.remote.find('/', scheme.size()))
                                    : url.remote.substr(url.host.size() + 1);
    auto path = percent_decode(written);
    if (!path || path->find('\0') != path->npos)
        return fail({ErrorCode::invalid, fmt::format("{} has no valid path", url.remote)});
    if (has_scheme && path->starts_with("/~")) path->erase(0, 1);
    return SshPlace{url.user.empty() ? "git" : url.user, *std::move(path)};
}

Result<std::string> known_hosts(const GitPorts& ports) {
    std::string all;
    for (const auto& path : ports.known_hosts) {
        TRY_ASSIGN(const auto lines, lines_of(AT_FDCWD, path));
        all += lines;
    }
    TRY_ASSIGN(const auto lines, lines_of(ports.store.root_fd(), own_file));
    return all + lines;
}

Status remember_host(Store& store, const std::string& line, const std::stop_token& stop) {
    TRY(fs::make_dirs_at(store.root_fd(), "git", 0700));
    TRY_ASSIGN(auto file, fs::open_at(store.root_fd(), std::string(own_file) + ".lock",
                                      O_RDWR | O_CREAT, 0600));
    TRY_ASSIGN(const auto held, lock_file(std::move(file), LockKind::exclusive, {}, stop));
    TRY_ASSIGN(auto lines, lines_of(store.root_fd(), own_file));
    lines += line;
    if (!lines.ends_with('\n')) lines += '\n';
    return fs::write_file_atomic(store.root_fd(), own_file, lines, 0600);
}

} // namespace mybuild
