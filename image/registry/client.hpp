#pragma once

#include "image/blob_source.hpp"
#include "image/http/http.hpp"
#include "image/oci/oci.hpp"
#include "image/oci/reference.hpp"
#include "image/registry/credentials.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace mybuild::registry {

struct ClientOptions {
    /// `host[:port]` of registries that may be spoken to by plain HTTP or with a certificate nobody
    /// vouches for. Loopback registries need not be listed.
    std::vector<std::string> insecure = {};
    /// By registry (`docker.io`): base URLs (`http://127.0.0.1:5001`) that are asked first, in
    /// order; whatever they cannot deliver comes from the registry itself.
    std::map<std::string, std::vector<std::string>> mirrors = {};
    std::string user_agent = "mybuild";
    unsigned parallel_layers = 3;           ///< blobs on their way at once in fetch_layers
    unsigned retries = 3;                   ///< further attempts after a network error, 429 or 5xx
    std::chrono::milliseconds backoff{250}; ///< before the first retry; doubled each time
    std::chrono::milliseconds backoff_cap{30'000}; ///< also the most that a Retry-After may ask for
    HttpTimeouts timeouts = {};
};

/// An image as the registry names it, all digests verified.
struct ResolvedImage {
    oci::Descriptor descriptor; ///< of the manifest
    std::string manifest_bytes;
    oci::Manifest manifest;
    std::string config_bytes;                  ///< the blob `manifest.config`
    std::optional<oci::Descriptor> index = {}; ///< the index the manifest was chosen from
    std::string index_bytes = {};
};

/// What happens to one blob.
struct BlobEvent {
    enum class Kind : std::uint8_t {
        exists,   ///< the sink has it: nothing is transferred
        started,  ///< bytes begin to come
        received, ///< `received` bytes are here
        retrying, ///< broken off; goes on after a pause
        done,     ///< verified and committed
    };
    Kind kind = Kind::started;
    Digest digest;
    std::uint64_t received = 0;
    std::uint64_t total = 0;
};
/// Called from the threads that download, several at once, at most some 20 times a second for each
/// blob; empty: nobody wants to know.
using BlobProgress = std::function<void(const BlobEvent&)>;

/// Pulls from registries that speak the OCI distribution protocol (distribution-spec 1.1; Docker's
/// registry API v2 with its token flow). One client may be used from several threads; it keeps
/// tokens and what it learned about hosts. Errors say which image and host, and what to do:
///   not_found   no such repository, tag, digest or platform (or no right to see it)
///   denied      credentials missing or wrong; a certificate not to be trusted
///   network     not reached, broke off, or answers with a server error after all retries
///   corrupt     bytes that have not the digest or size that was asked for, or no valid JSON
///   unsupported a manifest of a kind we do not read (schema 1, …)
///   cancelled   stop was requested
class RegistryClient {
  public:
    /// `transport` is borrowed and must outlive the client.
    RegistryClient(HttpTransport& transport, std::shared_ptr<CredentialSource> credentials,
                   ClientOptions options = {});
    ~RegistryClient();
    RegistryClient(RegistryClient&&) noexcept;
    RegistryClient& operator=(RegistryClient&&) noexcept;

    /// Manifest and config for a reference; of an index, the manifest that fits `platform`. The
    /// reference's digest, if any, counts more than its tag.
    Result<ResolvedImage> resolve(const oci::Reference& reference, const oci::Platform& platform,
                                  std::stop_token stop = {});

    /// One blob of a repository into the sink. What was received before the connection broke is
    /// kept, and the rest asked for.
    Status fetch_blob(const oci::Reference& repository, const oci::Descriptor& blob, BlobSink& sink,
                      const BlobProgress& progress = {}, std::stop_token stop = {});

    /// Several blobs at once, each digest once, skipping those the sink has. The first error
    /// cancels the others and is returned. The sink must allow begin() and has() from several
    /// threads.
    Status fetch_layers(const oci::Reference& repository, std::span<const oci::Descriptor> layers,
                        BlobSink& sink, const BlobProgress& progress = {},
                        std::stop_token stop = {});

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace mybuild::registry
