#include "image/http/url.hpp"

#include "base/render.hpp"
#include "image/http/http.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <netinet/in.h>

namespace mybuild {

namespace {

constexpr std::size_t longest_url = 16U << 10U;

std::uint16_t default_port(bool https) {
    return https ? 443 : 80;
}

tl::unexpected<Error> bad_url(std::string_view text, std::string_view why) {
    return fail({ErrorCode::invalid,
                 fmt::format("invalid URL {}: {}", printable(text.substr(0, 200)), why)});
}

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool is_ipv6(const std::string& host) {
    in6_addr address{};
    return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

/// `host[:port]` or `[v6][:port]` into `url`; false: malformed.
bool read_authority(std::string_view authority, Url& url) {
    std::string_view port;
    if (authority.starts_with('[')) {
        const std::size_t end = authority.find(']');
        if (end == std::string_view::npos) return false;
        url.host = lower_ascii(authority.substr(1, end - 1));
        if (!is_ipv6(url.host)) return false;
        port = authority.substr(end + 1);
    } else {
        const std::size_t colon = std::min(authority.find(':'), authority.size());
        url.host = lower_ascii(authority.substr(0, colon));
        if (url.host.empty() || !std::ranges::all_of(url.host, is_host_character)) return false;
        port = authority.substr(colon);
    }
    url.port = default_port(url.https);
    if (port.empty() || port == ":") return true;
    if (port.front() != ':') return false;
    port.remove_prefix(1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    return error == std::errc{} && end == port.data() + port.size() && url.port != 0;
}

bool is_url_text(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

} // namespace

std::string Url::authority() const {
    const std::string name = host.find(':') != std::string::npos ? fmt::format("[{}]", host) : host;
    return port == default_port(https) ? name : fmt::format("{}:{}", name, port);
}

std::string Url::endpoint() const {
    return fmt::format(fmt::runtime(host.find(':') != std::string::npos ? "[{}]:{}" : "{}:{}"),
                       host, port);
}

std::string Url::str() const {
    return fmt::format("{}://{}{}", https ? "https" : "http", authority(), target);
}

bool Url::same_origin(const Url& other) const {
    return https == other.https && host == other.host && port == other.port;
}

Result<Url> parse_url(std::string_view text) {
    if (text.size() > longest_url) return bad_url(text, "too long");
    if (!is_url_text(text)) return bad_url(text, "blanks or characters that are not ASCII");
    Url url;
    const std::size_t colon = text.find("://");
    const std::string scheme = lower_ascii(text.substr(0, std::min(colon, text.size())));
    if (colon == std::string_view::npos || (scheme != "http" && scheme != "https"))
        return bad_url(text, "it must begin with http:// or https://");
    url.https = scheme == "https";
    std::string_view rest = text.substr(colon + 3);
    rest = rest.substr(0, rest.find('#'));
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
    if (authority.find('@') != std::string_view::npos)
        return bad_url(text, "a user name has no place in it");
    if (!read_authority(authority, url)) return bad_url(text, "no valid host and port");
    const std::string_view target = rest.substr(authority.size());
    url.target = target.starts_with('/') ? std::string(target) : fmt::format("/{}", target);
    return url;
}

Result<Url> resolve_url(const Url& base, std::string_view location) {
    if (location.empty() || !is_url_text(location)) return bad_url(location, "not a location");
    const std::size_t colon = location.find(':');
    if (colon < location.find_first_of("/?#")) return parse_url(location);
    if (location.starts_with("//"))
        return parse_url(fmt::format("{}:{}", base.https ? "https" : "http", location));
    Url url = base;
    location = location.substr(0, location.find('#'));
    const std::string path = base.target.substr(0, base.target.find('?'));
    if (location.empty()) return url;
    if (location.starts_with('/')) {
        url.target = location;
    } else if (location.starts_with('?')) {
        url.target = path + std::string(location);
    } else {
        url.target = path.substr(0, path.rfind('/') + 1) + std::string(location);
    }
    return url;
}

bool is_loopback(std::string_view host) {
    const std::string name = lower_ascii(host);
    if (name == "localhost" || name.ends_with(".localhost")) return true;
    in_addr v4{};
    if (inet_pton(AF_INET, name.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) == 127;
    in6_addr v6{};
    return inet_pton(AF_INET6, name.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::string percent_encode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                                c == '~';
        if (unreserved)
            out += c;
        else
            fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

} // namespace mybuild
