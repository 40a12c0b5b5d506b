#include "image/registry/client.hpp"
#include "tests/support/registry_fakes.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

using namespace mybuild;
using namespace mybuild::registry;
using test::FakeReply;
using test::FakeRequest;
using test::FakeTransport;

namespace {

namespace mt = oci::media_type;

/// A small image and the URLs under which `https://r.example` has it.
struct Image {
    std::string layer = "the bytes of a layer";
    std::string config = R"({"architecture":"amd64","os":"linux"})";
    oci::Manifest manifest;
    std::string manifest_bytes;

    explicit Image(std::string layer_bytes = "the bytes of a layer")
        : layer(std::move(layer_bytes)) {
        manifest.media_type = mt::manifest;
        manifest.config = test::describe(mt::config, config);
        manifest.layers = {test::describe(mt::layer_gzip, layer)};
        manifest_bytes = oci::write_manifest(manifest);
    }
    [[nodiscard]] oci::Descriptor descriptor() const {
        return test::describe(mt::manifest, manifest_bytes);
    }
    /// What an honest registry without authentication answers; nullopt: it knows no such thing.
    [[nodiscard]] std::optional<FakeReply> answer(const std::string& path) const {
        if (path == "manifests/1" || path == "manifests/" + descriptor().digest.str())
            return FakeReply{200, {{"Content-Type", std::string(mt::manifest)}}, manifest_bytes};
        if (path == "blobs/" + manifest.config.digest.str()) return FakeReply{200, {}, config};
        if (path == "blobs/" + manifest.layers[0].digest.str()) return FakeReply{200, {}, layer};
        return std::nullopt;
    }
};

const std::string r_example = "GET https://r.example/v2/team/app/";

/// The path after the repository, if the request is for that image at r.example.
std::string path_of(const FakeRequest& request) {
    return request.line.starts_with(r_example) ? request.line.substr(r_example.size()) : "";
}

FakeReply unknown(int status = 404, const std::string& code = "MANIFEST_UNKNOWN") {
    return {status, {}, R"({"errors":[{"code":")" + code + R"(","message":"manifest unknown"}]})"};
}

FakeReply network_error(const std::string& message) {
    FakeReply reply;
    reply.error = Error{ErrorCode::network, message};
    return reply;
}

class OneAccount final : public CredentialSource {
  public:
    explicit OneAccount(Result<std::optional<Credentials>> answer) : m_answer(std::move(answer)) {}
    Result<std::optional<Credentials>> find(const std::string&, const std::string&) override {
        return m_answer;
    }

  private:
    Result<std::optional<Credentials>> m_answer;
};

ClientOptions quick() {
    ClientOptions options;
    options.backoff = std::chrono::milliseconds(1);
    options.backoff_cap = std::chrono::milliseconds(20);
    return options;
}

oci::Reference app(const std::string& text = "r.example/team/app:1") {
    return oci::parse_reference(text).value();
}

/// Resolves team/app:1 with a network of the given behaviour.
Result<ResolvedImage> resolve(FakeTransport& network, ClientOptions options = quick(),
                              std::shared_ptr<CredentialSource> credentials = nullptr,
                              const oci::Reference& reference = app()) {
    RegistryClient client(network, std::move(credentials), std::move(options));
    return client.resolve(reference, {"linux", "amd64"});
}

} // namespace

TEST_CASE("an image is its manifest and config, asked for with all types we read") {
    const Image image;
    FakeTransport network([&](const FakeRequest& request) {
        return image.answer(path_of(request)).value_or(unknown());
    });
    const auto resolved = resolve(network);
    REQUIRE(resolved);
    CHECK(resolved->descriptor == image.descriptor());
    CHECK(resolved->manifest_bytes == image.manifest_bytes);
    CHECK(resolved->manifest.layers == image.manifest.layers);
    CHECK(resolved->config_bytes == image.config);
    CHECK_FALSE(resolved->index);
    CHECK(network.lines() ==
          std::vector<std::string>{r_example + "manifests/1",
                                   r_example + "blobs/" + image.manifest.config.digest.str()});
    for (const std::string_view type :
         {mt::index, mt::manifest, mt::docker_manifest_list, mt::docker_manifest}) {
        CAPTURE(type);
        CHECK(network.requests()[0].accept.find(type) != std::string::npos);
    }
}

