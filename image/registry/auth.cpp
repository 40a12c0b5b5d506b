#include "image/registry/auth.hpp"

#include "image/http/url.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdint>

namespace mybuild::registry {

namespace {

constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Reads a header value from left to right.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : m_rest(text) {}

    [[nodiscard]] bool at_end() const { return m_rest.empty(); }
    [[nodiscard]] bool at(char c) const { return m_rest.starts_with(c); }
    void skip(std::string_view characters) {
        m_rest.remove_prefix(std::min(m_rest.find_first_not_of(characters), m_rest.size()));
    }
    void drop() { m_rest.remove_prefix(std::min<std::size_t>(1, m_rest.size())); }

    /// Characters up to a separator; may be empty.
    std::string_view token() {
        const std::size_t end = std::min(m_rest.find_first_of(" \t,=\""), m_rest.size());
        const std::string_view found = m_rest.substr(0, end);
        m_rest.remove_prefix(end);
        return found;
    }

    /// A token or a quoted string with `\` escapes.
    std::string value() {
        if (!at('"')) return std::string(token());
        std::string out;
        drop();
        while (!at_end() && !at('"')) {
            if (at('\\')) drop();
            if (!at_end()) out += m_rest.front();
            drop();
        }
        drop();
        return out;
    }

  private:
    std::string_view m_rest;
};

/// A bearer token travels in a header: nothing in it may end the line.
bool is_header_text(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

std::string parameter(const Challenge& challenge, const char* name) {
    const auto found = challenge.parameters.find(name);
    return found == challenge.parameters.end() ? std::string() : found->second;
}

/// `&scope=…` for each of the blank-separated scopes.
std::string scope_parameters(std::string_view scopes) {
    std::string out;
    while (!scopes.empty()) {
        const std::string_view one = scopes.substr(0, scopes.find(' '));
        if (!one.empty()) out += fmt::format("&scope={}", percent_encode(one));
        scopes.remove_prefix(std::min(one.size() + 1, scopes.size()));
    }
    return out;
}

} // namespace

std::vector<Challenge> parse_challenges(std::string_view header) {
    std::vector<Challenge> challenges;
    Scanner scan(header);
    while (!scan.at_end()) {
        scan.skip(" \t,");
        const std::string_view word = scan.token();
        scan.skip(" \t");
        if (scan.at('=')) {
            scan.drop();
            scan.skip(" \t");
            std::string value = scan.value();
            if (!challenges.empty() && !word.empty())
                challenges.back().parameters.emplace(lower_ascii(word), std::move(value));
        } else if (!word.empty()) {
            challenges.push_back({lower_ascii(word), {}});
        } else if (scan.at('"')) {
            scan.value();
        }
    }
    return challenges;
}

std::optional<Challenge> choose_challenge(const HttpResponse& response) {
    std::optional<Challenge> basic;
    for (const HttpHeader& header : response.headers) {
        if (lower_ascii(header.name) != "www-authenticate") continue;
        for (Challenge& challenge : parse_challenges(header.value)) {
            if (challenge.scheme == "bearer") return std::move(challenge);
            if (challenge.scheme == "basic" && !basic) basic = std::move(challenge);
        }
    }
    return basic;
}

Result<Token> parse_token(std::string_view json) {
    const auto root = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
    if (!root.is_object())
        return fail({ErrorCode::corrupt, "the token server sent no JSON object"});
    Token token;
    for (const char* name : {"token", "access_token"}) {
        const auto found = root.find(name);
        if (token.value.empty() && found != root.end() && found->is_string())
            token.value = found->get<std::string>();
    }
    if (token.value.empty() || !is_header_text(token.value))
        return fail({ErrorCode::corrupt, "the token server sent no usable token"});
    const auto expires = root.find("expires_in");
    if (expires != root.end() && expires->is_number()) {
        constexpr double shortest = 60; // as distribution says for servers that give less
        constexpr double longest = 24.0 * 3600;
        token.lifetime = std::chrono::seconds(
            static_cast<std::int64_t>(std::clamp(expires->get<double>(), shortest, longest)));
    }
    return token;
}

Result<TokenRequest> make_token_request(const Challenge& challenge, std::string_view scope,
                                        const std::optional<Credentials>& credentials) {
    TRY_ASSIGN(Url url, parse_url(parameter(challenge, "realm")));
    const std::string named = parameter(challenge, "scope");
    const std::string service = percent_encode(parameter(challenge, "service"));
    const std::string scopes = scope_parameters(named.empty() ? scope : std::string_view(named));
    TokenRequest token;
    token.request.max_body = 1U << 20U;
    if (credentials && !credentials->identity_token.empty()) {
        token.form = fmt::format("grant_type=refresh_token&service={}{}&client_id=mybuild"
                                 "&refresh_token={}",
                                 service, scopes, percent_encode(credentials->identity_token));
        token.request.method = "POST";
        token.request.url = url.str();
        token.request.body_size = token.form.size();
        token.request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
        return token;
    }
    std::string query = fmt::format("service={}{}", service, scopes);
    if (credentials) {
        query += fmt::format("&account={}", percent_encode(credentials->user));
        token.request.headers = {{"Authorization", basic_authorization(*credentials)}};
    }
    url.target += (url.target.find('?') != std::string::npos ? '&' : '?') + query;
    token.request.url = url.str();
    return token;
}

std::string basic_authorization(const Credentials& credentials) {
    return "Basic " + base64_encode(credentials.user + ":" + credentials.password);
}

std::string base64_encode(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8U | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k)
            out += k <= count ? base64_alphabet[group >> (18U - 6U * k) & 63U] : '=';
    }
    return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding)
        text.remove_suffix(1);
    if (text.size() % 4 == 1) return std::nullopt;
    std::string out;
    std::uint32_t group = 0;
    unsigned bits = 0;
    for (const char c : text) {
        const std::size_t digit = base64_alphabet.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        group = (group << 6U | static_cast<std::uint32_t>(digit)) & 0xffffU;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out += static_cast<char>(group >> bits & 0xffU);
    }
    return out;
}

} // namespace mybuild::registry
