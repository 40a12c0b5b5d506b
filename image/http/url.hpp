#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace mybuild {

/// An http or https URL in parts (RFC 3986); no user information, no fragment.
struct Url {
    bool https = true;
    std::string host;         ///< lower case; an IPv6 address without brackets
    std::uint16_t port = 0;   ///< always set: 80 and 443 where the URL names none
    std::string target = "/"; ///< path and query, beginning with `/`

    friend bool operator==(const Url&, const Url&) = default;
    [[nodiscard]] std::string str() const;
    [[nodiscard]] std::string authority() const; ///< `host` or `host:port` where not the default
    [[nodiscard]] std::string endpoint() const;  ///< `host:port`, always
    /// Scheme, host and port are the same: what may be told to one may be told to the other.
    [[nodiscard]] bool same_origin(const Url& other) const;
};

/// Errors: ErrorCode::invalid (another scheme, user information, blanks, control characters, …).
Result<Url> parse_url(std::string_view text);

/// Where a redirect or an upload location leads: `location` relative to `base`.
Result<Url> resolve_url(const Url& base, std::string_view location);

/// `localhost`, names below it, 127.0.0.0/8 and ::1. `host` without port and brackets.
bool is_loopback(std::string_view host);

/// Percent-encoded for a query or a form: all but unreserved characters.
std::string percent_encode(std::string_view text);

} // namespace mybuild
