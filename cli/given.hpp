#pragma once

#include "cli/args.hpp"
#include "cli/remote_context.hpp"
#include "cli/secrets.hpp"
#include "cli/ssh_agents.hpp"

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace mybuild::cli {

/// What the command line and the user's environment give to a build beside its inputs.
struct Given {
    std::unique_ptr<Secrets> secrets;
    SshAgents agents;
    std::vector<std::string> known_hosts; ///< files with the keys of ssh servers

    /// Null: none of this id.
    [[nodiscard]] std::shared_ptr<const ssh::Agent> agent(const std::string& id) const;
    /// The ways it opens. Borrows this.
    [[nodiscard]] Remote remote(std::stop_token stop) const;
};

/// Errors: secrets and agents that cannot be had.
Result<Given> open_given(const BuildCommand& command);

} // namespace mybuild::cli