TEST_CASE("Docker Hub: its host, its names, its anonymous tokens, one for all of an image") {
    const Image image;
    const std::string hub = "GET https://registry-1.docker.io/v2/library/app/";
    FakeTransport network([&](const FakeRequest& request) -> FakeReply {
        if (request.line.starts_with("GET https://auth.docker.io/token?"))
            return {200, {}, R"({"token":"anon","expires_in":300})"};
        if (request.authorization != "Bearer anon")
            return {401,
                    {{"WWW-Authenticate",
                      R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",)"
                      R"(scope="repository:library/app:pull")"}}};
        if (!request.line.starts_with(hub)) return unknown();
        return image.answer(request.line.substr(hub.size())).value_or(unknown());
    });
    REQUIRE(resolve(network, quick(), nullptr, app("app:1")));
    CHECK(network.lines() ==
          std::vector<std::string>{hub + "manifests/1",
                                   "GET https://auth.docker.io/token?service=registry.docker.io"
                                   "&scope=repository%3Alibrary%2Fapp%3Apull",
                                   hub + "manifests/1",
                                   hub + "blobs/" + image.manifest.config.digest.str()});
}

TEST_CASE("a token that has run out is replaced, a password stays on its origin") {
    const Image image;
    int tokens = 0;
    FakeTransport network([&](const FakeRequest& request) -> FakeReply {
        if (request.line.starts_with("GET https://auth.example/")) {
            CHECK(request.authorization == "Basic YWRhOnMzOmNyZXQ=");
            return {200, {}, R"({"token":"t)" + std::to_string(++tokens) + "\"}"};
        }
        // The first token is good for one answer only.
        const bool config = request.line.find("/blobs/") != std::string::npos;
        if (request.authorization != (config ? "Bearer t2" : "Bearer t1"))
            return {401, {{"WWW-Authenticate", "Bearer realm=\"https://auth.example/\""}}};
        return image.answer(path_of(request)).value_or(unknown());
    });
    const auto account = std::make_shared<OneAccount>(Credentials{"ada", "s3:cret"});
    REQUIRE(resolve(network, quick(), account));
    CHECK(tokens == 2);
}

TEST_CASE("Basic authentication and identity tokens") {
    const Image image;
    FakeTransport basic([&](const FakeRequest& request) -> FakeReply {
        if (request.authorization != "Basic YWRhOnMzOmNyZXQ=")
            return {401, {{"WWW-Authenticate", "Basic realm=\"r\""}}};
        return image.answer(path_of(request)).value_or(unknown());
    });
    CHECK(resolve(basic, quick(), std::make_shared<OneAccount>(Credentials{"ada", "s3:cret"})));
    const auto wrong =
        resolve(basic, quick(), std::make_shared<OneAccount>(Credentials{"ada", "wrong"}));
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().code == ErrorCode::denied);

    FakeTransport identity([&](const FakeRequest& request) -> FakeReply {
        if (request.line == "POST https://auth.example/")
            return {200, {}, R"({"access_token":"from-)" + request.body.substr(0, 24) + "\"}"};
        if (request.authorization != "Bearer from-grant_type=refresh_token")
            return {401, {{"WWW-Authenticate", "Bearer realm=\"https://auth.example/\""}}};
        return image.answer(path_of(request)).value_or(unknown());
    });
    CHECK(resolve(identity, quick(), std::make_shared<OneAccount>(Credentials{"", "", "refresh"})));
}

