#pragma once

#include "base/fd.hpp"
#include "git/connection.hpp"

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

namespace mybuild::git {

/// git-upload-pack, started by a server's sshd (git's Documentation/gitprotocol-pack, "SSH
/// Transport"). Nothing of the user's or the machine's configuration of ssh is read.
struct SshAccess {
    std::string host; ///< as the URL has it: perhaps with a port, IPv6 in brackets
    std::string user;
    std::string path; ///< of the repository on the server, as it is told to the server
    /// A connected socket to an agent; its end is closed here.
    std::function<Result<Fd>()> agent;
    std::string known_hosts = {}; ///< lines as sshd(8) has them, "SSH_KNOWN_HOSTS FILE FORMAT"
    /// Called with the line of a server of which `known_hosts` has nothing. Empty: such a server is
    /// turned away.
    std::function<Status(const std::string& line)> remember = {};
    std::stop_token stop = {};
};
/// Opening it fails with ErrorCode::denied for a server that shows another key than the one that is
/// known, and for one that takes none of the agent's keys.
std::unique_ptr<Connection> make_ssh_connection(SshAccess access);

/// The command that a server's shell is to run for a path, as git writes it.
[[nodiscard]] std::string upload_pack_command(std::string_view path);

} // namespace mybuild::git
