#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "ssh/agent.hpp"

#include <list>
#include <memory>
#include <thread>

namespace mybuild::ssh {

/// Serves an agent's socket as long as it lives. Every connection gets one of its own to the agent,
/// made by this process: agents turn other users away.
class Forward {
  public:
    /// `listener`: a listening stream socket.
    static Result<std::unique_ptr<Forward>> start(Fd listener, std::shared_ptr<const Agent> agent);
    Forward(const Forward&) = delete;
    Forward& operator=(const Forward&) = delete;
    ~Forward();

  private:
    struct Connection;
    Forward(Fd listener, Fd stop, std::shared_ptr<const Agent> agent);
    void accept_all();
    void drop_ended();

    Fd m_listener;
    Fd m_stop; ///< an eventfd, readable when all is to end
    std::shared_ptr<const Agent> m_agent;
    std::list<Connection> m_connections; ///< of the accepting thread
    std::thread m_thread;
};

} // namespace mybuild::ssh
