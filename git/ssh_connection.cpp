#include "git/ssh_connection.hpp"

#include "base/fs.hpp"
#include "base/render.hpp"
#include "git/ssh_library.hpp"
#include "git/tcp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <optional>
#include <sys/mman.h>
#include <sys/socket.h>

namespace mybuild::git {
namespace {

constexpr const char* usual_port = "22";
constexpr long to_connect = 30;                         // seconds
constexpr std::chrono::milliseconds to_answer{120'000}; // large repositories are slow to begin
constexpr std::size_t longest_errors = 4096;
constexpr std::size_t longest_write = std::size_t{1} << 20; // libssh counts in 32 bits

/// A file in memory, for what libssh takes by path only.
Result<Fd> memory_file(std::string_view content) {
    Fd fd(::memfd_create("known_hosts", MFD_CLOEXEC));
    if (!fd) return fail(errno_error("cannot make a file in memory", errno));
    TRY(fs::write_all(fd.get(), content));
    return fd;
}

/// One session with a server, and the one channel in it.
class Session final : public Stream {
  public:
    Session(const SshLibrary& library, const SshAccess& access)
        : m_library(library), m_access(access), m_peer(peer_of(access.host, usual_port)),
          m_session(library.create(), library.free), m_channel(nullptr, library.channel_free) {}
    ~Session() override {
        m_channel.reset();
        if (m_session) m_library.disconnect(m_session.get());
    }

    Status start() {
        if (!m_session) return fail({ErrorCode::internal, "libssh cannot make a session"});
        const StoppableWait waiting(m_access.stop);
        TRY_ASSIGN(m_socket, connect_tcp(m_peer, waiting));
        // libssh waits without us: it is woken by the end of its connection.
        m_on_stop.emplace(m_access.stop, [this] { ::shutdown(m_socket.get(), SHUT_RDWR); });
        TRY(set_options());
        if (m_library.connect(m_session.get()) != SSH_OK) return fail(broken("cannot connect"));
        TRY(check_server());
        TRY(log_in());
        return open_channel();
    }

    Result<std::size_t> read(std::span<char> out) override {
        const int got = m_library.channel_read_timeout(m_channel.get(), out.data(),
                                                       static_cast<std::uint32_t>(out.size()), 0,
                                                       static_cast<int>(to_answer.count()));
        if (m_access.stop.stop_requested()) return fail(stopped());
        if (got > 0) {
            m_has_answered = true;
            return static_cast<std::size_t>(got);
        }
        if (got < 0) return fail(broken("the connection broke off"));
        hear_errors(); // unread, they hide the end
        if (m_library.channel_is_eof(m_channel.get()) == 0)
            return fail(
                Error{ErrorCode::network, fmt::format("{} did not answer in time", m_peer.shown())}
                    .with_hint("check the network, or try again later"));
        if (!m_has_answered) return fail(refused());
        return 0;
    }

    Status write(std::string_view bytes) override {
        while (!bytes.empty()) {
            const auto size = std::min(bytes.size(), longest_write);
            const int sent = m_library.channel_write(m_channel.get(), bytes.data(),
                                                     static_cast<std::uint32_t>(size));
            if (m_access.stop.stop_requested()) return fail(stopped());
            if (sent <= 0) return fail(broken("the connection broke off"));
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return {};
    }

  private:
    [[nodiscard]] Error stopped() const {
        return {ErrorCode::cancelled, fmt::format("fetch from {} stopped", m_peer.shown())};
    }

    [[nodiscard]] Error broken(std::string_view what) const {
        if (m_access.stop.stop_requested()) return stopped();
        return {ErrorCode::network, fmt::format("{}: {}: {}", m_peer.shown(), what,
                                                printable(m_library.get_error(m_session.get())))};
    }

    /// Takes what the server's program has written to its standard error.
    void hear_errors() {
        std::array<char, 1024> text{};
        for (;;) {
            const int got =
                m_library.channel_read_nonblocking(m_channel.get(), text.data(), text.size(), 1);
            if (got <= 0) return;
            if (m_errors.size() < longest_errors)
                m_errors.append(text.data(), static_cast<std::size_t>(got));
        }
    }

    /// The server's program has ended before it said anything.
    [[nodiscard]] Error refused() const {
        std::string_view said = m_errors;
        while (said.ends_with('\n') || said.ends_with('\r'))
            said.remove_suffix(1);
        return Error{ErrorCode::not_found, fmt::format("{} does not give the repository {}",
                                                       m_peer.shown(), printable(m_access.path))}
            .with_note(said.empty() ? "it gave no reason" : printable(said))
            .with_hint("check the path, and that the key may read this repository");
    }

    Status set(ssh_options_e option, const void* value) {
        if (m_library.options_set(m_session.get(), option, value) == SSH_OK) return {};
        return fail({ErrorCode::invalid,
                     fmt::format("{}: {}", m_peer.shown(), m_library.get_error(m_session.get()))});
    }

    Status set_options() {
        const bool no = false;
        TRY(set(SSH_OPTIONS_PROCESS_CONFIG, &no));
        TRY(set(SSH_OPTIONS_HOST, m_peer.host.c_str()));
        TRY(set(SSH_OPTIONS_PORT_STR, m_peer.port.c_str()));
        TRY(set(SSH_OPTIONS_USER, m_access.user.c_str()));
        TRY(set(SSH_OPTIONS_TIMEOUT, &to_connect));
        TRY_ASSIGN(m_known_hosts, memory_file(m_access.known_hosts));
        const auto path = fmt::format("/proc/self/fd/{}", m_known_hosts.get());
        TRY(set(SSH_OPTIONS_KNOWNHOSTS, path.c_str()));
        TRY(set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null"));
        Fd taken(::fcntl(m_socket.get(), F_DUPFD_CLOEXEC, 3)); // libssh closes its own
        if (!taken) return fail(errno_error("cannot copy a descriptor", errno));
        const socket_t fd = taken.get();
        TRY(set(SSH_OPTIONS_FD, &fd));
        (void)taken.release();
        return {};
    }

    Status check_server() {
        switch (m_library.session_is_known_server(m_session.get())) {
        case SSH_KNOWN_HOSTS_OK:
            return {};
        case SSH_KNOWN_HOSTS_UNKNOWN:
        case SSH_KNOWN_HOSTS_NOT_FOUND:
            return remember_server();
        case SSH_KNOWN_HOSTS_CHANGED:
        case SSH_KNOWN_HOSTS_OTHER:
            return fail(Error{
                ErrorCode::denied,
                fmt::format("the server {} shows another key than it had before", m_peer.shown())}
                            .with_hint("somebody may stand between: ask whoever runs it, and only "
                                       "then remove its line from the known hosts"));
        case SSH_KNOWN_HOSTS_ERROR:
            break;
        }
        return fail(broken("its key cannot be checked"));
    }

    Status remember_server() {
        if (!m_access.remember)
            return fail(
                Error{ErrorCode::denied, fmt::format("the server {} is not known", m_peer.shown())}
                    .with_hint("add its key to the known hosts (ssh-keyscan)"));
        char* line = nullptr;
        if (m_library.session_export_known_hosts_entry(m_session.get(), &line) != SSH_OK)
            return fail(broken("its key cannot be read"));
        const std::unique_ptr<char, void (*)(char*)> owned(line, m_library.string_free_char);
        return m_access.remember(line);
    }

    Status log_in() {
        int result = m_library.userauth_none(m_session.get(), nullptr);
        if (result == SSH_AUTH_SUCCESS) return {};
        if (result != SSH_AUTH_ERROR) {
            TRY_ASSIGN(Fd agent, m_access.agent());
            if (m_library.set_agent_socket(m_session.get(), agent.get()) != SSH_OK)
                return fail(broken("the agent cannot be asked"));
            (void)agent.release(); // libssh closes it
            result = m_library.userauth_agent(m_session.get(), nullptr);
        }
        if (result == SSH_AUTH_SUCCESS) return {};
        if (result == SSH_AUTH_ERROR) return fail(broken("cannot log in"));
        return fail(Error{ErrorCode::denied,
                          fmt::format("{} takes none of the agent's keys for the user {}",
                                      m_peer.shown(), printable(m_access.user))}
                        .with_hint("ssh-add -l shows the keys of an agent; is the right one among "
                                   "them, and known to the server?"));
    }

    Status open_channel() {
        m_channel.reset(m_library.channel_new(m_session.get()));
        const auto command = upload_pack_command(m_access.path);
        if (!m_channel || m_library.channel_open_session(m_channel.get()) != SSH_OK ||
            m_library.channel_request_exec(m_channel.get(), command.c_str()) != SSH_OK)
            return fail(broken("cannot start git-upload-pack"));
        return {};
    }

    const SshLibrary& m_library;
    const SshAccess& m_access;
    Peer m_peer;
    Fd m_socket; ///< a second descriptor of libssh's
    Fd m_known_hosts;
    std::unique_ptr<ssh_session_struct, void (*)(ssh_session)> m_session;
    std::unique_ptr<ssh_channel_struct, void (*)(ssh_channel)> m_channel;
    bool m_has_answered = false;
    std::string m_errors; ///< what the server's program has written to its standard error
    std::optional<std::stop_callback<std::function<void()>>> m_on_stop;
};

class SshConnection final : public Connection {
  public:
    explicit SshConnection(SshAccess access) : m_access(std::move(access)) {}

    [[nodiscard]] bool is_stateless() const override { return false; }

    Result<std::unique_ptr<Stream>> open(Service /*service*/) override {
        const auto& library = ssh_library();
        if (!library) return fail(library.error());
        auto session = std::make_unique<Session>(*library, m_access);
        TRY(session->start());
        return session;
    }

  private:
    SshAccess m_access;
};

} // namespace

std::string upload_pack_command(std::string_view path) {
    std::string command = "git-upload-pack '";
    for (const char c : path) {
        if (c == '\'' || c == '!') // csh reads ! in quotes, too
            command.append("'\\").append(1, c).append("'");
        else
            command += c;
    }
    return command + "'";
}

std::unique_ptr<Connection> make_ssh_connection(SshAccess access) {
    return std::make_unique<SshConnection>(std::move(access));
}

} // namespace mybuild::git
