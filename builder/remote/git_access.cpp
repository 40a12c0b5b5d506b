#include "builder/remote/git_access.hpp"

#include "base/file_lock.hpp"
#include "base/fs.hpp"
#include "builder/remote/ssh_hosts.hpp"
#include "cache/store.hpp"
#include "git/http_connection.hpp"
#include "git/ssh_connection.hpp"
#include "git/tcp_connection.hpp"
#include "image/registry/auth.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <unistd.h>

namespace mybuild {
namespace {

constexpr std::size_t sha1_digits = 40;
constexpr const char* agent_id = "default"; // BuildKit's

Error no_agent(const GitUrl& url) {
    return Error{ErrorCode::denied, fmt::format("{} wants a key", url.remote)}.with_hint(
        "give the build an agent or a key: --ssh default, or --ssh default=KEYFILE");
}

Error unknown_commit(const GitUrl& url, const std::string& id) {
    return Error{ErrorCode::not_found, fmt::format("{} has no commit {}", url.remote, id)}
        .with_hint("was it ever pushed, to a branch or tag of this repository?");
}

Status check(const GitUrl& url, const GitRevision& found) {
    const auto fits = [&](const std::string& id) {
        return id.size() >= url.checksum.size() && id.starts_with(url.checksum);
    };
    if (url.checksum.empty() || fits(found.id) || fits(found.commit)) return {};
    const auto got = found.commit.empty() ? found.id : found.id + " or " + found.commit;
    return fail(Error{ErrorCode::corrupt, fmt::format("{}: expected checksum to match {}, got {}",
                                                      url.remote, url.checksum, got)}
                    .with_hint("the ref has moved, or the repository is another one: take the new "
                               "commit only if you know why"));
}

/// What fetches have left that were killed. Only with the lock: those of others look the same.
void remove_leftovers(int store, const std::string& directory) {
    const auto packs = fs::open_at(store, directory + "/objects/pack", O_RDONLY | O_DIRECTORY);
    if (!packs) return;
    const auto names = fs::list_dir(packs->get());
    if (!names) return;
    for (const auto& name : *names)
        if (name.find("_git2_") != std::string::npos) ::unlinkat(packs->get(), name.c_str(), 0);
}

} // namespace

std::string origin_of(const GitUrl& url) {
    if (url.transport == GitUrl::Transport::ssh)
        return "ssh://" + url.host; // however it is written
    return url.remote.substr(0, url.remote.find('/', url.remote.find("://") + 3));
}

GitAccess::GitAccess(const GitPorts& ports, GitUrl url, std::string origin, std::stop_token stop)
    : m_ports(ports), m_url(std::move(url)), m_origin(std::move(origin)), m_stop(std::move(stop)),
      m_directory("git/" + Digest::of(m_url.remote).hex()) {}

Result<std::shared_ptr<git::Repository>> GitAccess::local() {
    if (m_local) return m_local;
    const auto path = m_ports.store.root() + "/" + m_directory;
    auto opened = git::Repository::open(path);
    if (!opened && opened.error().code == ErrorCode::not_found) {
        TRY(make_local());
        opened = git::Repository::open(path);
    }
    if (!opened) return fail(std::move(opened).error());
    m_local = std::make_shared<git::Repository>(std::move(*opened));
    return m_local;
}

Result<Fd> GitAccess::lock() const {
    TRY(fs::make_dirs_at(m_ports.store.root_fd(), "git", 0700));
    TRY_ASSIGN(auto file,
               fs::open_at(m_ports.store.root_fd(), m_directory + ".lock", O_RDWR | O_CREAT, 0600));
    return lock_file(std::move(file), LockKind::exclusive, {}, m_stop);
}

Status GitAccess::make_local() const {
    TRY_ASSIGN(const auto held, lock());
    if (git::Repository::open(m_ports.store.root() + "/" + m_directory)) return {};
    const int store = m_ports.store.root_fd();
    const auto unfinished = m_directory + ".new"; // what a killed build has left is begun again
    for (const auto& name : {unfinished, m_directory})
        TRY(fs::remove_tree_at(store, name));
    TRY(git::Repository::make(m_ports.store.root() + "/" + unfinished));
    if (::renameat(store, unfinished.c_str(), store, m_directory.c_str()) != 0)
        return fail(errno_error("cannot make the copy of a repository", errno));
    return {};
}

Result<std::string> GitAccess::authorization() {
    if (!m_url.user.empty() || !m_url.password.empty())
        return registry::basic_authorization({m_url.user, m_url.password});
    if (!m_ports.secret) return std::string();
    const auto own = origin_of(m_url);
    const bool is_origin = m_origin.empty() || m_origin == own;
    // What a repository names shall not make a secret go out in the clear.
    if (!is_origin && !own.starts_with("https://")) return std::string();
    // The names and their order are BuildKit's.
    for (const auto& suffix : {"." + m_url.host, std::string()}) {
        if (suffix.empty() && !is_origin) break;
        TRY_ASSIGN(auto header, m_ports.secret("GIT_AUTH_HEADER" + suffix));
        if (header) return std::move(*header);
        TRY_ASSIGN(auto token, m_ports.secret("GIT_AUTH_TOKEN" + suffix));
        if (token) return registry::basic_authorization({"x-access-token", std::move(*token)});
    }
    return std::string();
}

Result<std::unique_ptr<git::Connection>> GitAccess::new_connection() {
    using Transport = GitUrl::Transport;
    if (m_url.transport == Transport::ssh) return new_ssh_connection();
    if (m_url.transport == Transport::git) {
        const auto path = m_url.remote.find('/', m_url.remote.find("://") + 3);
        return git::make_tcp_connection({m_url.host, m_url.remote.substr(path), m_stop});
    }
    TRY_ASSIGN(const auto url, parse_url(m_url.remote));
    TRY_ASSIGN(auto credentials, authorization());
    auto make_file = [&store = m_ports.store]() -> Result<Fd> {
        TRY_ASSIGN(const auto directory, store.scratch_dir());
        return fs::open_at(directory.fd, ".", O_TMPFILE | O_RDWR, 0600);
    };
    return git::make_http_connection(
        {m_ports.transport, url, std::move(credentials), std::move(make_file), m_stop});
}

Result<std::unique_ptr<git::Connection>> GitAccess::new_ssh_connection() {
    TRY_ASSIGN(auto place, ssh_place(m_url));
    TRY_ASSIGN(auto known, known_hosts(m_ports));
    auto agent = [this]() -> Result<Fd> {
        auto given = m_ports.ssh_agent ? m_ports.ssh_agent(agent_id) : nullptr;
        if (!given) return fail(no_agent(m_url));
        TRY_ASSIGN(m_agent, ssh::AgentConnection::open(std::move(given)));
        return m_agent->take_socket();
    };
    auto remember = [this](const std::string& line) {
        return remember_host(m_ports.store, line, m_stop);
    };
    return git::make_ssh_connection({m_url.host, std::move(place.user), std::move(place.path),
                                     std::move(agent), std::move(known), std::move(remember),
                                     m_stop});
}

Status GitAccess::connect() {
    TRY(local());
    m_remote.reset();
    TRY_ASSIGN(m_connection, new_connection());
    TRY_ASSIGN(m_remote, git::Remote::connect(*m_local, m_url.remote, *m_connection, m_stop));
    return {};
}

Result<GitRevision> GitAccess::resolve() {
    GitRevision revision;
    if (is_commit_id(m_url.ref) || m_url.fetch_by_commit) {
        revision.id = is_commit_id(m_url.ref) ? m_url.ref : m_url.checksum;
        if (revision.id.size() != sha1_digits)
            return fail(
                {ErrorCode::unsupported,
                 fmt::format("{}: repositories with SHA-256 ids cannot be read", m_url.remote)});
    } else {
        TRY(connect());
        auto found = git::resolve_ref(m_remote->refs(), m_url.ref);
        if (!found) return fail(std::move(found).error().in(m_url.remote));
        revision = {std::move(found->id), std::move(found->name), std::move(found->commit)};
    }
    TRY(check(m_url, revision));
    return revision;
}

Result<git::Commit> GitAccess::commit(const GitRevision& revision) {
    TRY(local());
    if (!m_local->has(revision.id)) TRY(fetch(revision));
    if (!m_local->has(revision.id)) return fail(unknown_commit(m_url, revision.id));
    auto found = m_local->commit(revision.id);
    if (!found) return fail(std::move(found).error().in(m_url.remote));
    return found;
}

Status GitAccess::fetch(const GitRevision& revision) {
    TRY_ASSIGN(const auto held, lock());
    if (m_local->has(revision.id)) return {}; // by somebody else, meanwhile
    remove_leftovers(m_ports.store.root_fd(), m_directory);
    if (!m_remote) TRY(connect());
    auto name = revision.name;
    if (name.empty()) {
        const auto& refs = m_remote->refs();
        const auto tip = std::ranges::find_if(refs, [&](const git::RemoteRef& ref) {
            return ref.id == revision.id && !ref.name.ends_with("^{}");
        });
        if (tip != refs.end()) name = tip->name;
    }
    if (!name.empty()) return m_remote->fetch({name});
    // Some servers give any commit that is asked for. Of the others everything is taken.
    if (m_remote->fetch({revision.id}) && m_local->has(revision.id)) return {};
    TRY(connect());
    std::vector<std::string> names;
    for (const auto& ref : m_remote->refs())
        if ((ref.name.starts_with("refs/heads/") || ref.name.starts_with("refs/tags/")) &&
            !ref.name.ends_with("^{}"))
            names.push_back(ref.name);
    if (names.empty()) return fail(unknown_commit(m_url, revision.id));
    return m_remote->fetch(names);
}

} // namespace mybuild
