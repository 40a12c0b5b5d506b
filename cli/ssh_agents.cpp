#include "cli/ssh_agents.hpp"

#include "base/fs.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace mybuild::cli {
namespace {

constexpr std::size_t max_key = std::size_t{100} * 1024; // BuildKit's

tl::unexpected<Error> wrong(std::string message, std::string hint = {}) {
    return fail({ErrorCode::usage, std::move(message), {}, std::move(hint)});
}

Result<bool> is_socket(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) {
        auto error = errno_error(fmt::format("--ssh: cannot use {}", path), errno);
        error.hint = "name the socket of a running agent, or a private key's file";
        return fail(std::move(error));
    }
    return S_ISSOCK(info.st_mode);
}

Result<ssh::PrivateKey> read_key(const std::string& path) {
    auto text = fs::read_file_at(AT_FDCWD, path, max_key);
    if (!text) return fail(std::move(text).error().in("--ssh"));
    auto key = ssh::PrivateKey::parse(*text, path);
    if (!key)
        return fail(std::move(key).error().in(fmt::format("--ssh: failed to parse {}", path)));
    return key;
}

Result<ssh::Agent> open_agent(const SshSpec& spec,
                              const std::function<const char*(const char*)>& environment) {
    auto paths = spec.paths;
    if (paths.empty()) {
        const char* socket = environment("SSH_AUTH_SOCK");
        if (socket == nullptr || *socket == '\0') {
            return wrong("invalid empty ssh agent socket",
                         fmt::format("start an agent (eval $(ssh-agent), ssh-add), so that "
                                     "SSH_AUTH_SOCK is set, or name a key: --ssh {}=FILE",
                                     spec.id));
        }
        paths.emplace_back(socket);
    }
    ssh::Agent agent{.raw = spec.raw};
    for (const auto& path : paths) {
        TRY_ASSIGN(const bool socket, is_socket(path));
        if (!agent.socket.empty()) return wrong("only single socket allowed");
        if (socket && !agent.keys.empty()) return wrong("invalid combination of keys and sockets");
        if (socket) {
            agent.socket = path;
            continue;
        }
        if (spec.raw) return wrong("raw mode only supported with socket paths");
        TRY_ASSIGN(auto key, read_key(path));
        agent.keys.push_back(std::move(key));
    }
    return agent;
}

} // namespace

Result<SshAgents> open_ssh_agents(const std::vector<SshSpec>& specs,
                                  const std::function<const char*(const char*)>& environment) {
    SshAgents agents;
    for (const auto& spec : specs) {
        if (agents.contains(spec.id))
            return wrong(fmt::format("duplicate agent ID {}", text::quoted(spec.id)));
        TRY_ASSIGN(auto agent, open_agent(spec, environment));
        agents.emplace(spec.id, std::make_shared<const ssh::Agent>(std::move(agent)));
    }
    return agents;
}

} // namespace mybuild::cli
