#pragma once

#include "base/result.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild::registry {

/// How the user is known to a registry: name and password, or a token that stands for both.
struct Credentials {
    std::string user;
    std::string password;
    std::string identity_token =
        {}; ///< OAuth2 refresh token; when set, user and password are unused
    friend bool operator==(const Credentials&, const Credentials&) = default;
};

/// Finds the credentials for a registry (`docker.io`, `localhost:5000`) and repository; none: the
/// registry is asked anonymously. May be called from several threads.
class CredentialSource {
  public:
    CredentialSource() = default;
    CredentialSource(const CredentialSource&) = delete;
    CredentialSource& operator=(const CredentialSource&) = delete;
    virtual ~CredentialSource() = default;
    virtual Result<std::optional<Credentials>> find(const std::string& registry,
                                                    const std::string& repository) = 0;
};

/// What of the environment says where credentials are; empty: not set.
struct CredentialEnvironment {
    std::string home = {};               ///< HOME
    std::string docker_config = {};      ///< DOCKER_CONFIG, a directory
    std::string registry_auth_file = {}; ///< REGISTRY_AUTH_FILE
    std::string xdg_runtime_dir = {};    ///< XDG_RUNTIME_DIR
    std::string path = {};               ///< PATH, for credential helpers

    /// From a look-up such as getenv.
    static CredentialEnvironment
    from(const std::function<std::optional<std::string>(const char*)>& get);
};

/// Runs `docker-credential-NAME get`, Docker's documented plug-in protocol: the server's name to
/// its standard input, JSON from its standard output (docker/docker-credential-helpers).
class CredentialHelper {
  public:
    CredentialHelper() = default;
    CredentialHelper(const CredentialHelper&) = delete;
    CredentialHelper& operator=(const CredentialHelper&) = delete;
    virtual ~CredentialHelper() = default;
    /// Nothing stored for `server`: nullopt. Errors: no such helper, or it failed.
    virtual Result<std::optional<Credentials>> get(const std::string& name,
                                                   const std::string& server) = 0;
};

/// The helper that starts the real programs, found in `path` (colon-separated directories).
std::unique_ptr<CredentialHelper> make_credential_helper(std::string path);

/// The files in which `docker login` and `podman login` keep credentials, read at first use, in
/// this order: $REGISTRY_AUTH_FILE; $DOCKER_CONFIG/config.json, or ~/.docker/config.json;
/// $XDG_RUNTIME_DIR/containers/auth.json. The first file with an entry for the registry wins; a
/// file that is not there is skipped, one that cannot be read or parsed is an error.
std::unique_ptr<CredentialSource> make_file_credentials(CredentialEnvironment environment,
                                                        std::shared_ptr<CredentialHelper> helper);

} // namespace mybuild::registry
