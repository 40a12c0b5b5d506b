#pragma once

#include "base/error.hpp"
#include "image/http/url.hpp"

#include <curl/curl.h>

#include <string_view>

namespace mybuild {

/// What a failed exchange means to people: which host and port, what went wrong, what to do.
/// `detail` is curl's own text for it, `os_error` the errno of the last failed connect.
Error curl_error(CURLcode code, const Url& url, std::string_view detail, int os_error);

} // namespace mybuild
