#include "cli/given.hpp"

#include "parser/git_url.hpp"

#include <cstdlib>
#include <sys/stat.h>

namespace mybuild::cli {
namespace {

const char* environment(const char* name) {
    return std::getenv(name); // read by this thread alone
}

bool is_set(const char* name) {
    const char* value = environment(name);
    return value != nullptr && *value != '\0';
}

/// A context that is reached over ssh brings the user's agent with it, as buildx has it.
std::vector<SshSpec> ssh_specs(const BuildCommand& command) {
    struct stat info {};
    if (!command.ssh.empty() || !is_set("SSH_AUTH_SOCK") || !is_git_context(command.context) ||
        ::stat(command.context.c_str(), &info) == 0)
        return command.ssh;
    const auto url = parse_git_url(command.context);
    if (!url || url->transport != GitUrl::Transport::ssh) return {};
    return {SshSpec{}};
}

std::vector<std::string> known_hosts_files() {
    std::vector<std::string> files;
    if (is_set("HOME")) files.push_back(std::string(environment("HOME")) + "/.ssh/known_hosts");
    files.emplace_back("/etc/ssh/ssh_known_hosts");
    return files;
}

} // namespace

std::shared_ptr<const ssh::Agent> Given::agent(const std::string& id) const {
    const auto found = agents.find(id);
    return found == agents.end() ? nullptr : found->second;
}

Remote Given::remote(std::stop_token stop) const {
    return {[this](const std::string& id) { return secrets->read(id); }, std::move(stop),
            [this](const std::string& id) { return agent(id); }, known_hosts};
}

Result<Given> open_given(const BuildCommand& command) {
    Given given;
    TRY_ASSIGN(given.secrets, Secrets::open(command.secrets, environment));
    TRY_ASSIGN(given.agents, open_ssh_agents(ssh_specs(command), environment));
    given.known_hosts = known_hosts_files();
    return given;
}

} // namespace mybuild::cli
