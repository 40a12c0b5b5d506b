#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>

namespace mybuild::git {

/// A server: a name or an address, and a port's number or name.
struct Peer {
    std::string host;
    std::string port;

    [[nodiscard]] std::string shown() const { return host + ":" + port; }
};

/// Reads `host`, `host:port`, `[::1]:port`.
[[nodiscard]] Peer peer_of(const std::string& written, const char* usual_port);

/// Waits for descriptors that end when a build is stopped.
class StoppableWait {
  public:
    explicit StoppableWait(std::stop_token stop);

    /// Until `fd` is ready for `events` of poll(2). Errors: ErrorCode::cancelled;
    /// ErrorCode::network when the peer has had patience enough.
    Status wait(int fd, short events, std::chrono::milliseconds patience, const Peer& peer) const;

  private:
    std::stop_token m_stop;
    Fd m_wake; ///< an eventfd, readable once the build is stopped
    std::stop_callback<std::function<void()>> m_on_stop;
};

/// A connected socket that does not block. All addresses of the name are tried. Errors:
/// ErrorCode::network, ErrorCode::cancelled.
Result<Fd> connect_tcp(const Peer& peer, const StoppableWait& waiting);

} // namespace mybuild::git
