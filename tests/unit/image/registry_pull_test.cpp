// Against a real registry: Debian's docker-registry on loopback.
#include "image/http/curl_transport.hpp"
#include "image/http/url.hpp"
#include "image/registry/auth.hpp"
#include "image/registry/client.hpp"
#include "tests/support/registry_fakes.hpp"
#include "tests/support/registry_fixture.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

using namespace mybuild;
using namespace mybuild::registry;
using test::BlobBasket;
using test::RegistryFixture;

namespace {

namespace mt = oci::media_type;

/// A busy machine is no broken registry.
const HttpTimeouts patient{std::chrono::milliseconds(0), std::chrono::seconds(0),
                           std::chrono::milliseconds(0)};

class TextSource final : public ByteSource {
  public:
    explicit TextSource(std::string_view text) : m_rest(text) {}
    Result<std::size_t> read(std::span<std::byte> out) override {
        const std::size_t count = std::min(out.size(), m_rest.size());
        std::ranges::copy(std::as_bytes(std::span(m_rest.substr(0, count))), out.begin());
        m_rest.remove_prefix(count);
        return count;
    }

  private:
    std::string_view m_rest;
};

/// Fills a repository by raw uploads and pulls from it.
struct Repository {
    RegistryFixture& registry;
    std::string name;
    std::string authorization = {};
    std::shared_ptr<CredentialSource> credentials = nullptr;
    std::unique_ptr<HttpTransport> transport = make_curl_transport();

    HttpResponse send(const std::string& method, const std::string& url, std::string_view body,
                      std::string_view type) {
        HttpRequest request;
        request.timeouts = patient;
        request.method = method;
        request.url = url;
        request.headers = {{"Content-Type", std::string(type)}};
        if (!authorization.empty()) request.headers.push_back({"Authorization", authorization});
        TextSource source(body);
        if (!body.empty()) {
            request.body = &source;
            request.body_size = body.size();
        }
        auto response = transport->request(request);
        REQUIRE(response);
        return *std::move(response);
    }
    [[nodiscard]] std::string base() const {
        return "http://" + registry.address() + "/v2/" + name + "/";
    }
    oci::Descriptor put_blob(std::string_view type, std::string_view bytes) {
        const auto begun = send("POST", base() + "blobs/uploads/", {}, type);
        REQUIRE(begun.status == 202);
        Url where = resolve_url(parse_url(base()).value(), begun.header("Location")).value();
        where.target += (where.target.find('?') == std::string::npos ? "?digest=" : "&digest=") +
                        percent_encode(Digest::of(bytes).str());
        REQUIRE(send("PUT", where.str(), bytes, "application/octet-stream").status == 201);
        return test::describe(type, bytes);
    }
    oci::Descriptor put_manifest(std::string_view type, const std::string& bytes,
                                 const std::string& tag = {}) {
        const auto descriptor = test::describe(type, bytes);
        const std::string reference = tag.empty() ? descriptor.digest.str() : tag;
        REQUIRE(send("PUT", base() + "manifests/" + reference, bytes, type).status == 201);
        return descriptor;
    }
    /// An image of these layers; its config names the architecture.
    oci::Descriptor put_image(const std::vector<oci::Descriptor>& layers,
                              const std::string& architecture, bool docker,
                              const std::string& tag = {}) {
        oci::Manifest manifest;
        manifest.media_type = docker ? mt::docker_manifest : mt::manifest;
        manifest.config = put_blob(docker ? mt::docker_config : mt::config,
                                   R"({"os":"linux","architecture":")" + architecture + "\"}");
        manifest.layers = layers;
        return put_manifest(manifest.media_type, oci::write_manifest(manifest), tag);
    }

    [[nodiscard]] oci::Reference reference(const std::string& suffix) const {
        return oci::parse_reference(registry.address() + "/" + name + suffix).value();
    }
    RegistryClient client() {
        ClientOptions options;
        options.backoff = std::chrono::milliseconds(1);
        options.timeouts = patient;
        return {*transport, credentials, options};
    }
};

