#include "image/registry/backoff.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace mybuild::registry {

bool Backoff::pause(std::optional<std::chrono::seconds> retry_after, const std::stop_token& stop) {
    if (m_left == 0 || stop.stop_requested()) return false;
    if (retry_after && *retry_after > m_cap) return false;
    const std::chrono::milliseconds asked = retry_after.value_or(std::chrono::seconds(0));
    const std::chrono::milliseconds wait = std::min(std::max(asked, m_next), m_cap);
    --m_left;
    m_next *= 2;
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any never;
    never.wait_for(lock, stop, wait, [] { return false; });
    return !stop.stop_requested();
}

} // namespace mybuild::registry
