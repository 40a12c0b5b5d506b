#pragma once

#include "base/fd.hpp"
#include "base/fs.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <spawn.h>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace mybuild::test {

/// A real registry (Debian's docker-registry) on a free loopback port, with an empty store of its
/// own that is removed with it.
class RegistryFixture {
  public:
    /// `extra` is added to its configuration, YAML after the `http` section. Not installed or not
    /// starting: nullptr, and the test is to be skipped.
    static std::unique_ptr<RegistryFixture> start(std::string_view extra = {}) {
        constexpr const char* program = "/usr/bin/docker-registry";
        if (::access(program, X_OK) != 0) return nullptr;
        auto fixture = std::unique_ptr<RegistryFixture>(new RegistryFixture);
        const std::string config =
            fmt::format("version: 0.1\nlog: {{level: info}}\nstorage:\n  filesystem: "
                        "{{rootdirectory: {}/store}}\n"
                        "  delete: {{enabled: true}}\nhttp:\n  addr: 127.0.0.1:0\n{}",
                        fixture->m_dir.path(), extra);
        if (!fs::write_file_atomic(fixture->m_dir.fd(), "config.yml", config)) return nullptr;
        if (!fixture->spawn(program) || !fixture->await_port()) return nullptr;
        return fixture;
    }
    ~RegistryFixture() { stop(); }
    RegistryFixture(const RegistryFixture&) = delete;
    RegistryFixture& operator=(const RegistryFixture&) = delete;

    /// Ends it; its address stays known, and nobody listens there any more.
    void stop() {
        if (m_pid <= 0) return;
        ::kill(m_pid, SIGKILL);
        while (::waitpid(m_pid, nullptr, 0) < 0 && errno == EINTR) {
        }
        m_pid = 0;
    }

    [[nodiscard]] std::string address() const { return "127.0.0.1:" + m_port; }
    [[nodiscard]] int dir() const { return m_dir.fd(); }
    [[nodiscard]] const std::string& path() const { return m_dir.path(); }
    /// The file in which it keeps a blob, relative to dir(); `digest` is `sha256:…`.
    [[nodiscard]] static std::string blob_file(std::string_view digest) {
        const std::string_view hex = digest.substr(digest.find(':') + 1);
        return fmt::format("store/docker/registry/v2/blobs/sha256/{}/{}/data", hex.substr(0, 2),
                           hex);
    }

  private:
    RegistryFixture() = default;

    bool spawn(const char* program) {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
        m_log = Fd(ends[0]);
        const Fd writer(ends[1]);
        std::string serve = "serve";
        std::string config = m_dir.path() + "/config.yml";
        std::string name = program;
        const std::array<char*, 4> arguments = {name.data(), serve.data(), config.data(), nullptr};
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, writer.get(), STDERR_FILENO);
        const int error =
            posix_spawn(&m_pid, program, &actions, nullptr, arguments.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        return error == 0;
    }

    /// Its log names the port the kernel gave it; the rest of the log is read and dropped.
    bool await_port() {
        constexpr std::string_view mark = "listening on 127.0.0.1:";
        std::string log;
        while (true) {
            std::array<char, 4096> buffer{};
            const ssize_t count = ::read(m_log.get(), buffer.data(), buffer.size());
            if (count <= 0) return false;
            log.append(buffer.data(), static_cast<std::size_t>(count));
            const std::size_t found = log.find(mark);
            if (found == std::string::npos) continue;
            const std::size_t begin = found + mark.size();
            const std::size_t end = log.find_first_not_of("0123456789", begin);
            if (end == std::string::npos) continue;
            m_port = log.substr(begin, end - begin);
            break;
        }
        m_drain = std::jthread([log_end = m_log.get()] {
            std::array<char, 4096> buffer{};
            while (::read(log_end, buffer.data(), buffer.size()) > 0) {
            }
        });
        return true;
    }

    fs::TempDir m_dir = fs::TempDir::create("/tmp", "registry-").value();
    pid_t m_pid = 0;
    std::string m_port;
    Fd m_log;
    std::jthread m_drain; ///< ends with the registry's log; joined before m_log is closed
};

} // namespace mybuild::test
