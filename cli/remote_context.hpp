#pragma once

#include "builder/remote/git_ports.hpp"
#include "cli/build_context.hpp"

#include <stop_token>
#include <string_view>

namespace mybuild::cli {

/// How a build command reaches what is not on this machine.
struct Remote {
    SecretLookup secret = {}; ///< what the command line gives; may be empty
    std::stop_token stop = {};
    AgentLookup ssh_agent = {};
    std::vector<std::string> known_hosts = {};
};

/// Whether the text is an http or https URL.
[[nodiscard]] bool is_http_url(std::string_view text);

/// Fetches a build context from its URL: an archive with the Dockerfile in it, or a file that is
/// the Dockerfile (cli-and-outputs.md, 3.5).
Result<OpenedContext> open_url_context(Wire& wire, const BuildCommand& command,
                                       const Remote& remote);

/// Fetches a build context from a git repository; no ignore file counts in it.
Result<OpenedContext> open_git_context(Wire& wire, const BuildCommand& command,
                                       const Remote& remote);

/// The Dockerfile that `-f URL` names.
Result<std::shared_ptr<const Source>> fetch_dockerfile(Wire& wire, const std::string& url,
                                                       const Remote& remote);

} // namespace mybuild::cli
