#include "image/registry/credentials.hpp"

#include "base/fs.hpp"
#include "base/render.hpp"
#include "image/registry/auth.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fcntl.h>
#include <mutex>

namespace mybuild::registry {

namespace {

using nlohmann::json;

constexpr std::size_t largest_config = 4U << 20U;

/// Under which names a registry's credentials are kept, the preferred one first. Docker Hub has the
/// name of its first API for historical reasons.
std::vector<std::string> names_of(const std::string& registry) {
    if (registry == "docker.io")
        return {"https://index.docker.io/v1/", "index.docker.io", "docker.io",
                "registry-1.docker.io"};
    return {registry};
}

/// `https://host/v1/` → `host`; keys of podman (`host/name/space`) keep their path.
std::string normalised(std::string_view key) {
    const std::size_t scheme = key.find("://");
    if (scheme != std::string_view::npos) {
        key.remove_prefix(scheme + 3);
        key = key.substr(0, key.find('/'));
    }
    while (key.ends_with('/'))
        key.remove_suffix(1);
    if (key.ends_with("/v1") || key.ends_with("/v2")) key.remove_suffix(3);
    return std::string(key);
}

std::string text_member(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const json* object_member(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_object() ? &*found : nullptr;
}

/// One entry of `auths`. Empty entries are what Docker leaves for a credential store.
Result<std::optional<Credentials>> read_entry(const json& entry) {
    Credentials found{text_member(entry, "username"), text_member(entry, "password"),
                      text_member(entry, "identitytoken")};
    if (const std::string auth = text_member(entry, "auth"); !auth.empty()) {
        const std::optional<std::string> pair = base64_decode(auth);
        const std::size_t colon = pair ? pair->find(':') : std::string::npos;
        if (colon == std::string::npos)
            return fail({ErrorCode::corrupt, "`auth` is not base64 of user:password"});
        found.user = pair->substr(0, colon);
        found.password = pair->substr(colon + 1);
        found.password.erase(std::min(found.password.find('\0'), found.password.size()));
    }
    if (found == Credentials{}) return std::nullopt;
    return found;
}

/// The most specific entry for the repository: `host/a/b`, `host/a`, then `host`.
const json* find_entry(const json& entries, const std::string& registry,
                       const std::string& repository) {
    for (std::string path = "/" + repository;; path.erase(path.rfind('/'))) {
        for (const std::string& name : names_of(registry))
            for (const auto& [key, value] : entries.items())
                if (normalised(key) == normalised(name) + path) return &value;
        if (path.empty()) return nullptr;
    }
}

class FileCredentials final : public CredentialSource {
  public:
    FileCredentials(CredentialEnvironment environment, std::shared_ptr<CredentialHelper> helper)
        : m_environment(std::move(environment)), m_helper(std::move(helper)) {}

    Result<std::optional<Credentials>> find(const std::string& registry,
                                            const std::string& repository) override {
        const std::lock_guard lock(m_mutex);
        for (const std::string& path : paths()) {
            TRY_ASSIGN(const auto config, read(path));
            if (!config) continue;
            auto found = find_in(*config, registry, repository);
            if (!found) return fail(std::move(found).error().in(path));
            if (*found) return found;
        }
        return std::nullopt;
    }

  private:
    [[nodiscard]] std::vector<std::string> paths() const {
        std::vector<std::string> found;
        if (!m_environment.registry_auth_file.empty())
            found.push_back(m_environment.registry_auth_file);
        if (!m_environment.docker_config.empty())
            found.push_back(m_environment.docker_config + "/config.json");
        else if (!m_environment.home.empty())
            found.push_back(m_environment.home + "/.docker/config.json");
        if (!m_environment.xdg_runtime_dir.empty())
            found.push_back(m_environment.xdg_runtime_dir + "/containers/auth.json");
        return found;
    }

    static Result<std::optional<json>> read(const std::string& path) {
        auto text = fs::read_file_at(AT_FDCWD, path, largest_config);
        if (!text) {
            if (text.error().code == ErrorCode::not_found) return std::nullopt;
            return fail(std::move(text).error());
        }
        json config = json::parse(*text, nullptr, /*allow_exceptions=*/false);
        if (!config.is_object())
            return fail({ErrorCode::syntax, fmt::format("{} is not a JSON object", path)});
        return config;
    }

    Result<std::optional<Credentials>> find_in(const json& config, const std::string& registry,
                                               const std::string& repository) {
        if (const json* helpers = object_member(config, "credHelpers")) {
            const json* name = find_entry(*helpers, registry, {});
            if (name != nullptr && name->is_string())
                return ask_helper(name->get<std::string>(), registry);
        }
        if (const json* auths = object_member(config, "auths")) {
            const json* entry = find_entry(*auths, registry, repository);
            if (entry != nullptr && entry->is_object()) {
                TRY_ASSIGN(auto found, read_entry(*entry));
                if (found) return found;
            }
        }
        const std::string store = text_member(config, "credsStore");
        if (store.empty()) return std::nullopt;
        return ask_helper(store, registry);
    }

    Result<std::optional<Credentials>> ask_helper(const std::string& name,
                                                  const std::string& registry) {
        if (!m_helper)
            return fail({ErrorCode::unsupported,
                         fmt::format("the credential helper {} is not run here", printable(name))});
        return m_helper->get(name, names_of(registry).front());
    }

    CredentialEnvironment m_environment;
    std::shared_ptr<CredentialHelper> m_helper;
    std::mutex m_mutex; ///< helpers that ask the user something should not do so twice at once
};

} // namespace

CredentialEnvironment
CredentialEnvironment::from(const std::function<std::optional<std::string>(const char*)>& get) {
    const auto text = [&](const char* name) { return get(name).value_or(std::string()); };
    return {text("HOME"), text("DOCKER_CONFIG"), text("REGISTRY_AUTH_FILE"),
            text("XDG_RUNTIME_DIR"), text("PATH")};
}

std::unique_ptr<CredentialSource> make_file_credentials(CredentialEnvironment environment,
                                                        std::shared_ptr<CredentialHelper> helper) {
    return std::make_unique<FileCredentials>(std::move(environment), std::move(helper));
}

} // namespace mybuild::registry
