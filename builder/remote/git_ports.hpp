#pragma once

#include "builder/remote/url_files.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mybuild {

class HttpTransport;
class Store;
namespace ssh {
struct Agent;
}

/// The ssh agent of an id (--ssh); null: the caller of the build has given none.
using AgentLookup = std::function<std::shared_ptr<const ssh::Agent>(const std::string& id)>;

/// What reaching repositories takes. References are borrowed; functions may be empty.
struct GitPorts {
    HttpTransport& transport;
    Store& store;
    SecretLookup secret = {};
    AgentLookup ssh_agent = {};
    /// Files of the keys of ssh servers: the user's and the machine's. They need not exist.
    std::vector<std::string> known_hosts = {};
};

struct BuildPorts;
/// Those of a build, which has a transport.
[[nodiscard]] GitPorts git_ports(const BuildPorts& ports);

} // namespace mybuild
