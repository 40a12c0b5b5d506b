#pragma once

#include "image/http/http.hpp"
#include "image/http/url.hpp"

#include <optional>

namespace mybuild {

/// More redirects than that lead in circles.
inline constexpr int most_redirects = 10;

/// Where a response to a request for `url` leads; nullopt: it is no redirect. Errors: a location
/// that is no http URL (ErrorCode::invalid), one that leads from https to http (ErrorCode::denied).
Result<std::optional<Url>> redirect_of(const Url& url, const HttpResponse& response);

/// The error for a request that was led on more often than `most_redirects`.
[[nodiscard]] Error leads_in_circles(const Url& first);

/// Takes what was meant for one origin alone out of a request's headers.
void drop_credentials(std::vector<HttpHeader>& headers);

} // namespace mybuild
