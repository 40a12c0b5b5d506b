#pragma once

#include "image/blob_source.hpp"
#include "image/http/http.hpp"
#include "image/http/url.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace mybuild {

/// A file that is wanted from a server.
struct DownloadRequest {
    Url url;
    std::vector<HttpHeader> headers = {}; ///< such as Authorization; not told to another origin
    /// What the server said of the copy we have (RFC 9110, 8.8); both empty: there is none.
    std::string etag = {};
    std::string last_modified = {};
    std::uint64_t max_size = std::uint64_t{64} << 30U; ///< bytes; more is ErrorCode::invalid
    unsigned retries = 3; ///< further attempts after a broken connection, 429 or 5xx
    std::chrono::milliseconds backoff{250};
};

/// What came.
struct Download {
    bool unchanged = false;    ///< the copy we have is the server's still; then all else is empty
    oci::Descriptor blob = {}; ///< digest and size of the file, which is in the sink
    std::string etag = {};
    std::string last_modified = {};
};

/// Bytes received, and all of them (0: not known).
using DownloadProgress = std::function<void(std::uint64_t received, std::uint64_t total)>;

/// Fetches a file into the sink, unless the copy we have is still good. Follows redirects, never
/// from https to http; goes on where a connection broke. Errors name the server:
///   not_found  status 404 or 410
///   denied     401, 403; a certificate that is not to be trusted
///   network    another status that is no success; not reached; broken off after all retries
///   invalid    larger than `max_size`
///   cancelled  stop was requested
Result<Download> download(HttpTransport& transport, const DownloadRequest& request, BlobSink& sink,
                          const DownloadProgress& progress = {}, const std::stop_token& stop = {});

} // namespace mybuild
