#pragma once

#include "base/result.hpp"
#include "runtime/sandbox.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Values of the options of `build` that concern RUN steps (cli reference, sections 1 and 6). Pure;
/// errors are ErrorCode::usage with Docker's texts.
namespace mybuild::cli {

/// `--secret`: where a secret's bytes are. Both empty: the variable called `id` if there is one,
/// else the file of that name.
struct SecretSpec {
    std::string id;
    std::string file = {};
    std::string variable = {}; ///< wins over `file`
    friend bool operator==(const SecretSpec&, const SecretSpec&) = default;
};

/// `[type=file|env,]id=ID[,src|source=PATH][,env=VARIABLE]`
Result<SecretSpec> parse_secret(std::string_view text);

/// `--ssh`: an agent for RUN --mount=type=ssh.
struct SshSpec {
    std::string id = "default";
    std::vector<std::string> paths = {}; ///< a socket, or key files; none: $SSH_AUTH_SOCK
    bool raw = false;                    ///< whatever the socket speaks is passed on
    friend bool operator==(const SshSpec&, const SshSpec&) = default;
};

/// `default`, `ID`, `ID=SOCKET`, `ID=KEY[,KEY]`; `raw=true` among the paths.
Result<SshSpec> parse_ssh(std::string_view text);

/// Entitlements that the caller grants to the Dockerfile.
struct Allowed {
    bool host_network = false;
    bool insecure = false;
    friend bool operator==(const Allowed&, const Allowed&) = default;
};

/// One value of --allow.
Status parse_allow(std::string_view text, Allowed& allowed);

/// `name:address`, `name=address`, IPv6 addresses in brackets or bare, `host-gateway`; gives
/// `name=address`.
Result<std::string> parse_added_host(std::string_view text);

/// `type=soft[:hard]`, -1 for no limit.
Result<runtime::ResourceLimit> parse_ulimit(std::string_view text);

} // namespace mybuild::cli
