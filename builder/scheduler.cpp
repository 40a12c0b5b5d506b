#include "builder/scheduler.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace mybuild {
namespace {

class GraphRun {
  public:
    GraphRun(const std::vector<std::vector<std::size_t>>& needs, const std::vector<bool>& wanted,
             std::size_t most_at_once, std::stop_token stop,
             const std::function<Status(std::size_t, std::stop_token)>& run)
        : m_run(run), m_most(std::max<std::size_t>(most_at_once, 1)), m_waiting_for(needs.size()),
          m_dependants(needs.size()),
          m_forward(std::move(stop), [this] { m_stop.request_stop(); }) {
        for (std::size_t node = 0; node < needs.size(); ++node) {
            if (!wanted[node]) continue;
            ++m_left;
            m_waiting_for[node] = needs[node].size();
            for (const auto need : needs[node])
                m_dependants[need].push_back(node);
            if (needs[node].empty()) m_ready.push_back(node);
        }
    }

    Status finish() {
        work();
        for (auto& thread : m_threads)
            thread.join();
        if (m_failed) return fail(std::move(m_error));
        if (m_left != 0) // nothing ready and nothing running
            return fail({ErrorCode::cancelled, "the build was stopped"});
        return {};
    }

  private:
    void work() {
        std::unique_lock lock(m_mutex);
        for (;;) {
            m_changed.wait(lock, [&] { return !m_ready.empty() || m_running == 0 || is_over(); });
            if (m_ready.empty() || is_over()) return;
            const auto node = m_ready.front();
            m_ready.pop_front();
            ++m_running;
            // Another thread only when there is something for it to do.
            if (!m_ready.empty() && m_threads.size() + 1 < m_most)
                m_threads.emplace_back([this] { work(); });
            lock.unlock();
            auto done = m_run(node, m_stop.get_token());
            lock.lock();
            --m_running;
            finished(node, std::move(done));
            m_changed.notify_all();
        }
    }

    [[nodiscard]] bool is_over() const { return m_failed || m_stop.stop_requested(); }

    void finished(std::size_t node, Status done) {
        if (!done) {
            // What others report after being stopped is not the cause.
            if (!m_failed) m_error = std::move(done).error();
            m_failed = true;
            m_stop.request_stop();
            return;
        }
        --m_left;
        for (const auto dependant : m_dependants[node])
            if (--m_waiting_for[dependant] == 0) m_ready.push_back(dependant);
    }

    const std::function<Status(std::size_t, std::stop_token)>& m_run;
    std::size_t m_most;
    std::mutex m_mutex; // guards everything below
    std::condition_variable m_changed;
    std::deque<std::size_t> m_ready;
    std::vector<std::size_t> m_waiting_for;
    std::vector<std::vector<std::size_t>> m_dependants;
    std::vector<std::thread> m_threads;
    std::size_t m_running = 0;
    std::size_t m_left = 0;
    bool m_failed = false;
    Error m_error;
    std::stop_source m_stop;
    std::stop_callback<std::function<void()>> m_forward;
};

} // namespace

Status run_graph(const std::vector<std::vector<std::size_t>>& needs,
                 const std::vector<bool>& wanted, std::size_t most_at_once, std::stop_token stop,
                 const std::function<Status(std::size_t, std::stop_token)>& run) {
    return GraphRun(needs, wanted, most_at_once, std::move(stop), run).finish();
}

} // namespace mybuild
