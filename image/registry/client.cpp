#include "image/registry/client.hpp"

#include "base/render.hpp"
#include "image/registry/download.hpp"
#include "image/registry/reply.hpp"
#include "image/registry/session.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

namespace mybuild::registry {

struct RegistryClient::State {
    Session session;

    /// One image at one endpoint: what resolve() does.
    struct Resolution;

    /// Runs `work` for the mirrors, then for the registry, until one succeeds.
    template <class Work>
    auto with_endpoints(const oci::Reference& reference, const std::stop_token& stop, Work work)
        -> decltype(work(std::declval<const Endpoint&>()));
    Status fetch_unless_there(const oci::Reference& repository, const oci::Descriptor& blob,
                              BlobSink& sink, const BlobProgress& progress,
                              const std::stop_token& stop);
};

namespace {

constexpr std::size_t largest_manifest = 4U << 20U;
constexpr std::size_t largest_config = 4U << 20U;

/// A manifest or index as it came, its digest verified where one was asked for.
struct Document {
    oci::Descriptor descriptor;
    std::string bytes;
};

/// What was not reached or understood was still about an image: say which.
Error about(Error error, const std::string& what) {
    if (error.message.find(what) != std::string::npos) return error;
    return std::move(error).in("cannot pull " + what);
}

/// No other endpoint can help with these.
bool is_ours(ErrorCode code) {
    return code == ErrorCode::cancelled || code == ErrorCode::io || code == ErrorCode::no_space;
}

bool is_config_type(std::string_view type) {
    return type == oci::media_type::config || type == oci::media_type::docker_config ||
           type == "application/octet-stream"; // what Docker 1.10 pushed
}

std::string available(const oci::Index& index) {
    std::vector<std::string> names;
    for (const oci::Descriptor& manifest : index.manifests)
        if (manifest.platform && manifest.platform->os != "unknown")
            names.push_back(printable(manifest.platform->str()));
    return names.empty() ? std::string("none is named") : fmt::format("{}", fmt::join(names, ", "));
}

} // namespace

struct RegistryClient::State::Resolution {
    Session& session;
    const Endpoint& endpoint;
    const oci::Reference& reference;
    const oci::Platform& platform;
    const std::stop_token& stop;
    std::string what = reference.familiar();

    /// The body of a 200 response.
    Result<HttpResponse> get(std::string path, std::vector<HttpHeader> headers, std::size_t cap) {
        Question question{what, reference.repository, std::move(path), std::move(headers)};
        question.max_body = cap;
        // Once more after a broken connection; a registry that is down is reported soon.
        question.network_retries = std::min(1U, session.options().retries);
        question.status_retries = session.options().retries;
        TRY_ASSIGN(HttpResponse response, session.ask(endpoint, question, stop));
        if (response.status == 200) return response;
        return fail(response_error(response, what, endpoint.registry, endpoint.base.endpoint()));
    }

    Error tampered(std::string_view thing, const Digest& wanted, const Digest& found) const {
        return Error{ErrorCode::corrupt,
                     fmt::format("the {} of {} from {} has the digest {}, not {}", thing, what,
                                 endpoint.base.endpoint(), found.str(), wanted.str())}
            .with_hint("the registry or a proxy on the way has damaged or changed it");
    }

    Result<Document> get_manifest(const std::optional<oci::Descriptor>& wanted) {
        const std::string name = wanted ? wanted->digest.str() : reference.tag;
        TRY_ASSIGN(HttpResponse response,
                   get("manifests/" + name, {{"Accept", accepted_manifests()}}, largest_manifest));
        const Digest digest = Digest::of(response.body);
        if (wanted && digest != wanted->digest)
            return fail(tampered("manifest", wanted->digest, digest));
        TRY_ASSIGN(std::string type,
                   manifest_media_type(response.body, response.header("Content-Type")));
        return Document{{std::move(type), digest, response.body.size()}, std::move(response.body)};
    }

    Result<oci::Descriptor> choose(const Document& document) {
        TRY_ASSIGN(const oci::Index index, oci::parse_index(document.bytes));
        if (const oci::Descriptor* chosen = oci::choose_platform(index, platform)) return *chosen;
        return fail(
            Error{ErrorCode::not_found, fmt::format("{} has no image for {}", what, platform.str())}
                .with_note("available: " + available(index))
                .with_hint("choose one of them with --platform"));
    }

    Result<std::string> get_config(const oci::Descriptor& config) {
        if (!is_config_type(config.media_type))
            return fail({ErrorCode::unsupported, fmt::format("{} is no container image but {}",
                                                             what, printable(config.media_type))});
        if (config.size > largest_config)
            return fail(
                {ErrorCode::unsupported,
                 fmt::format("the config of {} is larger than {} bytes", what, largest_config)});
        TRY_ASSIGN(HttpResponse response, get("blobs/" + config.digest.str(), {}, largest_config));
        const Digest digest = Digest::of(response.body);
        if (digest != config.digest || response.body.size() != config.size)
            return fail(tampered("config", config.digest, digest));
        return std::move(response.body);
    }

