#pragma once

#include "image/http/http.hpp"
#include "image/registry/credentials.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild::registry {

/// One challenge of a WWW-Authenticate header (RFC 9110, 11.6.1).
struct Challenge {
    std::string scheme;                            ///< lower case: `bearer`, `basic`
    std::map<std::string, std::string> parameters; ///< names in lower case, values unquoted
    friend bool operator==(const Challenge&, const Challenge&) = default;
};

/// All challenges of one header value, in order. Never fails: what cannot be understood is left
/// out.
std::vector<Challenge> parse_challenges(std::string_view header);

/// The challenge to answer: Bearer before Basic; neither there: nullopt.
std::optional<Challenge> choose_challenge(const HttpResponse& response);

/// What a token server gave.
struct Token {
    std::string value;                 ///< fit for an Authorization header
    std::chrono::seconds lifetime{60}; ///< from now; the protocol's default is a minute
};

/// From the token server's JSON: `token` or `access_token`, `expires_in` (distribution, "Token
/// Authentication Specification"). Errors: ErrorCode::corrupt.
Result<Token> parse_token(std::string_view json);

/// A request to the token server named by a Bearer challenge. Anonymous without credentials; GET
/// with Basic authentication for name and password, POST with a form for an identity token
/// (distribution, "OAuth2 Token Authentication"). `form` is the body to send; empty: none.
struct TokenRequest {
    HttpRequest request;
    std::string form = {};
};

/// `scope` is what is asked for when the challenge names none, such as `repository:NAME:pull`.
/// Errors: ErrorCode::invalid for a realm that is no URL.
Result<TokenRequest> make_token_request(const Challenge& challenge, std::string_view scope,
                                        const std::optional<Credentials>& credentials);

/// The value of an Authorization header for name and password.
std::string basic_authorization(const Credentials& credentials);

std::string base64_encode(std::string_view bytes);
/// Padding is optional, line breaks and anything else are not allowed.
std::optional<std::string> base64_decode(std::string_view text);

} // namespace mybuild::registry
