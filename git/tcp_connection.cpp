#include "git/tcp_connection.hpp"

#include "base/fd.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace mybuild::git {
namespace {

constexpr const char* usual_port = "9418";
constexpr std::chrono::milliseconds to_connect{30'000};
constexpr std::chrono::milliseconds to_answer{120'000}; // large repositories are slow to begin

struct Peer {
    std::string host;
    std::string port;
};

/// `host`, `host:port`, `[::1]:port`
Peer split(const std::string& written) {
    const auto bracket = written.rfind(']');
    const auto colon = written.find(':', bracket == std::string::npos ? 0 : bracket);
    Peer peer{written.substr(0, colon),
              colon == std::string::npos ? usual_port : written.substr(colon + 1)};
    if (peer.host.starts_with('[')) peer.host = peer.host.substr(1, peer.host.size() - 2);
    return peer;
}

/// A socket whose waits end when a build is stopped.
class Socket final : public Stream {
  public:
    Socket(Fd fd, std::string peer, std::stop_token stop)
        : m_fd(std::move(fd)), m_peer(std::move(peer)), m_stop(std::move(stop)),
          m_wake(::eventfd(0, EFD_CLOEXEC)), m_on_stop(m_stop, [this] {
              const std::uint64_t one = 1;
              (void)!::write(m_wake.get(), &one, sizeof one);
          }) {}

    [[nodiscard]] int fd() const { return m_fd.get(); }

    Status wait(short events, std::chrono::milliseconds patience) const {
        for (;;) {
            pollfd polled[]{{m_fd.get(), events, 0}, {m_wake.get(), POLLIN, 0}};
            const int ready = ::poll(polled, 2, static_cast<int>(patience.count()));
            if (m_stop.stop_requested())
                return fail({ErrorCode::cancelled, fmt::format("fetch from {} stopped", m_peer)});
            if (ready < 0 && errno == EINTR) continue;
            if (ready < 0) return fail(errno_error(m_peer, errno));
            if (ready == 0)
                return fail(
                    Error{ErrorCode::network, fmt::format("{} did not answer in time", m_peer)}
                        .with_hint("check the network, or try again later"));
            return {};
        }
    }

    Result<std::size_t> read(std::span<char> out) override {
        for (;;) {
            const auto got = ::recv(m_fd.get(), out.data(), out.size(), 0);
            if (got >= 0) return static_cast<std::size_t>(got);
            if (errno == EAGAIN)
                TRY(wait(POLLIN, to_answer));
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
                TRY(wait(POLLOUT, to_answer));
            else if (errno != EINTR)
                return fail(broken());
        }
        return {};
    }

  private:
    [[nodiscard]] Error broken() const {
        return {ErrorCode::network,
                fmt::format("{} broke off the connection: {}", m_peer, std::strerror(errno))};
    }

    Fd m_fd;
    std::string m_peer;
    std::stop_token m_stop;
    Fd m_wake;
    std::stop_callback<std::function<void()>> m_on_stop;
};

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Result<Addresses> look_up(const Peer& peer) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int code = ::getaddrinfo(peer.host.c_str(), peer.port.c_str(), &hints, &found);
    if (code != 0)
        return fail(Error{ErrorCode::network, fmt::format("cannot find the host {}", peer.host)}
                        .with_note(::gai_strerror(code))
                        .with_hint("check the name, and that name resolution (DNS) works on this "
                                   "machine"));
    return Addresses(found, &::freeaddrinfo);
}

Result<std::unique_ptr<Socket>> connect_to(const addrinfo& address, const std::string& shown,
                                           const std::stop_token& stop) {
    Fd fd(::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                   address.ai_protocol));
    if (!fd) return fail(errno_error(shown, errno));
    auto socket = std::make_unique<Socket>(std::move(fd), shown, stop);
    int problem = ::connect(socket->fd(), address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
    if (problem == EINPROGRESS) {
        TRY(socket->wait(POLLOUT, to_connect));
        socklen_t size = sizeof problem;
        ::getsockopt(socket->fd(), SOL_SOCKET, SO_ERROR, &problem, &size);
    }
    if (problem == 0) return socket;
    return fail(Error{ErrorCode::network,
                      fmt::format("cannot connect to {}: {}", shown, std::strerror(problem))}
                    .with_hint("is the server running? Check the port too, and that nothing on the "
                               "way blocks it"));
}

class TcpConnection final : public Connection {
  public:
    explicit TcpConnection(TcpAccess access) : m_access(std::move(access)) {}

    [[nodiscard]] bool is_stateless() const override { return false; }

    Result<std::unique_ptr<Stream>> open(Service /*service*/) override {
        const auto peer = split(m_access.host);
        TRY_ASSIGN(const auto addresses, look_up(peer));
        const auto shown = fmt::format("{}:{}", peer.host, peer.port);
        Result<std::unique_ptr<Socket>> socket =
            fail({ErrorCode::network, fmt::format("{} has no address", shown)});
        for (const auto* address = addresses.get(); address != nullptr && !socket;
             address = address->ai_next) {
            socket = connect_to(*address, shown, m_access.stop);
            if (!socket && socket.error().code == ErrorCode::cancelled) break;
        }
        if (!socket) return fail(std::move(socket).error());
        const auto request =
            fmt::format("git-upload-pack {}{}host={}{}", m_access.path, '\0', m_access.host, '\0');
        TRY((*socket)->write(fmt::format("{:04x}{}", request.size() + 4, request)));
        return *std::move(socket);
    }

  private:
    TcpAccess m_access;
};

} // namespace

std::unique_ptr<Connection> make_tcp_connection(TcpAccess access) {
    return std::make_unique<TcpConnection>(std::move(access));
}

} // namespace mybuild::git