const std::string gzip_layer = "\x1f\x8b pretends to be gzip " + std::string(300'000, 'g');
const std::string zstd_layer = "\x28\xb5\x2f\xfd pretends to be zstd";
const oci::Platform amd64{"linux", "amd64"};

#define START_OR_SKIP(...)                                                                         \
    const auto registry = RegistryFixture::start(__VA_ARGS__);                                     \
    if (!registry) {                                                                               \
        MESSAGE("skipped: no docker-registry here");                                               \
        return;                                                                                    \
    }

/// A self-signed certificate for 127.0.0.1 and its key, as PEM files in a directory.
void write_certificate(int dir) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                  EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
    REQUIRE(key);
    X509_set_version(certificate.get(), 2);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("127.0.0.1"), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    REQUIRE(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
    const std::unique_ptr<BIO, decltype(&BIO_free)> pem(BIO_new(BIO_s_mem()), BIO_free);
    const auto write = [&](const char* file) {
        char* text = nullptr;
        const long size = BIO_get_mem_data(pem.get(), &text);
        REQUIRE(fs::write_file_atomic(dir, file, {text, static_cast<std::size_t>(size)}));
        BIO_reset(pem.get());
    };
    PEM_write_bio_X509(pem.get(), certificate.get());
    write("cert.pem");
    PEM_write_bio_PrivateKey(pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    write("key.pem");
}

} // namespace

TEST_CASE("images of both families come whole, with gzip and zstd layers") {
    START_OR_SKIP()
    Repository repository{*registry, "team/app"};
    const auto gzip = repository.put_blob(mt::layer_gzip, gzip_layer);
    const auto zstd = repository.put_blob(mt::layer_zstd, zstd_layer);
    const auto docker_gzip = test::describe(mt::docker_layer_gzip, gzip_layer);
    struct Case {
        const char* tag;
        bool docker;
        std::vector<oci::Descriptor> layers;
    };
    for (const Case& c : std::array{
             Case{"oci", false, {gzip, zstd}},
             Case{"docker", true, {docker_gzip}},
             Case{"none", false, {}},
         }) {
        CAPTURE(c.tag);
        const auto pushed = repository.put_image(c.layers, "amd64", c.docker, c.tag);
        RegistryClient client = repository.client();
        const auto reference = repository.reference(std::string(":") + c.tag);
        const auto image = client.resolve(reference, amd64);
        REQUIRE(image);
        CHECK(image->descriptor == pushed);
        CHECK(image->manifest.layers == c.layers);
        CHECK(image->config_bytes == R"({"os":"linux","architecture":"amd64"})");
        BlobBasket blobs;
        REQUIRE(client.fetch_layers(reference, image->manifest.layers, blobs));
        CHECK(blobs.count() == c.layers.size());
        if (!c.layers.empty()) CHECK(blobs.get(gzip.digest) == gzip_layer);
        const auto by_digest =
            client.resolve(repository.reference("@" + pushed.digest.str()), amd64);
        REQUIRE(by_digest);
        CHECK(by_digest->descriptor == pushed);
    }
}

TEST_CASE("an index of two platforms gives each its image, and names them to a third") {
    START_OR_SKIP()
    Repository repository{*registry, "multi"};
    const auto layer = repository.put_blob(mt::layer_gzip, gzip_layer);
    oci::Index index{std::string(mt::index), {}};
    for (const char* architecture : {"amd64", "arm64"}) {
        index.manifests.push_back(repository.put_image({layer}, architecture, false));
        index.manifests.back().platform = oci::Platform{"linux", architecture};
    }
    const auto pushed = repository.put_manifest(mt::index, oci::write_index(index), "1");
    RegistryClient client = repository.client();
    for (const std::size_t i : {0U, 1U}) {
        const auto image = client.resolve(repository.reference(":1"), *index.manifests[i].platform);
        REQUIRE(image);
        CHECK(image->descriptor.digest == index.manifests[i].digest);
        CHECK(image->config_bytes.find(index.manifests[i].platform->architecture) !=
              std::string::npos);
        CHECK(image->index == pushed);
    }
    const auto missing = client.resolve(repository.reference(":1"), {"linux", "riscv64"});
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::not_found);
    CHECK(missing.error().notes == std::vector<std::string>{"available: linux/amd64, linux/arm64"});
}

