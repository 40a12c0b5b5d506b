#include "git/tcp.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace mybuild::git {
namespace {

constexpr std::chrono::milliseconds to_connect{30'000};

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

Result<Fd> connect_to(const addrinfo& address, const Peer& peer, const StoppableWait& waiting) {
    Fd fd(::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                   address.ai_protocol));
    if (!fd) return fail(errno_error(peer.shown(), errno));
    int problem = ::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
    if (problem == EINPROGRESS) {
        TRY(waiting.wait(fd.get(), POLLOUT, to_connect, peer));
        socklen_t size = sizeof problem;
        ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &problem, &size);
    }
    if (problem == 0) return fd;
    return fail(Error{ErrorCode::network,
                      fmt::format("cannot connect to {}: {}", peer.shown(), std::strerror(problem))}
                    .with_hint("is the server running? Check the port too, and that nothing on the "
                               "way blocks it"));
}

} // namespace

Peer peer_of(const std::string& written, const char* usual_port) {
    const auto bracket = written.rfind(']');
    const auto colon = written.find(':', bracket == std::string::npos ? 0 : bracket);
    Peer peer{written.substr(0, colon),
              colon == std::string::npos ? usual_port : written.substr(colon + 1)};
    if (peer.host.starts_with('[')) peer.host = peer.host.substr(1, peer.host.size() - 2);
    return peer;
}

StoppableWait::StoppableWait(std::stop_token stop)
    : m_stop(std::move(stop)), m_wake(::eventfd(0, EFD_CLOEXEC)), m_on_stop(m_stop, [this] {
          const std::uint64_t one = 1;
          (void)!::write(m_wake.get(), &one, sizeof one);
      }) {}

Status StoppableWait::wait(int fd, short events, std::chrono::milliseconds patience,
                           const Peer& peer) const {
    for (;;) {
        pollfd polled[]{{fd, events, 0}, {m_wake.get(), POLLIN, 0}};
        const int ready = ::poll(polled, 2, static_cast<int>(patience.count()));
        if (m_stop.stop_requested())
            return fail({ErrorCode::cancelled, fmt::format("fetch from {} stopped", peer.shown())});
        if (ready < 0 && errno == EINTR) continue;
        if (ready < 0) return fail(errno_error(peer.shown(), errno));
        if (ready == 0)
            return fail(
                Error{ErrorCode::network, fmt::format("{} did not answer in time", peer.shown())}
                    .with_hint("check the network, or try again later"));
        return {};
    }
}

Result<Fd> connect_tcp(const Peer& peer, const StoppableWait& waiting) {
    TRY_ASSIGN(const auto addresses, look_up(peer));
    Result<Fd> socket = fail({ErrorCode::network, fmt::format("{} has no address", peer.shown())});
    for (const auto* address = addresses.get(); address != nullptr && !socket;
         address = address->ai_next) {
        socket = connect_to(*address, peer, waiting);
        if (!socket && socket.error().code == ErrorCode::cancelled) break;
    }
    return socket;
}

} // namespace mybuild::git
