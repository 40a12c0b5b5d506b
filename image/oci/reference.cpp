#include "image/oci/reference.hpp"

#include "base/render.hpp"

#include <fmt/format.h>

#include <algorithm>

// The grammar is distribution/reference's (docs.docker.com speaks of the same):
//
//     reference  = name [ ":" tag ] [ "@" digest ]
//     name       = [ domain "/" ] component *( "/" component )
//     domain     = host [ ":" port ];  host = labels joined by "." | "[" IPv6 "]"
//     component  = 1*( a-z 0-9 ) *( separator 1*( a-z 0-9 ) )
//     separator  = "." | "_" | "__" | 1*"-"
//     tag        = ( A-Z a-z 0-9 "_" ) *127( A-Z a-z 0-9 "_" "." "-" )
//
// The first component is a domain if it has a `.` or `:`, is `localhost`, or has upper-case
// letters.
namespace mybuild::oci {

namespace {

constexpr std::string_view hub = "docker.io";
constexpr std::string_view official = "library/";
constexpr std::size_t max_name = 255;
constexpr std::size_t max_tag = 128;
constexpr std::size_t max_text = 1024;

bool is_lower_alnum(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}
bool is_upper(char byte) {
    return byte >= 'A' && byte <= 'Z';
}
bool is_alnum(char byte) {
    return is_lower_alnum(byte) || is_upper(byte);
}
bool is_hex(char byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}
bool has_upper(std::string_view text) {
    return std::ranges::any_of(text, is_upper);
}

tl::unexpected<Error> format_error(std::string_view text, std::string_view why) {
    return fail(Error{.code = ErrorCode::invalid,
                      .message = fmt::format("invalid reference format: {}: {}",
                                             text.empty() ? "empty name" : printable(text), why),
                      .hint = "an image name is [registry/]name[:tag][@digest], "
                              "for example alpine:3.20 or localhost:5000/team/app"});
}

bool valid_label(std::string_view label) {
    return !label.empty() && is_alnum(label.front()) && is_alnum(label.back()) &&
           std::ranges::all_of(label, [](char byte) { return is_alnum(byte) || byte == '-'; });
}

bool valid_host(std::string_view host) {
    if (host.starts_with('[')) {
        return host.size() > 2 && host.ends_with(']') &&
               std::ranges::all_of(host.substr(1, host.size() - 2), [](char byte) {
                   return is_hex(byte) || (byte >= 'A' && byte <= 'F') || byte == ':';
               });
    }
    for (std::size_t begin = 0;;) {
        const auto dot = host.find('.', begin);
        if (!valid_label(host.substr(begin, dot == host.npos ? dot : dot - begin))) return false;
        if (dot == host.npos) return true;
        begin = dot + 1;
    }
}

bool valid_domain(std::string_view domain) {
    const auto bracket = domain.rfind(']');
    const auto colon = domain.find(':', bracket == domain.npos ? 0 : bracket);
    if (colon != domain.npos) {
        const auto port = domain.substr(colon + 1);
        const auto is_digit = [](char byte) { return byte >= '0' && byte <= '9'; };
        if (port.empty() || port.size() > 5 || !std::ranges::all_of(port, is_digit)) return false;
    }
    return valid_host(domain.substr(0, colon));
}

bool valid_component(std::string_view text) {
    if (text.empty() || !is_lower_alnum(text.front()) || !is_lower_alnum(text.back())) return false;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        while (at < text.size() && !is_lower_alnum(text[at]))
            ++at;
        const auto separator = text.substr(begin, at - begin);
        const bool dashes = separator.find_first_not_of('-') == separator.npos;
        if (!separator.empty() && separator != "." && separator != "_" && separator != "__" &&
            !dashes)
            return false;
        while (at < text.size() && is_lower_alnum(text[at]))
            ++at;
    }
    return true;
}

bool valid_tag(std::string_view tag) {
    if (tag.empty() || tag.size() > max_tag || tag.front() == '.' || tag.front() == '-')
        return false;
    return std::ranges::all_of(
        tag, [](char byte) { return is_alnum(byte) || byte == '_' || byte == '.' || byte == '-'; });
}

bool is_domain(std::string_view first) {
    return first.find_first_of(".:") != first.npos || first == "localhost" || has_upper(first);
}

Status check_repository(std::string_view text, std::string_view repository) {
    if (repository.empty()) return format_error(text, "there is no repository name");
    if (has_upper(repository)) return format_error(text, "repository name must be lowercase");
    for (std::size_t begin = 0;;) {
        const auto slash = repository.find('/', begin);
        const auto part =
            repository.substr(begin, slash == repository.npos ? slash : slash - begin);
        if (part.empty()) return format_error(text, "a part of the name between slashes is empty");
        if (!valid_component(part)) {
            return format_error(text, "a name consists of a-z and 0-9, with single . _ or __ or "
                                      "any number of - in between");
        }
        if (slash == repository.npos) return {};
        begin = slash + 1;
    }
}

} // namespace

std::string Reference::canonical() const {
    std::string out = registry + "/" + repository;
    if (!tag.empty()) out += ":" + tag;
    if (digest) out += "@" + digest->str();
    return out;
}

std::string Reference::familiar() const {
    std::string out = familiar_name();
    if (!tag.empty()) out += ":" + tag;
    if (digest) out += "@" + digest->str();
    return out;
}

std::string Reference::familiar_name() const {
    if (registry != hub) return registry + "/" + repository;
    const std::string_view name = repository;
    // docker.io/library/a/b is not docker.io/a/b.
    if (name.starts_with(official) && name.find('/', official.size()) == name.npos)
        return std::string(name.substr(official.size()));
    return repository;
}

Result<Reference> parse_reference(std::string_view text) {
    if (text.empty()) return format_error(text, "an image name is needed");
    if (text.size() > max_text) return format_error(text.substr(0, 64), "it is too long");
    if (text.size() == 64 && std::ranges::all_of(text, is_hex)) {
        return format_error(text, "a name cannot be 64 hexadecimal digits; for an image id write "
                                  "sha256: before it");
    }
    Reference reference;
    std::string_view rest = text;
    if (const auto at = rest.find('@'); at != rest.npos) {
        auto digest = Digest::parse(rest.substr(at + 1));
        if (!digest) return format_error(text, digest.error().message);
        reference.digest = *digest;
        rest = rest.substr(0, at);
    }
    const auto slash = rest.find('/');
    if (slash != rest.npos && is_domain(rest.substr(0, slash))) {
        reference.registry = rest.substr(0, slash);
        if (!valid_domain(reference.registry)) {
            return format_error(text, fmt::format("{} is no host name with an optional port",
                                                  printable(reference.registry)));
        }
        rest = rest.substr(slash + 1);
        if (reference.registry == "index.docker.io") reference.registry = hub;
    } else {
        reference.registry = hub;
    }
    if (const auto colon = rest.find(':'); colon != rest.npos) {
        reference.tag = rest.substr(colon + 1);
        rest = rest.substr(0, colon);
        if (!valid_tag(reference.tag)) {
            return format_error(text, "a tag is at most 128 of A-Z a-z 0-9 _ . - and does not "
                                      "begin with . or -");
        }
    } else if (!reference.digest) {
        reference.tag = "latest";
    }
    TRY(check_repository(text, rest));
    if (reference.registry == hub && rest.find('/') == rest.npos) reference.repository = official;
    reference.repository += rest;
    if (reference.registry.size() + 1 + reference.repository.size() > max_name)
        return format_error(text, "repository name must not be more than 255 characters");
    return reference;
}

} // namespace mybuild::oci
