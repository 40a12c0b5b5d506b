#pragma once

#include "base/result.hpp"
#include "cache/layers/layer_store.hpp"
#include "cache/store.hpp"
#include "image/registry/client.hpp"
#include "runtime/sandbox.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace mybuild::cli {

/// The one place that names real adapters. Each is made when first needed: a build in which nothing
/// changed never makes a sandbox or a registry client.
class Wire {
  public:
    /// `root` empty: the default store.
    static Result<Wire> open(const std::string& root);

    Store& store() { return *m_store; }
    LayerStore& layers();
    Result<runtime::Sandbox*> sandbox();
    registry::RegistryClient& registry();
    HttpTransport& http();

  private:
    explicit Wire(std::unique_ptr<Store> store) : m_store(std::move(store)) {}

    std::unique_ptr<Store> m_store;
    std::unique_ptr<LayerStore> m_layers;
    std::unique_ptr<std::mutex> m_mutex = std::make_unique<std::mutex>(); // stages ask at once
    std::unique_ptr<runtime::Sandbox> m_sandbox;
    std::unique_ptr<HttpTransport> m_transport;
    std::optional<registry::RegistryClient> m_client;
};

} // namespace mybuild::cli
