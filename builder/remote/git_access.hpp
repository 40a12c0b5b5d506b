#pragma once

#include "base/fd.hpp"
#include "builder/remote/git_ports.hpp"
#include "git/remote.hpp"
#include "git/repository.hpp"
#include "parser/git_url.hpp"
#include "ssh/agent_connection.hpp"

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace mybuild {

/// What a URL names in a repository.
struct GitRevision {
    std::string id;          ///< of a commit, or of an annotated tag
    std::string name = {};   ///< the ref, as the server has it; empty: the URL names a commit
    std::string commit = {}; ///< what an annotated tag stands for, where the server says so
};

/// Scheme, host and port of a repository's URL: `https://h:1`.
[[nodiscard]] std::string origin_of(const GitUrl& url);

/// One repository on a server and its copy in the store: `git/DIGEST`, with a lock beside it that
/// is held while something is fetched. Used by one thread.
class GitAccess {
  public:
    /// `origin`: origin_of() the repository that the build names, where this is one of its
    /// submodules: secrets that name no host are for that one.
    GitAccess(const GitPorts& ports, GitUrl url, std::string origin, std::stop_token stop);

    /// The revision that the URL means now, checked against the URL's checksum. Asks the server
    /// unless the URL names a commit by its id.
    Result<GitRevision> resolve();
    /// The commit, fetched where the copy does not have it.
    Result<git::Commit> commit(const GitRevision& revision);
    /// The copy, for reading; what it holds stays readable whatever else is fetched.
    Result<std::shared_ptr<git::Repository>> local();

  private:
    Result<std::unique_ptr<git::Connection>> new_connection();
    Result<std::unique_ptr<git::Connection>> new_ssh_connection();
    Result<std::string> authorization();
    /// Keeps others, threads and programs, from changing the copy. Released on destruction.
    [[nodiscard]] Result<Fd> lock() const;
    [[nodiscard]] Status make_local() const;
    Status connect();
    Status fetch(const GitRevision& revision);

    const GitPorts& m_ports;
    GitUrl m_url;
    std::string m_origin;
    std::stop_token m_stop;
    std::string m_directory; ///< of the copy, relative to the store
    std::shared_ptr<git::Repository> m_local;
    std::unique_ptr<ssh::AgentConnection> m_agent; ///< null: none was asked
    std::unique_ptr<git::Connection> m_connection;
    std::unique_ptr<git::Remote> m_remote; ///< null: not connected
};

} // namespace mybuild
