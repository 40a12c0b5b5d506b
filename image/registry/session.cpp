#include "image/registry/session.hpp"

#include "base/render.hpp"
#include "image/http/backoff.hpp"
#include "image/http/redirect.hpp"
#include "image/registry/auth.hpp"
#include "image/registry/reply.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild::registry {

namespace {

/// Hands the body of a success on; whatever else is said stays in the response.
class SuccessReceiver final : public BodyReceiver {
  public:
    explicit SuccessReceiver(BodyReceiver* inner) : m_inner(inner) {}
    Result<ByteSink*> accept(const HttpResponse& head) override {
        if (m_inner == nullptr || head.status < 200 || head.status > 299) return nullptr;
        return m_inner->accept(head);
    }

  private:
    BodyReceiver* m_inner;
};

class StringSource final : public ByteSource {
  public:
    explicit StringSource(std::string_view text) : m_rest(text) {}
    Result<std::size_t> read(std::span<std::byte> out) override {
        const std::size_t count = std::min(out.size(), m_rest.size());
        std::ranges::copy(std::as_bytes(std::span(m_rest.substr(0, count))), out.begin());
        m_rest.remove_prefix(count);
        return count;
    }

  private:
    std::string_view m_rest;
};

/// A TLS server that was spoken to in the clear says so with status 400.
bool wants_tls(const HttpResponse& response) {
    return response.status == 400 && response.body.find("HTTPS") != std::string::npos;
}

void trim_slashes(std::string& path) {
    while (path.ends_with('/'))
        path.pop_back();
}

} // namespace

Session::Session(HttpTransport& transport, std::shared_ptr<CredentialSource> credentials,
                 ClientOptions options)
    : m_transport(transport), m_credentials(std::move(credentials)), m_options(std::move(options)) {
}

bool Session::is_insecure(const Url& url) const {
    return is_loopback(url.host) || std::ranges::any_of(m_options.insecure, [&](const auto& name) {
               const std::string wanted = lower_ascii(name);
               return wanted == url.host || wanted == url.endpoint() || wanted == url.authority();
           });
}

HttpRequest Session::plain_request() const {
    HttpRequest request;
    request.timeouts = m_options.timeouts;
    request.headers = {{"User-Agent", m_options.user_agent}};
    return request;
}

Result<std::vector<Endpoint>> Session::mirrors(const std::string& registry) const {
    std::vector<Endpoint> found;
    const auto named = m_options.mirrors.find(registry);
    if (named == m_options.mirrors.end()) return found;
    for (const std::string& text : named->second) {
        auto url = parse_url(text);
        if (!url) return fail(std::move(url).error().in("mirror of " + registry));
        trim_slashes(url->target);
        found.push_back({url->authority(), *url, !is_insecure(*url)});
    }
    return found;
}

Result<std::vector<Endpoint>> Session::candidates(const std::string& registry) const {
    const std::string host = registry == "docker.io" ? "registry-1.docker.io" : registry;
    TRY_ASSIGN(Url secure, parse_url("https://" + host));
    TRY_ASSIGN(Url plain, parse_url("http://" + host));
    secure.target.clear();
    plain.target.clear();
    if (is_loopback(secure.host))
        return std::vector<Endpoint>{{registry, plain, true}, {registry, secure, false}};
    if (is_insecure(secure))
        return std::vector<Endpoint>{{registry, secure, false}, {registry, plain, true}};
    return std::vector<Endpoint>{{registry, secure, true}};
}

