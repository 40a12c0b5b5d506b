#include "image/registry/reply.hpp"

#include "base/render.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <array>

namespace mybuild::registry {

namespace {

using nlohmann::json;

constexpr std::size_t longest_message = 300;
constexpr std::size_t most_errors = 8;
constexpr std::string_view schema1_prefix = "application/vnd.docker.distribution.manifest.v1+";

constexpr std::array manifest_types = {oci::media_type::index, oci::media_type::manifest,
                                       oci::media_type::docker_manifest_list,
                                       oci::media_type::docker_manifest};

std::string text_member(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string one_line(std::string_view text) {
    const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
    return printable(line.substr(0, longest_message));
}

bool is_manifest_type(std::string_view type) {
    return std::ranges::find(manifest_types, type) != manifest_types.end();
}

/// What the peer said, for a note: its error list, or nothing better than the status.
std::string peer_says(const HttpResponse& response, std::string_view peer) {
    std::vector<std::string> said;
    for (const RegistryError& error : parse_errors(response.body))
        said.push_back(error.message.empty() ? error.code : error.message);
    if (said.empty()) return fmt::format("{} answered with status {}", peer, response.status);
    return fmt::format("{} says: {} (status {})", peer, fmt::join(said, "; "), response.status);
}

std::string login_hint(std::string_view registry) {
    return fmt::format("check the spelling of name and tag; a private repository needs "
                       "`docker login{}{}` first",
                       registry == "docker.io" ? "" : " ", registry == "docker.io" ? "" : registry);
}

} // namespace

std::vector<RegistryError> parse_errors(std::string_view body) {
    std::vector<RegistryError> found;
    const json root = json::parse(body, nullptr, /*allow_exceptions=*/false);
    if (!root.is_object()) return found;
    const auto errors = root.find("errors");
    if (errors == root.end() || !errors->is_array()) return found;
    for (const json& error : *errors) {
        if (!error.is_object() || found.size() == most_errors) continue;
        found.push_back(
            {one_line(text_member(error, "code")), one_line(text_member(error, "message"))});
    }
    return found;
}

Error response_error(const HttpResponse& response, std::string_view what, std::string_view registry,
                     std::string_view peer) {
    const std::string note = peer_says(response, peer);
    switch (response.status) {
    case 404:
        return Error{ErrorCode::not_found, fmt::format("pull access denied or not found: {}", what)}
            .with_note(note)
            .with_hint(login_hint(registry));
    case 401:
    case 403:
        return Error{ErrorCode::denied, fmt::format("pull access denied or not found: {}", what)}
            .with_note(note)
            .with_hint(login_hint(registry));
    case 429:
        return Error{ErrorCode::network,
                     fmt::format("cannot pull {}: {} limits the number of pulls", what, peer)}
            .with_note(note)
            .with_hint("wait and try again, or log in for a higher limit");
    default:
        break;
    }
    if (response.status >= 500)
        return Error{ErrorCode::network,
                     fmt::format("cannot pull {}: {} is in trouble", what, peer)}
            .with_note(note)
            .with_hint("try again later");
    return Error{ErrorCode::unsupported,
                 fmt::format("cannot pull {}: {} does not answer as a registry does", what, peer)}
        .with_note(note)
        .with_hint("check that a registry (distribution API v2) listens there");
}

Result<std::string> manifest_media_type(std::string_view json_text, std::string_view content_type) {
    const json root = json::parse(json_text, nullptr, /*allow_exceptions=*/false);
    if (!root.is_object()) return fail({ErrorCode::corrupt, "the manifest is not a JSON object"});
    std::string_view header = content_type.substr(0, content_type.find(';'));
    while (header.ends_with(' '))
        header.remove_suffix(1);
    const std::string own = text_member(root, "mediaType");
    const auto version = root.find("schemaVersion");
    if (header.starts_with(schema1_prefix) || own.starts_with(schema1_prefix) ||
        (version != root.end() && *version == 1))
        return fail(Error{ErrorCode::unsupported,
                          "the image has a manifest of schema 1, which is no longer read"}
                        .with_hint("push the image again with a current tool"));
    const bool lists = root.contains("manifests");
    const bool describes = root.contains("config") || root.contains("layers");
    if (lists && describes)
        return fail({ErrorCode::corrupt, "the manifest claims to be an index as well"});
    std::string type = own;
    if (type.empty() && is_manifest_type(header)) type = header;
    if (type.empty()) type = lists ? oci::media_type::index : oci::media_type::manifest;
    if (!is_manifest_type(type))
        return fail({ErrorCode::unsupported,
                     fmt::format("a manifest of type {} is not an image", one_line(type))});
    if (oci::is_index(type) != lists)
        return fail({ErrorCode::corrupt,
                     fmt::format("the manifest has not the form of its type {}", type)});
    return type;
}

std::string accepted_manifests() {
    return fmt::format("{}", fmt::join(manifest_types, ", "));
}

} // namespace mybuild::registry
