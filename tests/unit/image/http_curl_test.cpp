#include "image/http/curl_error.hpp"
#include "image/http/curl_transport.hpp"
#include "image/registry/client.hpp"
#include "tests/support/registry_fakes.hpp"
#include "tests/support/registry_server.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <thread>

using namespace mybuild;
using namespace mybuild::registry;
using test::TinyServer;

namespace {

/// Collects a body, or fails with a given error after some bytes.
class Collector final : public BodyReceiver, public ByteSink {
  public:
    Result<ByteSink*> accept(const HttpResponse& head) override {
        status = head.status;
        type = head.header("content-TYPE");
        if (refusal) return fail(*refusal);
        return static_cast<ByteSink*>(this);
    }
    Status write(std::span<const std::byte> bytes) override {
        body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        if (write_error) return fail(*write_error);
        return {};
    }
    int status = 0;
    std::string type;
    std::string body;
    std::optional<Error> refusal;
    std::optional<Error> write_error;
};

HttpRequest get(const std::string& url) {
    HttpRequest request;
    request.url = url;
    return request;
}

class TextSource final : public ByteSource {
  public:
    explicit TextSource(std::string text) : m_text(std::move(text)) {}
    Result<std::size_t> read(std::span<std::byte> out) override {
        const std::size_t count = std::min({out.size(), m_text.size(), std::size_t{3}});
        std::ranges::copy(std::as_bytes(std::span(m_text).first(count)), out.begin());
        m_text.erase(0, count);
        return count;
    }

  private:
    std::string m_text;
};

} // namespace

TEST_CASE("a body in memory, headers of any case, a body into a sink after its head") {
    const TinyServer server([](const std::string&) {
        return "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n" +
               TinyServer::ok("hello", "Content-Type:  text/x \r\n");
    });
    const auto transport = make_curl_transport();
    HttpRequest request = get(server.url("/a?b"));
    request.headers = {{"X-Mine", "yes"}};
    const auto response = transport->request(request);
    REQUIRE(response);
    CHECK(response->status == 200);
    CHECK(response->body == "hello");
    CHECK(response->header("CONTENT-type") == "text/x");
    CHECK(response->header("X-Early").empty());
    CHECK(server.requests()[0].starts_with("GET /a?b HTTP/1.1\r\n"));
    CHECK(server.requests()[0].find("\r\nX-Mine: yes\r\n") != std::string::npos);

    Collector collector;
    REQUIRE(transport->request(get(server.url()), &collector));
    CHECK(collector.status == 200);
    CHECK(collector.type == "text/x");
    CHECK(collector.body == "hello");
}

TEST_CASE("statuses are answers, redirects are not followed") {
    const TinyServer server([](const std::string&) {
        return std::string("HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\n"
                           "Content-Length: 0\r\n\r\n");
    });
    const auto response = make_curl_transport()->request(get(server.url()));
    REQUIRE(response);
    CHECK(response->status == 302);
    CHECK(response->header("location") == "http://192.0.2.1/");
    CHECK(server.requests().size() == 1);
}

TEST_CASE("bodies are sent with their length or in chunks, and none as length 0") {
    const TinyServer server([](const std::string&) { return TinyServer::ok(""); });
    const auto transport = make_curl_transport();
    HttpRequest request = get(server.url());
    request.method = "PUT";
    TextSource sized("0123456789");
    request.body = &sized;
    request.body_size = 10;
    REQUIRE(transport->request(request));
    TextSource chunked("0123456789");
    request.body = &chunked;
    request.body_size.reset();
    REQUIRE(transport->request(request));
    request.body = nullptr;
    request.method = "POST";
    REQUIRE(transport->request(request));
    request.method = "HEAD";
    REQUIRE(transport->request(request));
    const auto seen = server.requests();
    REQUIRE(seen.size() == 4);
    CHECK(seen[0].starts_with("PUT / "));
    CHECK(seen[0].find("Content-Length: 10\r\n") != std::string::npos);
    CHECK(seen[1].starts_with("PUT / "));
    CHECK(seen[1].find("Transfer-Encoding: chunked\r\n") != std::string::npos);
    CHECK(seen[2].starts_with("POST / "));
    CHECK(seen[2].find("Content-Length: 0\r\n") != std::string::npos);
    CHECK(seen[3].starts_with("HEAD / "));
}

TEST_CASE("what a server can do wrong is named, with host and port") {
    struct Case {
        const char* name;
        std::string reply;
        ErrorCode code;
        const char* message; ///< after the address
    };
    const std::array cases = {
        Case{"hangs up", "", ErrorCode::network, " broke off the connection"},
        Case{"hangs up within the head", "HTTP/1.1 200 OK\r\nContent-Le", ErrorCode::network,
             " broke off the connection"},
        Case{"hangs up within the body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
             ErrorCode::network, " broke off the connection"},
        Case{"long body", TinyServer::ok(std::string(1001, 'x')), ErrorCode::invalid,
             " is longer than 1000 bytes"},
        Case{"no end of headers",
             "HTTP/1.1 200 OK\r\n" +
                 [] {
                     std::string headers;
                     for (int i = 0; i < 300; ++i)
                         headers += "X: " + std::string(1000, 'x') + "\r\n";
                     return headers;
                 }(),
             ErrorCode::invalid, " sends too many headers"},
        Case{"not http", "SSH-2.0-OpenSSH\r\n", ErrorCode::invalid, " does not speak HTTP"},
    };
    for (const Case& c : cases) {
        CAPTURE(std::string(c.name));
        const TinyServer server([&](const std::string&) { return c.reply; });
        HttpRequest request = get(server.url());
        request.max_body = 1000;
        const auto response = make_curl_transport()->request(request);
        REQUIRE_FALSE(response);
        CAPTURE(response.error().message);
        CHECK(response.error().code == c.code);
        CHECK(response.error().message.find(server.address() + c.message) != std::string::npos);
    }
}

