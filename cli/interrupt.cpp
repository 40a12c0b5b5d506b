#include "cli/interrupt.hpp"

#include <pthread.h>
#include <unistd.h>

namespace mybuild::cli {
namespace {

sigset_t watched() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR2})
        sigaddset(&set, signal);
    return set;
}

} // namespace

Interrupt::Interrupt() {
    const auto set = watched();
    pthread_sigmask(SIG_BLOCK, &set, &m_old);
    m_watcher = std::thread([this] { watch(); });
}

Interrupt::~Interrupt() {
    m_over = true;
    // SIGUSR2, which means nothing to us otherwise, wakes the watcher.
    pthread_kill(m_watcher.native_handle(), SIGUSR2);
    m_watcher.join();
    pthread_sigmask(SIG_SETMASK, &m_old, nullptr);
}

void Interrupt::watch() {
    const auto set = watched();
    for (int signal = 0; !m_over;) {
        if (sigwait(&set, &signal) != 0 || signal == SIGUSR2) continue;
        if (m_signal != 0) ::_exit(128 + signal);
        m_signal = signal;
        m_stop.request_stop();
    }
}

} // namespace mybuild::cli
