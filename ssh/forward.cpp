#include "ssh/forward.hpp"

#include "ssh/serve.hpp"

#include <atomic>
#include <cerrno>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace mybuild::ssh {
namespace {

constexpr std::size_t most_connections = 64; // more than any step makes at once

} // namespace

struct Forward::Connection {
    Fd client;
    std::atomic<bool> is_over = false;
    std::thread thread = {};
};

Result<std::unique_ptr<Forward>> Forward::start(Fd listener, std::shared_ptr<const Agent> agent) {
    Fd stop(::eventfd(0, EFD_CLOEXEC));
    if (!stop) return fail(errno_error("cannot forward an ssh agent", errno));
    return std::unique_ptr<Forward>(
        new Forward(std::move(listener), std::move(stop), std::move(agent)));
}

Forward::Forward(Fd listener, Fd stop, std::shared_ptr<const Agent> agent)
    : m_listener(std::move(listener)), m_stop(std::move(stop)), m_agent(std::move(agent)),
      m_thread([this] { accept_all(); }) {}

Forward::~Forward() {
    const std::uint64_t one = 1;
    while (::write(m_stop.get(), &one, sizeof one) < 0 && errno == EINTR) {
    }
    m_thread.join();
    for (auto& connection : m_connections)
        connection.thread.join();
}

void Forward::drop_ended() {
    for (auto at = m_connections.begin(); at != m_connections.end();) {
        if (!at->is_over) {
            ++at;
            continue;
        }
        at->thread.join();
        at = m_connections.erase(at);
    }
}

void Forward::accept_all() {
    while (wait_for(m_listener.get(), POLLIN, m_stop.get())) {
        Fd client(::accept4(m_listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!client && errno != EINTR && errno != EAGAIN && errno != ECONNABORTED)
            return; // out of descriptors
        drop_ended();
        if (!client || m_connections.size() >= most_connections) continue;
        auto& connection = m_connections.emplace_back();
        connection.client = std::move(client);
        connection.thread = std::thread([this, &connection] {
            const int fd = connection.client.get();
            serve(fd, *m_agent, m_stop.get());
            ::shutdown(fd, SHUT_RDWR);
            connection.is_over = true;
        });
    }
}

} // namespace mybuild::ssh
