#pragma once

#include "base/result.hpp"
#include "cli/step_options.hpp"
#include "ssh/agent.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mybuild::cli {

/// Agents by id.
using SshAgents = std::map<std::string, std::shared_ptr<const ssh::Agent>>;

/// Finds the sockets and reads the keys that --ssh names, so that what is wrong with them is known
/// before anything runs. `environment`: gives SSH_AUTH_SOCK; not set: null. Errors: an id twice, no
/// agent, sockets and keys mixed, files that are no keys.
Result<SshAgents> open_ssh_agents(const std::vector<SshSpec>& specs,
                                  const std::function<const char*(const char*)>& environment);

} // namespace mybuild::cli
