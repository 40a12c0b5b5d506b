#pragma once

#include "image/http/url.hpp"
#include "image/registry/client.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mybuild::registry {

/// Where a registry's API is spoken to.
struct Endpoint {
    std::string registry; ///< as people log in to it
    Url base;             ///< its target is the path before `/v2/`, without a trailing `/`
    bool verify_tls = true;
};

/// What is asked of an endpoint.
struct Question {
    std::string what; ///< the image as people name it, for errors
    std::string repository;
    std::string path; ///< after `/v2/REPOSITORY/`
    std::vector<HttpHeader> headers = {};
    BodyReceiver* receiver = nullptr; ///< gets the body of a 2xx response only
    std::size_t max_body = 4U << 20U;
    unsigned network_retries = 0; ///< after a broken or refused connection
    unsigned status_retries = 0;  ///< after 429 or 5xx
};

/// Exchanges with registries: finds their scheme, answers challenges and keeps the tokens, follows
/// redirects with the care they need, tries again. Safe to use from several threads.
class Session {
  public:
    Session(HttpTransport& transport, std::shared_ptr<CredentialSource> credentials,
            ClientOptions options);

    [[nodiscard]] const ClientOptions& options() const { return m_options; }

    /// The mirrors named for a registry.
    Result<std::vector<Endpoint>> mirrors(const std::string& registry) const;
    /// The registry itself. Loopback registries speak http (https if nothing else answers),
    /// insecure ones https or else http, all others https.
    Result<Endpoint> own_endpoint(const std::string& registry, std::stop_token stop);

    /// One question, with credentials where the endpoint asks for them. Any status but one that
    /// could still be helped is success.
    Result<HttpResponse> ask(const Endpoint& endpoint, const Question& question,
                             const std::stop_token& stop);

    /// Why the credentials for an endpoint could not be read, if so: it was asked anonymously.
    std::string credentials_problem(const Endpoint& endpoint);

  private:
    /// What is known of how to be let in to one endpoint.
    struct Access {
        struct Grant {
            std::string authorization;
            std::chrono::steady_clock::time_point expires;
        };
        std::mutex mutex;
        std::map<std::string, Grant> grants; ///< by repository
        std::string problem;
    };
    struct Followed {
        HttpResponse response;
        bool left_origin = false; ///< the response is another host's
    };

    Access& access(const Endpoint& endpoint);
    Result<HttpResponse> ask_once(const Endpoint& endpoint, const Question& question,
                                  const std::stop_token& stop);
    Result<Followed> follow(const Endpoint& endpoint, Url url, HttpRequest request,
                            BodyReceiver* receiver, const std::stop_token& stop);
    Result<std::optional<std::string>> authorize(const Endpoint& endpoint, const Question& question,
                                                 const HttpResponse& refusal,
                                                 const std::string& stale,
                                                 const std::stop_token& stop);
    Result<Access::Grant> fetch_token(const Endpoint& endpoint, const Question& question,
                                      const HttpResponse& refusal,
                                      const std::optional<Credentials>& credentials,
                                      const std::stop_token& stop);
    [[nodiscard]] bool is_insecure(const Url& url) const;
    [[nodiscard]] Result<std::vector<Endpoint>> candidates(const std::string& registry) const;
    [[nodiscard]] HttpRequest plain_request() const;

    HttpTransport& m_transport;
    std::shared_ptr<CredentialSource> m_credentials;
    ClientOptions m_options;
    std::mutex m_endpoints_mutex;
    std::map<std::string, Endpoint> m_endpoints; ///< by registry
    std::mutex m_accesses_mutex;
    std::map<std::string, std::unique_ptr<Access>> m_accesses; ///< by base URL
};

} // namespace mybuild::registry
