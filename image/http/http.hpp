#pragma once

#include "image/byte_stream.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild {

/// A to Z in lower case: names of headers, schemes and hosts have no other letters.
[[nodiscard]] std::string lower_ascii(std::string_view text);

/// Seconds since 1970 of a date as headers have them (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37
/// GMT`, and the two obsolete forms; anything else: nullopt.
[[nodiscard]] std::optional<std::int64_t> parse_http_date(std::string_view text);

/// Where a 206 response begins and how long the whole is, from `Content-Range: bytes 5-9/10`.
struct ContentRange {
    std::uint64_t first = 0;
    std::optional<std::uint64_t> total = {};
    friend bool operator==(const ContentRange&, const ContentRange&) = default;
};
[[nodiscard]] std::optional<ContentRange> parse_content_range(std::string_view header);

struct HttpHeader {
    std::string name;
    std::string value;
};

/// How long an exchange may take; zero: no limit (connect: libcurl's, five minutes).
struct HttpTimeouts {
    std::chrono::milliseconds connect{30'000}; ///< name look-up, TCP and TLS together
    std::chrono::seconds idle{60};             ///< no byte for so long: the peer is gone
    std::chrono::milliseconds total{0};        ///< the whole exchange, body included
};

/// One HTTP exchange. Redirects are not followed: who asks decides what may go where.
struct HttpRequest {
    std::string method = "GET";
    std::string url; ///< http:// or https://, nothing else
    std::vector<HttpHeader> headers = {};
    ByteSource* body = nullptr;                  ///< what is sent; borrowed
    std::optional<std::uint64_t> body_size = {}; ///< bytes of `body`; unknown: sent in chunks
    HttpTimeouts timeouts = {};
    std::size_t max_body = 4U << 20U; ///< more bytes in memory than that are ErrorCode::invalid
    bool verify_tls = true;           ///< false only for hosts the user named as insecure
};

struct HttpResponse {
    int status = 0;
    std::vector<HttpHeader> headers = {};
    std::string body = {}; ///< empty where a BodyReceiver took it

    /// The value of the first header of that name (any case), or empty.
    [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// Decides where the body of a response goes once status and headers are known.
class BodyReceiver {
  public:
    BodyReceiver() = default;
    BodyReceiver(const BodyReceiver&) = delete;
    BodyReceiver& operator=(const BodyReceiver&) = delete;
    virtual ~BodyReceiver() = default;
    /// Called at most once, before any byte of the body. The sink gets the body as it comes, and so
    /// sees the progress; nullptr: into HttpResponse::body, capped. An error ends the exchange and
    /// is what request() returns; the same for an error of the sink.
    virtual Result<ByteSink*> accept(const HttpResponse& head) = 0;
};

/// The port to the network. Any status is success; errors are
///   ErrorCode::network    the peer was not reached, broke off, or took too long
///   ErrorCode::denied     its TLS certificate is not to be trusted
///   ErrorCode::invalid    a URL we do not speak, an answer that is no HTTP or above `max_body`
///   ErrorCode::cancelled  `stop` was requested
/// and what the receiver or its sink returned. Safe to use from several threads at once.
class HttpTransport {
  public:
    HttpTransport() = default;
    HttpTransport(const HttpTransport&) = delete;
    HttpTransport& operator=(const HttpTransport&) = delete;
    virtual ~HttpTransport() = default;
    virtual Result<HttpResponse> request(const HttpRequest& request,
                                         BodyReceiver* receiver = nullptr,
                                         std::stop_token stop = {}) = 0;
};

} // namespace mybuild