Result<Endpoint> Session::own_endpoint(const std::string& registry, std::stop_token stop) {
    const std::lock_guard lock(m_endpoints_mutex);
    if (const auto known = m_endpoints.find(registry); known != m_endpoints.end())
        return known->second;
    TRY_ASSIGN(const std::vector<Endpoint> possible, candidates(registry));
    std::optional<Error> first;
    for (const Endpoint& endpoint : possible) {
        if (possible.size() > 1) {
            HttpRequest probe = plain_request();
            probe.url = endpoint.base.str() + "/v2/";
            probe.verify_tls = endpoint.verify_tls;
            auto response = m_transport.request(probe, nullptr, stop);
            if (response && wants_tls(*response)) continue;
            if (!response) {
                if (response.error().code == ErrorCode::cancelled || first)
                    return fail(first ? *std::move(first) : std::move(response).error());
                first = std::move(response).error();
                // Where http found nobody, https on the same port finds nobody either.
                if (!endpoint.base.https && endpoint.base.port == possible.back().base.port) break;
                continue;
            }
        }
        m_endpoints.emplace(registry, endpoint);
        return endpoint;
    }
    if (first) return fail(*std::move(first));
    return fail({ErrorCode::network, fmt::format("{} speaks neither http nor https",
                                                 possible.front().base.endpoint())});
}

Session::Access& Session::access(const Endpoint& endpoint) {
    const std::lock_guard lock(m_accesses_mutex);
    std::unique_ptr<Access>& known = m_accesses[endpoint.base.str()];
    if (!known) known = std::make_unique<Access>();
    return *known;
}

std::string Session::credentials_problem(const Endpoint& endpoint) {
    Access& state = access(endpoint);
    const std::lock_guard lock(state.mutex);
    return state.problem;
}

Result<HttpResponse> Session::ask(const Endpoint& endpoint, const Question& question,
                                  const std::stop_token& stop) {
    Backoff after_network(question.network_retries, m_options.backoff, m_options.backoff_cap);
    Backoff after_status(question.status_retries, m_options.backoff, m_options.backoff_cap);
    while (true) {
        auto response = ask_once(endpoint, question, stop);
        bool again = false;
        if (!response)
            again = response.error().code == ErrorCode::network && after_network.pause({}, stop);
        else if (is_transient(response->status))
            again =
                after_status.pause(retry_after(*response, std::chrono::system_clock::now()), stop);
        if (!again) return response;
    }
}

Result<HttpResponse> Session::ask_once(const Endpoint& endpoint, const Question& question,
                                       const std::stop_token& stop) {
    Url url = endpoint.base;
    url.target += fmt::format("/v2/{}/{}", question.repository, question.path);
    HttpRequest request = plain_request();
    request.max_body = question.max_body;
    request.headers.insert(request.headers.end(), question.headers.begin(), question.headers.end());
    const std::size_t plain_headers = request.headers.size();
    std::string authorization;
    {
        Access& state = access(endpoint);
        const std::lock_guard lock(state.mutex);
        const auto grant = state.grants.find(question.repository);
        if (grant != state.grants.end() && grant->second.expires > std::chrono::steady_clock::now())
            authorization = grant->second.authorization;
    }
    for (bool last = false;; last = true) {
        request.headers.resize(plain_headers);
        if (!authorization.empty()) request.headers.push_back({"Authorization", authorization});
        TRY_ASSIGN(Followed followed, follow(endpoint, url, request, question.receiver, stop));
        if (followed.response.status != 401 || followed.left_origin || last)
            return std::move(followed.response);
        TRY_ASSIGN(auto granted,
                   authorize(endpoint, question, followed.response, authorization, stop));
        if (!granted) return std::move(followed.response);
        authorization = *std::move(granted);
    }
}

/// Sends a request on its way through redirects. Credentials stay with the origin they are for, and
/// nothing that was asked for by https is taken from http.
Result<Session::Followed> Session::follow(const Endpoint& endpoint, Url url, HttpRequest request,
                                          BodyReceiver* receiver, const std::stop_token& stop) {
    SuccessReceiver successes(receiver);
    Followed followed;
    for (int hop = 0; hop <= most_redirects; ++hop) {
        request.url = url.str();
        request.verify_tls =
            url.host == endpoint.base.host ? endpoint.verify_tls : !is_insecure(url);
        TRY_ASSIGN(followed.response, m_transport.request(request, &successes, stop));
        TRY_ASSIGN(auto next, redirect_of(url, followed.response));
        if (!next) return followed;
        if (request.body != nullptr)
            return fail({ErrorCode::denied,
                         fmt::format("{} sends what was told to it elsewhere", url.endpoint())});
        if (!next->same_origin(url)) {
            followed.left_origin = true;
            drop_credentials(request.headers);
        }
        url = *std::move(next);
    }
    return fail(leads_in_circles(endpoint.base));
}