TEST_CASE("what keeps us out is said in terms of the image and the login") {
    struct Case {
        const char* name;
        FakeReply answer; ///< to everything but the token server
        FakeReply token;
        ErrorCode code;
        const char* message;
    };
    const FakeReply challenge{401,
                              {{"WWW-Authenticate", "Bearer realm=\"https://auth.example/\""}}};
    const std::array cases = {
        Case{"no such tag",
             unknown(),
             {},
             ErrorCode::not_found,
             "pull access denied or not found: r.example/team/app:1"},
        Case{"denied",
             unknown(403, "DENIED"),
             {},
             ErrorCode::denied,
             "pull access denied or not found: r.example/team/app:1"},
        Case{"token worth nothing",
             challenge,
             {200, {}, R"({"token":"x"})"},
             ErrorCode::denied,
             "pull access denied or not found: r.example/team/app:1"},
        Case{"wrong password",
             challenge,
             {401, {}, R"({"details":"incorrect"})"},
             ErrorCode::denied,
             "auth.example:443 does not accept the credentials stored for"},
        Case{"token server talks nonsense",
             challenge,
             {200, {}, "<html>"},
             ErrorCode::corrupt,
             "auth.example:443: the token server sent no JSON object"},
        Case{"no challenge",
             {401, {}, {}},
             {},
             ErrorCode::denied,
             "pull access denied or not found"},
        Case{"not a registry",
             {200, {}, "<html>"},
             {},
             ErrorCode::corrupt,
             "cannot pull r.example/team/app:1: the manifest is not a JSON object"},
        Case{"server error",
             {500, {}, {}},
             {},
             ErrorCode::network,
             "cannot pull r.example/team/app:1: r.example:443 is in trouble"},
        Case{"down",
             network_error("cannot connect to r.example:443: Connection refused"),
             {},
             ErrorCode::network,
             "cannot pull r.example/team/app:1: cannot connect to r.example:443: Connection "
             "refused"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        FakeTransport network([&](const FakeRequest& request) {
            return request.line.starts_with("GET https://auth.example/") ? c.token : c.answer;
        });
        const auto resolved =
            resolve(network, quick(), std::make_shared<OneAccount>(Credentials{"ada", "p"}));
        REQUIRE_FALSE(resolved);
        CHECK(resolved.error().code == c.code);
        CHECK(resolved.error().message.find(c.message) != std::string::npos);
    }
}

TEST_CASE("credentials that cannot be read do not stop a public image, but are named on refusal") {
    const Image image;
    bool is_public = true;
    FakeTransport network([&](const FakeRequest& request) -> FakeReply {
        if (request.line.starts_with("GET https://auth.example/"))
            return {200, {}, R"({"token":"anon"})"};
        if (request.authorization.empty() || !is_public)
            return {401, {{"WWW-Authenticate", "Bearer realm=\"https://auth.example/\""}}};
        return image.answer(path_of(request)).value_or(unknown());
    });
    const auto broken = std::make_shared<OneAccount>(
        fail({ErrorCode::not_found, "the credential helper docker-credential-x is not in $PATH"}));
    CHECK(resolve(network, quick(), broken));
    is_public = false;
    const auto refused = resolve(network, quick(), broken);
    REQUIRE_FALSE(refused);
    CHECK(std::ranges::count(refused.error().notes,
                             "asked without credentials: the credential helper "
                             "docker-credential-x is not in $PATH") == 1);
}

TEST_CASE("redirects: credentials stay, https stays, circles end") {
    const Image image;
    std::string location;
    FakeTransport network([&](const FakeRequest& request) -> FakeReply {
        if (request.line.starts_with("GET https://cdn.example/")) {
            CHECK(request.authorization.empty());
            return {200, {}, image.config};
        }
        if (request.authorization.empty())
            return {401, {{"WWW-Authenticate", "Basic realm=\"r\""}}};
        if (path_of(request).starts_with("manifests/")) return *image.answer(path_of(request));
        return {307, {{"Location", location}}};
    });
    const auto account = std::make_shared<OneAccount>(Credentials{"ada", "p"});
    location = "https://cdn.example/blob?sig=1";
    CHECK(resolve(network, quick(), account));
    struct Case {
        const char* location;
        const char* message;
    };
    for (const Case& c : std::array{
             Case{"http://cdn.example/blob", "from https to http"},
             Case{"/circle", "more than 10 redirects"},
             Case{"file:///etc/passwd", "leads to nowhere"},
             Case{"", "leads to nowhere"},
         }) {
        CAPTURE(c.location);
        location = c.location;
        const auto resolved = resolve(network, quick(), account);
        REQUIRE_FALSE(resolved);
        CHECK(resolved.error().message.find(c.message) != std::string::npos);
    }
}

TEST_CASE("a token server without TLS gets no credentials from a registry with TLS") {
    FakeTransport network([&](const FakeRequest& request) -> FakeReply {
        CHECK(request.line.find("auth.example") == std::string::npos);
        return {401, {{"WWW-Authenticate", "Bearer realm=\"http://auth.example/\""}}};
    });
    const auto resolved =
        resolve(network, quick(), std::make_shared<OneAccount>(Credentials{"ada", "p"}));
    REQUIRE_FALSE(resolved);
    CHECK(resolved.error().message.find("without TLS (auth.example:80)") != std::string::npos);
}

TEST_CASE("how a registry is spoken to: https, loopback in the clear, insecure ones as they can") {
    struct Case {
        const char* name;
        const char* reference;
        std::vector<std::string> insecure;
        std::vector<std::string> refuse; ///< URL beginnings that nobody listens to
        const char* asked;               ///< where the manifest is asked for; empty: not at all
        bool verify_tls;
    };
    const std::array cases = {
        Case{"others", "r.example/a:1", {}, {}, "https://r.example/", true},
        Case{"others never in the clear",
             "r.example/a:1",
             {},
             {"https://"},
             "https://r.example/",
             true},
        Case{"loopback", "localhost:5000/a:1", {}, {}, "http://localhost:5000/", true},
        Case{"loopback address", "127.0.0.1:5000/a:1", {}, {}, "http://127.0.0.1:5000/", true},
        Case{"loopback with TLS on its port",
             "localhost/a:1",
             {},
             {"http://"},
             "https://localhost/",
             false},
        Case{"loopback down", "localhost:5000/a:1", {}, {"http"}, "", false},
        Case{"insecure", "r.example/a:1", {"r.example"}, {}, "https://r.example/", false},
        Case{"insecure without TLS",
             "r.example:5000/a:1",
             {"r.example:5000"},
             {"https://"},
             "http://r.example:5000/",
             true},
        Case{"another port",
             "r.example:5000/a:1",
             {"r.example:6000"},
             {"https://"},
             "https://r.example:5000/",
             true},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        FakeTransport network([&](const FakeRequest& request) {
            for (const std::string& refused : c.refuse)
                if (request.line.starts_with("GET " + refused)) return network_error("refused");
            return unknown();
        });
        ClientOptions options = quick();
        options.insecure = c.insecure;
        CHECK_FALSE(resolve(network, options, nullptr, app(c.reference)));
        std::string asked;
        for (const FakeRequest& request : network.requests()) {
            if (request.line.find("/manifests/") == std::string::npos) continue;
            asked = request.line.substr(0, request.line.find("v2/"));
            CHECK(request.verify_tls == c.verify_tls);
        }
        CHECK(asked == (*c.asked == '\0' ? "" : std::string("GET ") + c.asked));
    }
}

TEST_CASE("tampered bytes are refused, whatever the headers claim") {
    const Image image;
    const Image other("another layer");
    std::string reference = "r.example/team/app@" + image.descriptor().digest.str();
    FakeTransport swapped([&](const FakeRequest& request) -> FakeReply {
        if (path_of(request).starts_with("manifests/"))
            return {200,
                    {{"Docker-Content-Digest", image.descriptor().digest.str()}},
                    other.manifest_bytes};
        return other.answer(path_of(request)).value_or(unknown());
    });
    const auto manifest = resolve(swapped, quick(), nullptr, app(reference));
    REQUIRE_FALSE(manifest);
    CHECK(manifest.error().code == ErrorCode::corrupt);
    CHECK(manifest.error().message.find(other.descriptor().digest.str()) != std::string::npos);
    CHECK(manifest.error().message.find("not " + image.descriptor().digest.str()) !=
          std::string::npos);

    FakeTransport bad_config([&](const FakeRequest& request) -> FakeReply {
        if (path_of(request).starts_with("blobs/")) return {200, {}, "{}"};
        return image.answer(path_of(request)).value_or(unknown());
    });
    const auto config = resolve(bad_config);
    REQUIRE_FALSE(config);
    CHECK(config.error().code == ErrorCode::corrupt);
    CHECK(config.error().message.find("the config of r.example/team/app:1 from r.example:443") ==
          0);
}

TEST_CASE("what is no image is said to be none") {
    Image chart;
    chart.manifest.config.media_type = "application/vnd.cncf.helm.config.v1+json";
    chart.manifest_bytes = oci::write_manifest(chart.manifest);
    FakeTransport network([&](const FakeRequest& request) {
        return chart.answer(path_of(request)).value_or(unknown());
    });
    const auto resolved = resolve(network);
    REQUIRE_FALSE(resolved);
    CHECK(resolved.error().code == ErrorCode::unsupported);
    CHECK(resolved.error().message.find("is no container image but "
                                        "application/vnd.cncf.helm.config.v1+json") !=
          std::string::npos);

    FakeTransport schema1([](const FakeRequest&) -> FakeReply {
        return {200, {}, R"({"schemaVersion":1,"fsLayers":[]})"};
    });
    const auto old = resolve(schema1);
    REQUIRE_FALSE(old);
    CHECK(old.error().code == ErrorCode::unsupported);
    CHECK(old.error().message.find("schema 1") != std::string::npos);
}

TEST_CASE("of an index the platform is chosen; none fits: those there are named") {
    const Image image;
    oci::Index index{std::string(mt::index), {}};
    index.manifests = {test::describe(mt::manifest, "arm"), image.descriptor()};
    index.manifests[0].platform = oci::Platform{"linux", "arm64"};
    index.manifests[1].platform = oci::Platform{"linux", "amd64"};
    std::string bytes = oci::write_index(index);
    FakeTransport network([&](const FakeRequest& request) -> FakeReply {
        if (path_of(request) == "manifests/1")
            return {200, {{"Content-Type", std::string(mt::index)}}, bytes};
        return image.answer(path_of(request)).value_or(unknown());
    });
    RegistryClient client(network, nullptr, quick());
    const auto resolved = client.resolve(app(), {"linux", "amd64"});
    REQUIRE(resolved);
    CHECK(resolved->descriptor == image.descriptor());
    REQUIRE(resolved->index);
    CHECK(resolved->index->digest == Digest::of(bytes));
    CHECK(resolved->index_bytes == bytes);

    const auto missing = client.resolve(app(), {"linux", "s390x"});
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::not_found);
    CHECK(missing.error().message == "r.example/team/app:1 has no image for linux/s390x");
    CHECK(missing.error().notes == std::vector<std::string>{"available: linux/arm64, linux/amd64"});
}

