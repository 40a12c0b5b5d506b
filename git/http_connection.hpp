#pragma once

#include "base/fd.hpp"
#include "git/connection.hpp"
#include "image/http/http.hpp"
#include "image/http/url.hpp"

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace mybuild::git {

/// git's smart protocol over HTTP (git's Documentation/gitprotocol-http): redirects of the first
/// request are followed, and then hold for the others. Answers are taken in whole before they are
/// read.
struct HttpAccess {
    HttpTransport& transport;
    Url url;                        ///< of the repository
    std::string authorization = {}; ///< value of that header, for the URL's origin alone; or empty
    std::function<Result<Fd>()> make_file; ///< an empty file of no name, for an answer
    std::stop_token stop = {};
};
std::unique_ptr<Connection> make_http_connection(HttpAccess access);

} // namespace mybuild::git