/// The Authorization value that answers a refusal; nullopt: there is none to give. `stale` is the
/// one that was refused.
Result<std::optional<std::string>>
Session::authorize(const Endpoint& endpoint, const Question& question, const HttpResponse& refusal,
                   const std::string& stale, const std::stop_token& stop) {
    Access& state = access(endpoint);
    const std::lock_guard lock(state.mutex); // others that wait here use what this one gets
    const auto known = state.grants.find(question.repository);
    if (known != state.grants.end() && known->second.authorization != stale &&
        known->second.expires > std::chrono::steady_clock::now())
        return known->second.authorization;
    const std::optional<Challenge> challenge = choose_challenge(refusal);
    if (!challenge) return std::nullopt;
    std::optional<Credentials> credentials;
    if (m_credentials) {
        auto found = m_credentials->find(endpoint.registry, question.repository);
        // Many a config names a helper that is not there: public images must come all the same.
        if (found)
            credentials = *std::move(found);
        else
            state.problem = std::move(found).error().message;
    }
    Access::Grant grant;
    if (challenge->scheme == "basic") {
        if (!credentials || !credentials->identity_token.empty()) return std::nullopt;
        grant = {basic_authorization(*credentials), std::chrono::steady_clock::time_point::max()};
        if (grant.authorization == stale) return std::nullopt;
    } else {
        TRY_ASSIGN(grant, fetch_token(endpoint, question, refusal, credentials, stop));
    }
    state.grants.insert_or_assign(question.repository, grant);
    return grant.authorization;
}

Result<Session::Access::Grant> Session::fetch_token(const Endpoint& endpoint,
                                                    const Question& question,
                                                    const HttpResponse& refusal,
                                                    const std::optional<Credentials>& credentials,
                                                    const std::stop_token& stop) {
    constexpr std::chrono::seconds margin{10}; // a token should not expire on its way
    const std::string scope = fmt::format("repository:{}:pull", question.repository);
    const std::optional<Challenge> challenge = choose_challenge(refusal);
    auto token_request = make_token_request(challenge.value(), scope, credentials);
    if (!token_request)
        return fail(
            std::move(token_request)
                .error()
                .in(fmt::format("{} names no usable token server", endpoint.base.endpoint())));
    HttpRequest request = std::move(token_request->request);
    TRY_ASSIGN(const Url realm, parse_url(request.url));
    if (endpoint.base.https && !realm.https)
        return fail(
            {ErrorCode::denied, fmt::format("{} names a token server without TLS ({}): refused",
                                            endpoint.base.endpoint(), realm.endpoint())});
    HttpRequest plain = plain_request();
    request.timeouts = plain.timeouts;
    std::ranges::move(plain.headers, std::back_inserter(request.headers));
    StringSource form(token_request->form);
    if (!token_request->form.empty()) request.body = &form;
    TRY_ASSIGN(const Followed followed, follow(endpoint, realm, request, nullptr, stop));
    const int status = followed.response.status;
    if (status != 200) {
        Error error =
            response_error(followed.response, question.what, endpoint.registry, realm.endpoint());
        if (credentials && (status == 400 || status == 401 || status == 403))
            error.message = fmt::format("{} does not accept the credentials stored for {}",
                                        realm.endpoint(), endpoint.registry);
        return fail(std::move(error));
    }
    auto token = parse_token(followed.response.body);
    if (!token) return fail(std::move(token).error().in(realm.endpoint()));
    return Access::Grant{"Bearer " + token->value,
                         std::chrono::steady_clock::now() + token->lifetime - margin};
}

} // namespace mybuild::registry
