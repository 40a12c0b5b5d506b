#include "base/file_lock.hpp"

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <memory>
#include <mutex>
#include <sys/file.h>
#include <thread>

namespace mybuild {
namespace {

int operation(LockKind kind) {
    return kind == LockKind::shared ? LOCK_SH : LOCK_EX;
}

int flock_retrying(int file, int operation) {
    while (::flock(file, operation) != 0)
        if (errno != EINTR) return errno;
    return 0;
}

/// What the thread that waits in flock(2) shares with the one that waits for it. Nothing can end
/// that system call but the lock or a signal, which may come just before it: so a waiter that is no
/// longer wanted stays behind, and gives the lock back as soon as it has it.
struct Wait {
    Fd file;
    std::mutex mutex;
    std::condition_variable_any changed;
    bool is_over = false;
    int error = 0;
};

void start_waiting(const std::shared_ptr<Wait>& wait, int operation) {
    std::thread([wait, operation] {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, nullptr); // signals are for the threads that are ours
        const int error = flock_retrying(wait->file.get(), operation);
        const std::lock_guard lock(wait->mutex);
        wait->error = error;
        wait->is_over = true;
        wait->changed.notify_all();
    }).detach();
}

} // namespace

Result<bool> try_lock(int file, LockKind kind) {
    const int error = flock_retrying(file, operation(kind) | LOCK_NB);
    if (error == 0) return true;
    if (error == EWOULDBLOCK) return false;
    return fail(errno_error("cannot lock", error));
}

Result<Fd> lock_file(Fd file, LockKind kind, const std::function<void()>& on_wait,
                     const std::stop_token& stop) {
    TRY_ASSIGN(const bool locked, try_lock(file.get(), kind));
    if (locked) return file;
    if (on_wait) on_wait();
    const auto wait = std::make_shared<Wait>();
    wait->file = std::move(file);
    start_waiting(wait, operation(kind));
    std::unique_lock lock(wait->mutex);
    wait->changed.wait(lock, stop, [&] { return wait->is_over; });
    if (!wait->is_over)
        return fail({ErrorCode::cancelled, "the build was stopped while it waited for a lock"});
    if (wait->error != 0) return fail(errno_error("cannot lock", wait->error));
    return std::move(wait->file);
}

} // namespace mybuild
