#include "git/tcp_connection.hpp"

#include "git/tcp.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>

namespace mybuild::git {
namespace {

constexpr const char* usual_port = "9418";
constexpr std::chrono::milliseconds to_answer{120'000}; // large repositories are slow to begin

class Socket final : public Stream {
  public:
    Socket(Peer peer, std::stop_token stop) : m_peer(std::move(peer)), m_waiting(std::move(stop)) {}

    Status connect() {
        TRY_ASSIGN(m_fd, connect_tcp(m_peer, m_waiting));
        return {};
    }

    Result<std::size_t> read(std::span<char> out) override {
        for (;;) {
            const auto got = ::recv(m_fd.get(), out.data(), out.size(), 0);
            if (got >= 0) return static_cast<std::size_t>(got);
            if (errno == EAGAIN)
                TRY(m_waiting.wait(m_fd.get(), POLLIN, to_answer, m_peer));
            else if (errno != EINTR)
                return fail(broken());
        }
    }

    Status write(std::string_view bytes) override {
        while (!bytes.empty()) {
            const auto sent = ::send(m_fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent >= 0)
                bytes.remove_prefix(static_cast<std::size_t>(sent));
            else if (errno == EAGAIN)
                TRY(m_waiting.wait(m_fd.get(), POLLOUT, to_answer, m_peer));
            else if (errno != EINTR)
                return fail(broken());
        }
        return {};
    }

  private:
    [[nodiscard]] Error broken() const {
        return {ErrorCode::network, fmt::format("{} broke off the connection: {}", m_peer.shown(),
                                                std::strerror(errno))};
    }

    Peer m_peer;
    StoppableWait m_waiting;
    Fd m_fd;
};

class TcpConnection final : public Connection {
  public:
    explicit TcpConnection(TcpAccess access) : m_access(std::move(access)) {}

    [[nodiscard]] bool is_stateless() const override { return false; }

    Result<std::unique_ptr<Stream>> open(Service /*service*/) override {
        auto socket = std::make_unique<Socket>(peer_of(m_access.host, usual_port), m_access.stop);
        TRY(socket->connect());
        const auto request =
            fmt::format("git-upload-pack {}{}host={}{}", m_access.path, '\0', m_access.host, '\0');
        TRY(socket->write(fmt::format("{:04x}{}", request.size() + 4, request)));
        return socket;
    }

  private:
    TcpAccess m_access;
};

} // namespace

std::unique_ptr<Connection> make_tcp_connection(TcpAccess access) {
    return std::make_unique<TcpConnection>(std::move(access));
}

} // namespace mybuild::git
