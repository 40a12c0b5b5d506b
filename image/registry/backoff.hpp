#pragma once

#include <chrono>
#include <optional>
#include <stop_token>

namespace mybuild::registry {

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

} // namespace mybuild::registry