TEST_CASE("an index in an index is followed once") {
    const Image image;
    const auto wrap = [](const oci::Descriptor& inner) {
        oci::Index index{std::string(mt::index), {inner}};
        index.manifests[0].platform = oci::Platform{"linux", "amd64"};
        return oci::write_index(index);
    };
    const std::string inner = wrap(image.descriptor());
    const std::string middle = wrap(test::describe(mt::index, inner));
    const std::string outer = wrap(test::describe(mt::index, middle));
    std::string tagged = middle;
    FakeTransport network([&](const FakeRequest& request) -> FakeReply {
        for (const std::string& index : {inner, middle})
            if (path_of(request) == "manifests/" + Digest::of(index).str())
                return {200, {{"Content-Type", std::string(mt::index)}}, index};
        if (path_of(request) == "manifests/1") return {200, {}, tagged};
        return image.answer(path_of(request)).value_or(unknown());
    });
    const auto resolved = resolve(network);
    REQUIRE(resolved);
    CHECK(resolved->index->digest == Digest::of(middle));
    tagged = outer;
    const auto deeper = resolve(network);
    REQUIRE_FALSE(deeper);
    CHECK(deeper.error().message.find("an index in an index in an index") != std::string::npos);
}

TEST_CASE("mirrors are asked first; what they cannot deliver comes from the registry") {
    const Image image;
    bool mirror_works = true;
    FakeTransport network([&](const FakeRequest& request) -> FakeReply {
        const std::string mirror = "GET http://127.0.0.1:5001/hub/v2/team/app/";
        if (request.line.starts_with(mirror)) {
            if (!mirror_works) return network_error("cannot connect to 127.0.0.1:5001");
            return image.answer(request.line.substr(mirror.size())).value_or(unknown());
        }
        return image.answer(path_of(request)).value_or(unknown());
    });
    ClientOptions options = quick();
    options.mirrors["r.example"] = {"http://127.0.0.1:5001/hub/"};
    REQUIRE(resolve(network, options));
    for (const std::string& line : network.lines())
        CHECK(line.starts_with("GET http://127.0.0.1:5001/hub/v2/"));
    mirror_works = false;
    CHECK(resolve(network, options));
    const auto nowhere = resolve(network, options, nullptr, app("r.example/team/app:2"));
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().code == ErrorCode::not_found);
    CHECK(std::ranges::count(nowhere.error().notes,
                             "mirror 127.0.0.1:5001: cannot connect to 127.0.0.1:5001") == 1);
}

TEST_CASE("a loopback server that wants TLS gets it") {
    FakeTransport network([&](const FakeRequest& request) -> FakeReply {
        if (request.line.starts_with("GET http://"))
            return {400, {}, "Client sent an HTTP request to an HTTPS server.\n"};
        return unknown();
    });
    const auto resolved = resolve(network, quick(), nullptr, app("localhost:5000/a:1"));
    REQUIRE_FALSE(resolved);
    CHECK(resolved.error().code == ErrorCode::not_found);
    CHECK(network.lines().back() == "GET https://localhost:5000/v2/a/manifests/1");
}
