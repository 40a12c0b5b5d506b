#include "image/http/curl_error.hpp"

#include "base/render.hpp"

#include <fmt/format.h>

#include <system_error>

namespace mybuild {

namespace {

std::string reason(std::string_view detail, int os_error) {
    if (os_error != 0) return std::generic_category().message(os_error);
    return printable(detail);
}

} // namespace

Error curl_error(CURLcode code, const Url& url, std::string_view detail, int os_error) {
    const std::string peer = url.endpoint();
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return Error{ErrorCode::network, fmt::format("cannot find the host {}", url.host)}
            .with_note(printable(detail))
            .with_hint("check the name, and that name resolution (DNS) works on this machine");
    case CURLE_COULDNT_RESOLVE_PROXY:
        return Error{ErrorCode::network, fmt::format("cannot find the proxy for {}", peer)}
            .with_note(printable(detail))
            .with_hint("check http_proxy, HTTPS_PROXY and NO_PROXY");
    case CURLE_COULDNT_CONNECT:
        return Error{ErrorCode::network,
                     fmt::format("cannot connect to {}: {}", peer, reason(detail, os_error))}
            .with_hint(
                "is the server running? Check the port too, and that nothing on the way blocks it");
    case CURLE_OPERATION_TIMEDOUT:
        return Error{ErrorCode::network, fmt::format("{} did not answer in time", peer)}
            .with_note(printable(detail))
            .with_hint("check the network, or try again later");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return Error{
            ErrorCode::denied,
            fmt::format("the TLS certificate of {} cannot be trusted: {}", peer, printable(detail))}
            .with_hint("add the authority that signed it to this system's "
                       "(/usr/local/share/ca-certificates, update-ca-certificates)");
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
        return {ErrorCode::network,
                fmt::format("no secure connection to {}: {}", peer, printable(detail))};
    case CURLE_UNSUPPORTED_PROTOCOL: // the URL was checked before: it is the answer
        return {ErrorCode::invalid,
                fmt::format("{} does not speak HTTP: {}", peer, printable(detail))};
    case CURLE_URL_MALFORMAT:
        return {ErrorCode::invalid, fmt::format("{}: {}", url.str(), printable(detail))};
    case CURLE_OUT_OF_MEMORY:
        return {ErrorCode::io, fmt::format("{}: no memory left for the transfer", peer)};
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        return {ErrorCode::network,
                fmt::format("{} broke off the connection: {}", peer, printable(detail))};
    default:
        return {ErrorCode::network,
                fmt::format("transfer from {} failed: {}", peer, printable(detail))};
    }
}

} // namespace mybuild
