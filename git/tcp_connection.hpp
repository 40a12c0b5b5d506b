#pragma once

#include "git/connection.hpp"

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

namespace mybuild::git {

/// git's own protocol on its own port (git's Documentation/gitprotocol-pack, "Git Transport"):
/// neither encrypted nor authenticated.
struct TcpAccess {
    std::string host; ///< as the URL has it: perhaps with a port, IPv6 in brackets
    std::string path; ///< of the repository on the server, with its leading slash
    std::stop_token stop = {};
};
std::unique_ptr<Connection> make_tcp_connection(TcpAccess access);

} // namespace mybuild::git
