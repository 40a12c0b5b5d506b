#pragma once

#include "base/fd.hpp"

#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <utility>
#include <vector>

namespace mybuild::test {

/// A server on a loopback port that answers each connection with whatever bytes a function gives,
/// and hangs up: for everything an honest server never does.
class TinyServer {
  public:
    /// From the request's head to the bytes to send.
    using Handler = std::function<std::string(const std::string& request)>;

    explicit TinyServer(Handler handler) : m_handler(std::move(handler)) {
        m_listener = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* any = reinterpret_cast<sockaddr*>(&address);
        if (!m_listener || ::bind(m_listener.get(), any, size) != 0 ||
            ::listen(m_listener.get(), 16) != 0 || ::getsockname(m_listener.get(), any, &size) != 0)
            throw std::runtime_error("no loopback socket");
        m_port = ntohs(address.sin_port);
        m_thread = std::jthread([this] { serve(); });
    }
    ~TinyServer() { ::shutdown(m_listener.get(), SHUT_RDWR); }
    TinyServer(const TinyServer&) = delete;
    TinyServer& operator=(const TinyServer&) = delete;

    [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(m_port); }
    [[nodiscard]] std::string url(const std::string& path = "/") const {
        return "http://" + address() + path;
    }
    [[nodiscard]] std::vector<std::string> requests() const {
        const std::lock_guard lock(m_mutex);
        return m_requests;
    }

    /// A complete response with this body.
    static std::string ok(const std::string& body, const std::string& headers = {}) {
        return "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
    }

  private:
    void serve() {
        while (true) {
            const Fd peer(::accept4(m_listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!peer) return;
            std::string head;
            std::array<char, 4096> buffer{};
            while (head.find("\r\n\r\n") == std::string::npos) {
                const ssize_t count = ::recv(peer.get(), buffer.data(), buffer.size(), 0);
                if (count <= 0) break;
                head.append(buffer.data(), static_cast<std::size_t>(count));
            }
            {
                const std::lock_guard lock(m_mutex);
                m_requests.push_back(head);
            }
            const std::string reply = m_handler(head);
            (void)::send(peer.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
        }
    }

    Handler m_handler;
    Fd m_listener;
    std::uint16_t m_port = 0;
    mutable std::mutex m_mutex;
    std::vector<std::string> m_requests;
    std::jthread m_thread; ///< last: it uses all of the above
};

/// A loopback port on which nobody listens (any more).
inline std::string dead_address() {
    return TinyServer([](const std::string&) { return std::string(); }).address();
}

} // namespace mybuild::test
