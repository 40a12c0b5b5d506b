#pragma once

#include "base/error.hpp"
#include "image/http/http.hpp"
#include "image/oci/oci.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a registry's replies mean; pure functions over foreign bytes.
namespace mybuild::registry {

/// One of the `errors` in a registry's JSON (distribution-spec, "Error Codes").
struct RegistryError {
    std::string code;    ///< `MANIFEST_UNKNOWN`, …
    std::string message; ///< printable, cut to a line
    friend bool operator==(const RegistryError&, const RegistryError&) = default;
};

/// Empty where the body has another form (a proxy's HTML page, …).
std::vector<RegistryError> parse_errors(std::string_view body);

/// The error for a response that is no success. `what` is the image as people name it, `registry`
/// as they log in to it, `peer` the host and port that answered.
Error response_error(const HttpResponse& response, std::string_view what, std::string_view registry,
                     std::string_view peer);

/// What a manifest document is, by its own `mediaType`, the response's Content-Type or its members,
/// in this order. A document that could be read as manifest and as index is ErrorCode::corrupt (the
/// two must not be confused: CVE-2021-41190); schema 1 is ErrorCode::unsupported.
Result<std::string> manifest_media_type(std::string_view json, std::string_view content_type);

/// All kinds of manifest we read, for an Accept header.
std::string accepted_manifests();

} // namespace mybuild::registry
