#pragma once

#include "image/http/http.hpp"

#include <chrono>
#include <optional>
#include <stop_token>

namespace mybuild {

/// 429 and 5xx may pass by themselves.
[[nodiscard]] bool is_transient(int status);

/// The pause a Retry-After header asks for: seconds or a date (RFC 9110, 10.2.3); none: nullopt.
[[nodiscard]] std::optional<std::chrono::seconds>
retry_after(const HttpResponse& response, std::chrono::system_clock::time_point now);

/// The pauses between attempts: doubled each time, a peer's Retry-After honoured up to a cap.
class Backoff {
  public:
    Backoff(unsigned retries, std::chrono::milliseconds first, std::chrono::milliseconds cap)
        : m_left(retries), m_next(first), m_cap(cap) {}

    /// Waits and returns true when another attempt is due. False, at once: none is left, the peer
    /// asks for more patience than the cap, or `stop` was requested (then before the pause is
    /// over).
    bool pause(std::optional<std::chrono::seconds> retry_after, const std::stop_token& stop);

  private:
    unsigned m_left;
    std::chrono::milliseconds m_next;
    std::chrono::milliseconds m_cap;
};

} // namespace mybuild
