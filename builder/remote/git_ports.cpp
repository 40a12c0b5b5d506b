#include "builder/remote/git_ports.hpp"

#include "builder/build.hpp"

namespace mybuild {

GitPorts git_ports(const BuildPorts& ports) {
    return {*ports.http, ports.store, ports.secret, ports.ssh_agent, ports.known_hosts};
}

} // namespace mybuild