    Result<ResolvedImage> run() {
        std::optional<oci::Descriptor> wanted;
        if (reference.digest) wanted = oci::Descriptor{{}, *reference.digest};
        TRY_ASSIGN(Document document, get_manifest(wanted));
        ResolvedImage image;
        // An index may name an index, once.
        for (int depth = 0; depth < 2 && oci::is_index(document.descriptor.media_type); ++depth) {
            TRY_ASSIGN(const oci::Descriptor chosen, choose(document));
            if (!image.index) {
                image.index = document.descriptor;
                image.index_bytes = std::move(document.bytes);
            }
            TRY_ASSIGN(document, get_manifest(chosen));
        }
        if (oci::is_index(document.descriptor.media_type))
            return fail({ErrorCode::unsupported,
                         fmt::format("{}: an index in an index in an index", what)});
        TRY_ASSIGN(image.manifest, oci::parse_manifest(document.bytes));
        image.manifest.media_type = document.descriptor.media_type;
        image.descriptor = std::move(document.descriptor);
        image.manifest_bytes = std::move(document.bytes);
        TRY_ASSIGN(image.config_bytes, get_config(image.manifest.config));
        return image;
    }
};

template <class Work>
auto RegistryClient::State::with_endpoints(const oci::Reference& reference,
                                           const std::stop_token& stop, Work work)
    -> decltype(work(std::declval<const Endpoint&>())) {
    const std::string what = reference.familiar();
    std::vector<std::string> notes;
    TRY_ASSIGN(const std::vector<Endpoint> mirrors, session.mirrors(reference.registry));
    for (const Endpoint& mirror : mirrors) {
        auto result = work(mirror);
        if (result || is_ours(result.error().code)) return result;
        notes.push_back(
            fmt::format("mirror {}: {}", mirror.base.endpoint(), result.error().message));
    }
    auto endpoint = session.own_endpoint(reference.registry, stop);
    if (!endpoint) return fail(about(std::move(endpoint).error(), what));
    auto result = work(*endpoint);
    if (result) return result;
    Error error = about(std::move(result).error(), what);
    if (const std::string problem = session.credentials_problem(*endpoint); !problem.empty())
        error.notes.push_back("asked without credentials: " + problem);
    error.notes.insert(error.notes.end(), notes.begin(), notes.end());
    return fail(std::move(error));
}

Status RegistryClient::State::fetch_unless_there(const oci::Reference& repository,
                                                 const oci::Descriptor& blob, BlobSink& sink,
                                                 const BlobProgress& progress,
                                                 const std::stop_token& stop) {
    if (sink.has(blob.digest)) {
        if (progress) progress({BlobEvent::Kind::exists, blob.digest, blob.size, blob.size});
        return {};
    }
    return with_endpoints(repository, stop, [&](const Endpoint& endpoint) {
        const Question question{repository.familiar(), repository.repository, {}};
        return download_blob(session, endpoint, question, blob, sink, progress, stop);
    });
}

RegistryClient::RegistryClient(HttpTransport& transport,
                               std::shared_ptr<CredentialSource> credentials, ClientOptions options)
    : m_state(new State{Session(transport, std::move(credentials), std::move(options))}) {}
RegistryClient::~RegistryClient() = default;
RegistryClient::RegistryClient(RegistryClient&&) noexcept = default;
RegistryClient& RegistryClient::operator=(RegistryClient&&) noexcept = default;

Result<ResolvedImage> RegistryClient::resolve(const oci::Reference& reference,
                                              const oci::Platform& platform, std::stop_token stop) {
    return m_state->with_endpoints(reference, stop, [&](const Endpoint& endpoint) {
        return State::Resolution{m_state->session, endpoint, reference, platform, stop}.run();
    });
}

Status RegistryClient::fetch_blob(const oci::Reference& repository, const oci::Descriptor& blob,
                                  BlobSink& sink, const BlobProgress& progress,
                                  std::stop_token stop) {
    return m_state->fetch_unless_there(repository, blob, sink, progress, stop);
}

Status RegistryClient::fetch_layers(const oci::Reference& repository,
                                    std::span<const oci::Descriptor> layers, BlobSink& sink,
                                    const BlobProgress& progress, std::stop_token stop) {
    std::vector<const oci::Descriptor*> wanted;
    std::set<Digest> seen;
    for (const oci::Descriptor& layer : layers)
        if (seen.insert(layer.digest).second) wanted.push_back(&layer);
    std::stop_source cancel;
    const std::stop_callback from_outside(stop, [&] { cancel.request_stop(); });
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::optional<Error> first;
    const auto work = [&] {
        for (std::size_t i = next++; i < wanted.size() && !cancel.stop_requested(); i = next++) {
            Status fetched = m_state->fetch_unless_there(repository, *wanted[i], sink, progress,
                                                         cancel.get_token());
            if (fetched) continue;
            const std::lock_guard lock(mutex);
            if (!first) first = std::move(fetched).error(); // later ones are our own cancelling
            cancel.request_stop();
        }
    };
    {
        const std::size_t limit = std::max(1U, m_state->session.options().parallel_layers);
        std::vector<std::jthread> helpers;
        for (std::size_t i = 1; i < std::min(limit, wanted.size()); ++i)
            helpers.emplace_back(work);
        work();
    }
    if (first) return fail(*std::move(first));
    if (stop.stop_requested())
        return fail(
            {ErrorCode::cancelled, fmt::format("pull of {} stopped", repository.familiar())});
    return {};
}

} // namespace mybuild::registry
