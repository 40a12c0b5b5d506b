#include "image/http/url.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace mybuild;

TEST_CASE("URLs are read into parts and written back in one form") {
    struct Case {
        const char* text;
        const char* written;
        const char* endpoint;
    };
    for (const Case& c : std::array{
             Case{"https://registry-1.docker.io", "https://registry-1.docker.io/",
                  "registry-1.docker.io:443"},
             Case{"HTTP://LocalHost:5000/v2/", "http://localhost:5000/v2/", "localhost:5000"},
             Case{"https://h:443/a?b=c#d", "https://h/a?b=c", "h:443"},
             Case{"http://h?x=1", "http://h/?x=1", "h:80"},
             Case{"http://[::1]:5000/v2", "http://[::1]:5000/v2", "[::1]:5000"},
             Case{"https://[2001:DB8::1]", "https://[2001:db8::1]/", "[2001:db8::1]:443"},
             Case{"http://h:/x", "http://h/x", "h:80"},
         }) {
        CAPTURE(c.text);
        const auto url = parse_url(c.text);
        REQUIRE(url);
        CHECK(url->str() == c.written);
        CHECK(url->endpoint() == c.endpoint);
    }
}

TEST_CASE("what is no http URL is refused") {
    for (const char* text :
         {"", "h", "ftp://h/", "file:///etc/passwd", "http://", "http:///x", "http://u:p@h/",
          "http://h:0/", "http://h:65536/", "http://h:1x/", "http://h /", "http://h/\r\nX: y",
          "http://[::1/", "http://[nonsense]/", "http://[::1]5000/", "http://a\\b/",
          "http://h\xc3\xa9/"}) {
        CAPTURE(text);
        const auto url = parse_url(text);
        REQUIRE_FALSE(url);
        CHECK(url.error().code == ErrorCode::invalid);
    }
}

TEST_CASE("a location is taken relative to where it was said") {
    const Url base = parse_url("https://r.example:8443/v2/x/blobs/y?z=1").value();
    struct Case {
        const char* location;
        const char* url;
    };
    for (const Case& c : std::array{
             Case{"http://cdn.example/b", "http://cdn.example/b"},
             Case{"//cdn.example/b", "https://cdn.example/b"},
             Case{"/b?c", "https://r.example:8443/b?c"},
             Case{"b", "https://r.example:8443/v2/x/blobs/b"},
             Case{"b?u=http://x", "https://r.example:8443/v2/x/blobs/b?u=http://x"},
             Case{"?q", "https://r.example:8443/v2/x/blobs/y?q"},
             Case{"#f", "https://r.example:8443/v2/x/blobs/y?z=1"},
         }) {
        CAPTURE(c.location);
        const auto url = resolve_url(base, c.location);
        REQUIRE(url);
        CHECK(url->str() == c.url);
    }
    for (const char* location : {"", "javascript:x", "//", "a b"}) {
        CAPTURE(location);
        CHECK_FALSE(resolve_url(base, location));
    }
}

TEST_CASE("loopback hosts are told from others that look alike") {
    for (const char* host : {"localhost", "LOCALHOST", "r.localhost", "127.0.0.1", "127.9.9.9",
                             "::1", "0:0:0:0:0:0:0:1"}) {
        CAPTURE(host);
        CHECK(is_loopback(host));
    }
    for (const char* host : {"", "localhost.example", "127.0.0.1.example", "128.0.0.1", "::2",
                             "0.0.0.0", "notlocalhost"}) {
        CAPTURE(host);
        CHECK_FALSE(is_loopback(host));
    }
}

TEST_CASE("percent encoding leaves only what needs none") {
    CHECK(percent_encode("aZ09-._~") == "aZ09-._~");
    CHECK(percent_encode("repository:a/b:pull,push \xff") ==
          "repository%3Aa%2Fb%3Apull%2Cpush%20%FF");
}
