#pragma once

#include "base/fs.hpp"
#include "cache/store.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>

/// What several tests of the store need.
namespace mybuild::test {

inline fs::TempDir temp() {
    return fs::TempDir::create("/tmp", "mybuild-test-").value();
}

/// A store of its own for one test, removed afterwards.
struct TempStore {
    fs::TempDir dir = temp();
    std::unique_ptr<Store> store = Store::open(dir.path() + "/store").value();
    Store* operator->() const { return store.get(); }
};

/// Runs `work` in a process of its own. It must not use doctest; what it returns is its exit code.
template <class Work>
pid_t in_child(Work&& work) {
    const pid_t pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid == 0) ::_exit(work());
    return pid;
}

/// The exit code, or 128 and the signal that ended it.
inline int wait_for(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0)
        REQUIRE(errno == EINTR);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct Pipe {
    Fd read;
    Fd write;
};
inline Pipe make_pipe() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    return {Fd(ends[0]), Fd(ends[1])};
}

} // namespace mybuild::test
