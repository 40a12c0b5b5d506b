#pragma once

#include "base/result.hpp"
#include "builder/remote/git_ports.hpp"
#include "parser/git_url.hpp"

#include <stop_token>
#include <string>

namespace mybuild {

/// What a URL of a repository over ssh names on its server.
struct SshPlace {
    std::string user;
    std::string path;

    friend bool operator==(const SshPlace&, const SshPlace&) = default;
};
/// `host:path` is relative to the user's directory there, `ssh://host/path` is not, and
/// `ssh://host/~user/path` to another's, as git reads them. Without a user it is `git`. Errors:
/// ErrorCode::invalid.
Result<SshPlace> ssh_place(const GitUrl& url);

/// The keys of servers that the files of `ports` have, and those that builds with this store have
/// met, as the text of a file of known hosts.
Result<std::string> known_hosts(const GitPorts& ports);

/// Keeps the line of a server that was met for the first time. From then on it must show this key.
Status remember_host(Store& store, const std::string& line, const std::stop_token& stop);

} // namespace mybuild
