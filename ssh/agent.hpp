#pragma once

#include "ssh/private_key.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild::ssh {

/// What a step's agent socket leads to: an agent's own socket, or keys that we hold ourselves.
struct Agent {
    std::string socket = {}; ///< path of an agent's socket; empty: `keys`
    bool raw = false;        ///< the socket is passed on as it is, whatever protocol it speaks
    std::vector<PrivateKey> keys = {};
};

/// The most that a message of the agent protocol may have, as OpenSSH's agent has it.
constexpr std::size_t max_message = std::size_t{256} * 1024;

/// Whether a request may reach an agent: to list keys and to sign, nothing that would change it or
/// lend it to others (draft-ietf-sshm-ssh-agent).
[[nodiscard]] bool may_reach_agent(std::string_view request);

/// The answer that a request gets which may not.
[[nodiscard]] std::string refusal();

/// What an agent with these keys answers. Requests come from foreign programs.
[[nodiscard]] std::string answer(const std::vector<PrivateKey>& keys, std::string_view request);

} // namespace mybuild::ssh
