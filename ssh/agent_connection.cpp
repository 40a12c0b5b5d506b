#include "ssh/agent_connection.hpp"

#include "ssh/serve.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace mybuild::ssh {

Result<std::unique_ptr<AgentConnection>> AgentConnection::open(std::shared_ptr<const Agent> agent) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return fail(errno_error("cannot connect to an ssh agent", errno));
    Fd socket(ends[0]);
    Fd served(ends[1]);
    Fd stop(::eventfd(0, EFD_CLOEXEC));
    if (!stop) return fail(errno_error("cannot connect to an ssh agent", errno));
    return std::unique_ptr<AgentConnection>(new AgentConnection(
        std::move(socket), std::move(served), std::move(stop), std::move(agent)));
}

AgentConnection::AgentConnection(Fd socket, Fd served, Fd stop, std::shared_ptr<const Agent> agent)
    : m_socket(std::move(socket)), m_served(std::move(served)), m_stop(std::move(stop)),
      m_agent(std::move(agent)), m_thread([this] {
          serve(m_served.get(), *m_agent, m_stop.get());
          ::shutdown(m_served.get(), SHUT_RDWR);
      }) {}

AgentConnection::~AgentConnection() {
    const std::uint64_t one = 1;
    while (::write(m_stop.get(), &one, sizeof one) < 0 && errno == EINTR) {
    }
    m_thread.join();
}

} // namespace mybuild::ssh