TEST_CASE("nobody there, no such scheme, a broken header") {
    const auto transport = make_curl_transport();
    const std::string dead = test::dead_address();
    const auto refused = transport->request(get("http://" + dead + "/"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::network);
    CHECK(refused.error().message == "cannot connect to " + dead + ": Connection refused");

    CHECK(transport->request(get("file:///etc/passwd")).error().code == ErrorCode::invalid);
    HttpRequest injected = get("http://" + dead + "/");
    injected.headers = {{"X", "a\r\nHost: b"}};
    CHECK(transport->request(injected).error().code == ErrorCode::invalid);
}

TEST_CASE("curl's failures are told to people by what they can do about them") {
    struct Case {
        CURLcode code;
        int os_error;
        ErrorCode kind;
        const char* message;
    };
    const Url url = parse_url("https://r.example/v2/").value();
    for (const Case& c : std::array{
             Case{CURLE_COULDNT_RESOLVE_HOST, 0, ErrorCode::network,
                  "cannot find the host r.example"},
             Case{CURLE_COULDNT_RESOLVE_PROXY, 0, ErrorCode::network,
                  "cannot find the proxy for r.example:443"},
             Case{CURLE_COULDNT_CONNECT, EHOSTUNREACH, ErrorCode::network,
                  "cannot connect to r.example:443: No route to host"},
             Case{CURLE_OPERATION_TIMEDOUT, 0, ErrorCode::network,
                  "r.example:443 did not answer in time"},
             Case{CURLE_PEER_FAILED_VERIFICATION, 0, ErrorCode::denied,
                  "the TLS certificate of r.example:443 cannot be trusted: detail"},
         }) {
        CAPTURE(c.message);
        const Error error = curl_error(c.code, url, "detail", c.os_error);
        CHECK(error.code == c.kind);
        CHECK(error.message == c.message);
        CHECK_FALSE(error.hint.empty());
    }
}

TEST_CASE("a sink that fails ends the transfer with its own error") {
    const TinyServer server([](const std::string&) { return TinyServer::ok("hello"); });
    const auto transport = make_curl_transport();
    Collector refusing;
    refusing.refusal = Error{ErrorCode::corrupt, "wrong size"};
    CHECK(transport->request(get(server.url()), &refusing).error().message == "wrong size");
    Collector full;
    full.write_error = Error{ErrorCode::no_space, "disk full"};
    const auto response = transport->request(get(server.url()), &full);
    REQUIRE_FALSE(response);
    CHECK(response.error().code == ErrorCode::no_space);
}

TEST_CASE("a stop ends a transfer that waits, a limit ends one that takes too long") {
    std::mutex mutex;
    std::condition_variable changed;
    bool asked = false;
    bool over = false;
    const TinyServer server([&](const std::string&) {
        std::unique_lock lock(mutex);
        asked = true;
        changed.notify_all();
        changed.wait(lock, [&] { return over; });
        return std::string();
    });
    const auto transport = make_curl_transport();
    std::stop_source stop;
    std::jthread stopper([&] {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return asked; });
        stop.request_stop();
    });
    const auto stopped = transport->request(get(server.url()), nullptr, stop.get_token());
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().code == ErrorCode::cancelled);

    HttpRequest request = get(server.url());
    request.timeouts.total = std::chrono::milliseconds(20);
    const auto late = transport->request(request);
    REQUIRE_FALSE(late);
    CHECK(late.error().code == ErrorCode::network);
    CHECK(late.error().message == server.address() + " did not answer in time");
    const std::lock_guard lock(mutex);
    over = true;
    changed.notify_all();
}

TEST_CASE("a blob whose server hangs up again and again arrives whole") {
    const std::string layer(100'000, 'z');
    const TinyServer server([&](const std::string& request) {
        if (request.starts_with("GET /v2/ ")) return TinyServer::ok("{}");
        std::size_t first = 0;
        if (const auto range = request.find("Range: bytes="); range != std::string::npos)
            first = std::stoul(request.substr(range + 13));
        const std::string head =
            first == 0 ? fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", layer.size())
                       : fmt::format("HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\n"
                                     "Content-Range: bytes {}-{}/{}\r\n\r\n",
                                     layer.size() - first, first, layer.size() - 1, layer.size());
        return head + layer.substr(first, 40'000);
    });
    const auto transport = make_curl_transport();
    ClientOptions options;
    options.backoff = std::chrono::milliseconds(1);
    RegistryClient client(*transport, nullptr, options);
    test::BlobBasket blobs;
    const auto reference = oci::parse_reference(server.address() + "/app:1").value();
    const auto descriptor = test::describe(oci::media_type::layer_gzip, layer);
    const Status fetched = client.fetch_blob(reference, descriptor, blobs);
    CAPTURE(fetched ? std::string() : fetched.error().message);
    REQUIRE(fetched);
    CHECK(blobs.get(descriptor.digest) == layer);
    const auto seen = server.requests();
    REQUIRE(seen.size() == 4); // GET /v2/, then three parts
    CHECK(seen[2].find("Range: bytes=40000-\r\n") != std::string::npos);
    CHECK(seen[3].find("Range: bytes=80000-\r\n") != std::string::npos);
}
