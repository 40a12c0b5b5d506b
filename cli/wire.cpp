#include "cli/wire.hpp"

#include "base/fs.hpp"
#include "image/http/curl_transport.hpp"
#include "image/registry/credentials.hpp"

#include <cstdlib>
#include <unistd.h>

namespace mybuild::cli {
namespace {

const char* environment(const char* name) {
    return std::getenv(name); // the threads that read it never write it
}

} // namespace

Result<Wire> Wire::open(const std::string& root) {
    const auto path = root.empty() ? default_store_root(environment, ::geteuid() == 0) : root;
    if (path.empty()) {
        return fail({ErrorCode::usage,
                     "there is no place for the store: HOME is not set",
                     {},
                     "name a directory with --root or MYBUILD_ROOT"});
    }
    TRY_ASSIGN(auto store, Store::open(path));
    return Wire(std::move(store));
}

LayerStore& Wire::layers() {
    if (!m_layers) m_layers = LayerStore::open(*m_store);
    return *m_layers;
}

Result<runtime::Sandbox*> Wire::sandbox() {
    const std::lock_guard lock(*m_mutex);
    if (!m_sandbox) {
        runtime::SandboxOptions options;
        TRY(fs::make_dirs_at(m_store->root_fd(), "seccomp", 0700));
        options.seccomp_cache = m_store->root() + "/seccomp";
        TRY_ASSIGN(m_sandbox, runtime::make_linux_sandbox(options));
    }
    return m_sandbox.get();
}

HttpTransport& Wire::http() {
    if (!m_transport) m_transport = make_curl_transport();
    return *m_transport;
}

registry::RegistryClient& Wire::registry() {
    if (!m_client) {
        auto where = registry::CredentialEnvironment::from([](const char* name) {
            const auto* value = environment(name);
            return value == nullptr ? std::nullopt : std::optional<std::string>(value);
        });
        auto helper = std::shared_ptr(registry::make_credential_helper(where.path));
        m_client.emplace(http(),
                         registry::make_file_credentials(std::move(where), std::move(helper)));
    }
    return *m_client;
}

} // namespace mybuild::cli
