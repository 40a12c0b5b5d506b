#include "base/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace mybuild {

Status parallel_for(std::size_t count, const std::function<Status(std::size_t)>& work) {
    // A thread costs some 30 µs to start: fewer items than this are done sooner by one.
    constexpr std::size_t worth_a_thread = 4;
    const auto processors = std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
    return parallel_for(count, std::min(processors, count / worth_a_thread + 1), work);
}

Status parallel_for(std::size_t count, std::size_t threads,
                    const std::function<Status(std::size_t)>& work) {
    std::atomic<std::size_t> next{0};
    std::atomic<bool> failed{false};
    std::mutex mutex;
    std::size_t first_failed = count;
    Status result;
    const auto loop = [&] {
        for (auto i = next++; i < count && !failed; i = next++) {
            auto done = work(i);
            if (done) continue;
            failed = true;
            const std::lock_guard lock(mutex);
            if (i < first_failed) {
                first_failed = i;
                result = std::move(done);
            }
        }
    };
    {
        std::vector<std::jthread> others;
        for (std::size_t i = 1; i < threads; ++i)
            others.emplace_back(loop);
        loop();
    }
    return result;
}

} // namespace mybuild
