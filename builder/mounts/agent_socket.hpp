#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <cstdint>

namespace mybuild {

/// A listening socket on no disk, and the mount that shows it.
struct AgentSocket {
    Fd listener;
    Fd mount;
};

/// `mode`: permission bits; who may connect has the one to write.
Result<AgentSocket> make_agent_socket(std::uint32_t uid, std::uint32_t gid, std::uint32_t mode);

} // namespace mybuild
