#pragma once

#include <atomic>
#include <csignal>
#include <stop_token>
#include <thread>

namespace mybuild::cli {

/// Turns the first SIGINT, SIGTERM or SIGHUP into a stop request, so that everything that runs is
/// ended and cleaned up in order; a second one ends the process at once. Made before any other
/// thread, since it blocks these signals for all of them.
class Interrupt {
  public:
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    [[nodiscard]] std::stop_token token() const { return m_stop.get_token(); }
    /// The signal that came; 0: none.
    [[nodiscard]] int signal() const { return m_signal; }

  private:
    void watch();

    std::stop_source m_stop;
    std::atomic<int> m_signal{0};
    std::atomic<bool> m_over{false};
    sigset_t m_old{};
    std::thread m_watcher;
};

} // namespace mybuild::cli