TEST_CASE("a name that is not there, then a registry that is down") {
    START_OR_SKIP()
    Repository repository{*registry, "app"};
    RegistryClient client = repository.client();
    const auto missing = client.resolve(repository.reference(":nope"), amd64);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::not_found);
    CHECK(missing.error().message ==
          "pull access denied or not found: " + registry->address() + "/app:nope");
    CHECK(missing.error().hint.find("spelling") != std::string::npos);

    registry->stop();
    const auto down = client.resolve(repository.reference(":1"), amd64);
    REQUIRE_FALSE(down);
    CHECK(down.error().code == ErrorCode::network);
    CHECK(down.error().message == "cannot pull " + registry->address() +
                                      "/app:1: cannot connect to " + registry->address() +
                                      ": Connection refused");
}

TEST_CASE("a blob that was changed or cut on the registry's disk is refused") {
    START_OR_SKIP()
    Repository repository{*registry, "app"};
    const auto changed = repository.put_blob(mt::layer_gzip, gzip_layer);
    const auto cut = repository.put_blob(mt::layer_zstd, zstd_layer);
    std::string bytes = gzip_layer;
    bytes[bytes.size() / 2] ^= 1;
    REQUIRE(
        fs::write_file_atomic(registry->dir(), registry->blob_file(changed.digest.str()), bytes));
    REQUIRE(fs::write_file_atomic(registry->dir(), registry->blob_file(cut.digest.str()),
                                  zstd_layer.substr(0, 9)));
    RegistryClient client = repository.client();
    BlobBasket blobs;
    const Status tampered = client.fetch_blob(repository.reference(":1"), changed, blobs);
    REQUIRE_FALSE(tampered);
    CHECK(tampered.error().code == ErrorCode::corrupt);
    CHECK(tampered.error().message.find("is not what its manifest names") != std::string::npos);
    const Status truncated = client.fetch_blob(repository.reference(":1"), cut, blobs);
    REQUIRE_FALSE(truncated);
    CHECK(truncated.error().code == ErrorCode::corrupt);
    CHECK(blobs.count() == 0);
}

TEST_CASE("a registry with a password lets in who has it") {
    // The bcrypt hash of `s3cret`.
    const auto secrets = fs::TempDir::create("/tmp", "registry-auth-").value();
    REQUIRE(fs::write_file_atomic(
        secrets.fd(), "htpasswd",
        "ada:$2b$04$K2pOOSm46NM5ZhdT1tQx9uQQYwiPyEzsKubdRAxY0H3Co7x.uOjLu\n"));
    START_OR_SKIP(
        fmt::format("auth:\n  htpasswd:\n    realm: r\n    path: {}/htpasswd\n", secrets.path()))
    REQUIRE(fs::write_file_atomic(
        secrets.fd(), "auth.json",
        fmt::format(R"({{"auths":{{"{}":{{"username":"ada","password":"s3cret"}}}}}})",
                    registry->address())));
    Repository repository{*registry, "private"};
    repository.authorization = basic_authorization({"ada", "s3cret"});
    const auto pushed = repository.put_image({}, "amd64", false, "1");
    RegistryClient anonymous = repository.client();
    const auto refused = anonymous.resolve(repository.reference(":1"), amd64);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::denied);
    CHECK(refused.error().hint.find("docker login " + registry->address()) != std::string::npos);
    CredentialEnvironment environment;
    environment.registry_auth_file = secrets.path() + "/auth.json";
    repository.credentials = make_file_credentials(environment, nullptr);
    RegistryClient known = repository.client();
    const auto image = known.resolve(repository.reference(":1"), amd64);
    REQUIRE(image);
    CHECK(image->descriptor == pushed);
}

TEST_CASE("a certificate nobody vouches for is refused, but not on a loopback registry") {
    const auto secrets = fs::TempDir::create("/tmp", "registry-tls-").value();
    write_certificate(secrets.fd());
    START_OR_SKIP(
        fmt::format("  tls: {{certificate: {0}/cert.pem, key: {0}/key.pem}}\n", secrets.path()))
    const auto transport = make_curl_transport();
    HttpRequest request;
    request.url = "https://" + registry->address() + "/v2/";
    request.timeouts = patient;
    const auto refused = transport->request(request);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::denied);
    CHECK(refused.error().message.find("the TLS certificate of " + registry->address() +
                                       " cannot be trusted: ") == 0);
    CHECK_FALSE(refused.error().hint.empty());
    ClientOptions options;
    options.timeouts = patient;
    RegistryClient client(*transport, nullptr, options);
    const auto missing =
        client.resolve(oci::parse_reference(registry->address() + "/app:nope").value(), amd64);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::not_found);
}
