#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "ssh/agent.hpp"

#include <memory>
#include <thread>

namespace mybuild::ssh {

/// A connection to an agent for this process itself, served as long as it lives.
class AgentConnection {
  public:
    static Result<std::unique_ptr<AgentConnection>> open(std::shared_ptr<const Agent> agent);
    AgentConnection(const AgentConnection&) = delete;
    AgentConnection& operator=(const AgentConnection&) = delete;
    ~AgentConnection();

    /// The socket to ask by; whoever takes it closes it.
    [[nodiscard]] Fd take_socket() { return std::move(m_socket); }

  private:
    AgentConnection(Fd socket, Fd served, Fd stop, std::shared_ptr<const Agent> agent);

    Fd m_socket;
    Fd m_served; ///< its other end
    Fd m_stop;   ///< an eventfd, readable when all is to end
    std::shared_ptr<const Agent> m_agent;
    std::thread m_thread;
};

} // namespace mybuild::ssh
