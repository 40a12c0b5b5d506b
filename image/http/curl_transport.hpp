#pragma once

#include "image/http/http.hpp"

#include <memory>

namespace mybuild {

/// HTTP and HTTPS by libcurl. The library is loaded at the first request, not before: a build that
/// never talks to a registry does not pay the 4 to 5 ms that costs. Connections are reused. Proxies
/// come from the environment as curl has it (http_proxy, HTTPS_PROXY, NO_PROXY, …), never for
/// loopback addresses. Not there at all: requests fail with ErrorCode::unsupported.
std::unique_ptr<HttpTransport> make_curl_transport();

} // namespace mybuild
