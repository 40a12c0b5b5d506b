#include "ssh/serve.hpp"

#include "base/fd.hpp"
#include "ssh/wire.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace mybuild::ssh {
namespace {

bool is_transient(int error) {
    return error == EINTR || error == EAGAIN;
}

/// False at the end of the stream, on errors, and when all is to end.
bool read_exactly(int fd, char* data, std::size_t size, int stop) {
    while (size > 0) {
        if (!wait_for(fd, POLLIN, stop)) return false;
        const auto got = ::recv(fd, data, size, MSG_DONTWAIT);
        if (got < 0 && is_transient(errno)) continue;
        if (got <= 0) return false;
        data += got;
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

bool write_all(int fd, std::string_view data, int stop) {
    while (!data.empty()) {
        if (!wait_for(fd, POLLOUT, stop)) return false;
        const auto put = ::send(fd, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (put < 0 && is_transient(errno)) continue;
        if (put <= 0) return false;
        data.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
}

/// A message with its length in front (of which nothing is left in it); false as above.
bool read_message(int fd, std::string& message, int stop) {
    std::array<char, 4> header{};
    if (!read_exactly(fd, header.data(), header.size(), stop)) return false;
    const auto size = WireReader({header.data(), header.size()}).number();
    if (size == 0 || size > max_message) return false;
    message.resize(size);
    return read_exactly(fd, message.data(), message.size(), stop);
}

bool write_message(int fd, std::string_view message, int stop) {
    return write_all(fd, WireWriter().string(message).data(), stop);
}

Fd connect_to(const std::string& path) {
    struct sockaddr_un address {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return {};
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (fd && ::connect(fd.get(), reinterpret_cast<const struct sockaddr*>(&address),
                        sizeof address) != 0)
        fd.reset();
    return fd;
}

/// Requests one by one, answered by our own keys or by the agent as far as they may reach it.
void serve_protocol(int client, const Agent& agent, int stop) {
    Fd upstream;
    std::string message;
    while (read_message(client, message, stop)) {
        std::string reply;
        if (agent.socket.empty()) {
            reply = answer(agent.keys, message);
        } else if (!may_reach_agent(message)) {
            reply = refusal();
        } else {
            if (!upstream) upstream = connect_to(agent.socket);
            if (!upstream || !write_message(upstream.get(), message, stop) ||
                !read_message(upstream.get(), reply, stop)) {
                upstream.reset();
                reply = refusal();
            }
        }
        if (!write_message(client, reply, stop)) return;
    }
}

/// Hands on what comes from one side; at its end the other side is told, and false returned.
bool hand_on(int from, int to, int stop) {
    std::array<char, 65536> buffer{};
    const auto got = ::recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && is_transient(errno)) return true;
    if (got > 0) return write_all(to, {buffer.data(), static_cast<std::size_t>(got)}, stop);
    ::shutdown(to, SHUT_WR);
    return false;
}

void serve_raw(int client, const Agent& agent, int stop) {
    const auto upstream = connect_to(agent.socket);
    if (!upstream) return;
    std::array<struct pollfd, 3> all{
        {{client, POLLIN, 0}, {upstream.get(), POLLIN, 0}, {stop, POLLIN, 0}}};
    while (all[0].fd >= 0 || all[1].fd >= 0) {
        if (::poll(all.data(), all.size(), -1) < 0 && errno != EINTR) return;
        if (all[2].revents != 0) return;
        for (std::size_t i = 0; i < 2; ++i) {
            const int from = i == 0 ? client : upstream.get();
            const int to = i == 0 ? upstream.get() : client;
            if (all[i].fd >= 0 && all[i].revents != 0 && !hand_on(from, to, stop)) all[i].fd = -1;
        }
    }
}

} // namespace

bool wait_for(int fd, short events, int stop) {
    std::array<struct pollfd, 2> both{{{fd, events, 0}, {stop, POLLIN, 0}}};
    for (;;) {
        if (::poll(both.data(), both.size(), -1) < 0) {
            if (errno == EINTR) continue;
            return false;
        }
        if (both[1].revents != 0) return false;
        if (both[0].revents != 0) return true;
    }
}

void serve(int client, const Agent& agent, int stop) {
    if (agent.raw)
        serve_raw(client, agent, stop);
    else
        serve_protocol(client, agent, stop);
}

} // namespace mybuild::ssh
