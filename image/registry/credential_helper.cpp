#include "base/fd.hpp"
#include "base/render.hpp"
#include "image/registry/credentials.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace mybuild::registry {

namespace {

constexpr std::chrono::seconds patience{60}; // it may have to ask the user for a passphrase
constexpr std::size_t longest_answer = 1U << 20U;
constexpr std::string_view nothing_stored = "credentials not found in native keychain";

/// A child process; killed and reaped unless it was waited for.
class Child {
  public:
    explicit Child(pid_t pid) : m_pid(pid) {}
    ~Child() {
        if (m_pid <= 0) return;
        ::kill(m_pid, SIGKILL);
        (void)wait();
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    /// The exit code; -1: it was killed.
    int wait() {
        int status = 0;
        while (::waitpid(m_pid, &status, 0) < 0 && errno == EINTR) {
        }
        m_pid = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

  private:
    pid_t m_pid;
};

bool is_helper_name(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    });
}

std::string find_program(std::string_view path, const std::string& program) {
    while (!path.empty()) {
        const std::string_view directory = path.substr(0, path.find(':'));
        path.remove_prefix(std::min(directory.size() + 1, path.size()));
        std::string candidate = fmt::format("{}/{}", directory, program);
        struct stat info {};
        if (directory.starts_with('/') && ::stat(candidate.c_str(), &info) == 0 &&
            S_ISREG(info.st_mode) && ::access(candidate.c_str(), X_OK) == 0)
            return candidate;
    }
    return {};
}

/// Starts `program get` with `channel` as its standard input and output.
Result<pid_t> start(const std::string& program, int channel) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, channel, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, channel, STDOUT_FILENO);
    sigset_t none;
    sigset_t pipe;
    sigemptyset(&none);
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &pipe);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::string name = program;
    std::string verb = "get";
    const std::array<char*, 3> arguments = {name.data(), verb.data(), nullptr};
    pid_t pid = 0;
    const int error =
        posix_spawn(&pid, program.c_str(), &actions, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) return fail(errno_error("cannot start " + program, error));
    return pid;
}

/// Everything the program says until it closes its output.
Result<std::string> converse(int channel, const std::string& server) {
    if (::send(channel, server.data(), server.size(), MSG_NOSIGNAL) < 0 && errno != EPIPE)
        return fail(errno_error("cannot write to it", errno));
    ::shutdown(channel, SHUT_WR);
    std::string answer;
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (true) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd wanted{channel, POLLIN, 0};
        const int ready = ::poll(&wanted, 1, static_cast<int>(std::max(left.count(), {})));
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0)
            return fail(
                {ErrorCode::network, fmt::format("no answer within {} s", patience.count())});
        std::array<char, 4096> buffer{};
        const ssize_t count = ::recv(channel, buffer.data(), buffer.size(), 0);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return answer;
        answer.append(buffer.data(), static_cast<std::size_t>(count));
        if (answer.size() > longest_answer)
            return fail({ErrorCode::corrupt, "its answer is too long"});
    }
}

Result<std::optional<Credentials>> read_answer(const std::string& answer) {
    const auto root = nlohmann::json::parse(answer, nullptr, /*allow_exceptions=*/false);
    Credentials found;
    for (const auto& [name, target] :
         {std::pair{"Username", &found.user}, std::pair{"Secret", &found.password}}) {
        if (!root.is_object() || !root.contains(name) || !root[name].is_string())
            return fail({ErrorCode::corrupt, fmt::format("its answer has no {}", name)});
        *target = root[name].get<std::string>();
    }
    if (found.user == "<token>") return Credentials{{}, {}, found.password};
    if (found.user.empty() && found.password.empty()) return std::nullopt;
    return found;
}

class SpawnedHelper final : public CredentialHelper {
  public:
    explicit SpawnedHelper(std::string path) : m_path(std::move(path)) {}

    Result<std::optional<Credentials>> get(const std::string& name,
                                           const std::string& server) override {
        if (!is_helper_name(name))
            return fail({ErrorCode::invalid,
                         fmt::format("{} is no name of a credential helper", printable(name))});
        const std::string program = "docker-credential-" + name;
        const std::string file = find_program(m_path, program);
        if (file.empty())
            return fail({ErrorCode::not_found,
                         fmt::format("the credential helper {} is not in $PATH", program)});
        auto found = ask(file, server);
        if (!found) return fail(std::move(found).error().in("credential helper " + program));
        return found;
    }

  private:
    static Result<std::optional<Credentials>> ask(const std::string& file,
                                                  const std::string& server) {
        std::array<int, 2> ends{};
        // A socket and not two pipes: writing to a helper that has gone must not raise SIGPIPE.
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
            return fail(errno_error("socketpair", errno));
        const Fd ours(ends[0]);
        Fd theirs(ends[1]);
        TRY_ASSIGN(const pid_t pid, start(file, theirs.get()));
        Child child(pid);
        theirs.reset();
        TRY_ASSIGN(const std::string answer, converse(ours.get(), server));
        if (const int code = child.wait(); code != 0) {
            const std::string_view line = std::string_view(answer).substr(0, answer.find('\n'));
            if (answer.find(nothing_stored) != std::string::npos) return std::nullopt;
            return fail({ErrorCode::denied,
                         fmt::format("exit code {}: {}", code, printable(line.substr(0, 200)))});
        }
        return read_answer(answer);
    }

    std::string m_path;
};

} // namespace

std::unique_ptr<CredentialHelper> make_credential_helper(std::string path) {
    return std::make_unique<SpawnedHelper>(std::move(path));
}

} // namespace mybuild::registry
