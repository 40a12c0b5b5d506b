#include "image/http/backoff.hpp"
#include "image/http/url.hpp"
#include "image/registry/auth.hpp"
#include "image/registry/client.hpp"
#include "image/registry/reply.hpp"
#include "tests/support/registry_fakes.hpp"

#include <cstdint>
#include <string_view>

using namespace mybuild;
using namespace mybuild::registry;

namespace {

void check(bool holds) {
    if (!holds) __builtin_trap();
}

std::string_view cut(std::string_view& rest, char at) {
    const std::string_view part = rest.substr(0, rest.find(at));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    return part;
}

/// Replies as lines: status, headers up to an empty line, body up to a zero byte.
test::FakeReply read_reply(std::string_view& script) {
    test::FakeReply reply;
    std::string_view text = cut(script, '\0');
    reply.status = 0;
    for (const char c : cut(text, '\n').substr(0, 3))
        reply.status = reply.status * 10 + (c & 7);
    while (!text.empty()) {
        std::string_view line = cut(text, '\n');
        if (line.empty()) break;
        const std::string name(cut(line, ':'));
        reply.headers.push_back({name, std::string(line)});
    }
    reply.body = text;
    return reply;
}

/// Whatever a peer answers: an image that is what it says, or an error.
void converse(std::string_view script) {
    test::FakeTransport network([&](const test::FakeRequest& request) {
        check(request.line.find_first_of("\r\n") == std::string::npos);
        check(request.authorization.find_first_of("\r\n") == std::string::npos);
        return read_reply(script);
    });
    ClientOptions options;
    options.backoff = std::chrono::milliseconds(0);
    options.backoff_cap = std::chrono::milliseconds(0);
    RegistryClient client(network, nullptr, options);
    const auto reference = oci::parse_reference("r.example/app:1").value();
    const auto image = client.resolve(reference, {"linux", "amd64"});
    if (image) check(Digest::of(image->config_bytes) == image->manifest.config.digest);
    test::BlobBasket blobs;
    const oci::Descriptor blob = test::describe(oci::media_type::layer, "0123456789");
    if (client.fetch_blob(reference, blob, blobs)) check(blobs.get(blob.digest) == "0123456789");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const Challenge& challenge : parse_challenges(text)) {
        check(!challenge.scheme.empty());
        (void)make_token_request(challenge, "repository:a:pull", Credentials{"a", "b"});
    }
    if (const auto token = parse_token(text))
        check(token->value.find_first_of("\r\n ") == std::string::npos);
    for (const RegistryError& error : parse_errors(text))
        check((error.code + error.message).find('\x1b') == std::string::npos);
    if (const auto url = parse_url(text)) check(parse_url(url->str()).value() == *url);
    const Url base = parse_url("https://r.example/v2/?x").value();
    if (const auto url = resolve_url(base, text)) check(parse_url(url->str()).value() == *url);
    if (const auto bytes = base64_decode(text)) {
        const auto again = base64_decode(base64_encode(*bytes));
        check(again == bytes);
    }
    if (const auto range = parse_content_range(text); range && range->total)
        check(range->first < *range->total);
    (void)retry_after({429, {{"Retry-After", std::string(text)}}, {}},
                      std::chrono::system_clock::time_point{});
    (void)manifest_media_type(text, "");
    converse(text);
    return 0;
}
