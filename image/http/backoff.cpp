#include "image/http/backoff.hpp"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>

namespace mybuild {

bool is_transient(int status) {
    return status == 429 || status >= 500;
}

std::optional<std::chrono::seconds> retry_after(const HttpResponse& response,
                                                std::chrono::system_clock::time_point now) {
    constexpr std::int64_t longest = 365L * 24 * 3600;
    const std::string value(response.header("Retry-After"));
    std::uint64_t seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (!value.empty() && error == std::errc{} && end == value.data() + value.size())
        return std::chrono::seconds(std::min<std::uint64_t>(seconds, longest));
    const auto then = parse_http_date(value);
    if (!then) return std::nullopt;
    return std::chrono::seconds(
        std::clamp<std::int64_t>(*then - std::chrono::system_clock::to_time_t(now), 0, longest));
}

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

} // namespace mybuild
