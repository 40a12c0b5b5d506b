#include "base/digest.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <new>

namespace mybuild {
namespace {

constexpr std::string_view prefix = "sha256:";

/// The algorithm, fetched once. Without its configuration file OpenSSL starts 1.3 ms sooner, and
/// nothing in that file may change what SHA-256 is.
const EVP_MD* sha256() {
    static const EVP_MD* const md = [] {
        OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr);
        return EVP_MD_fetch(nullptr, "SHA256", nullptr);
    }();
    if (md == nullptr) throw std::bad_alloc();
    return md;
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

} // namespace

std::string Digest::hex() const {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(2 * bytes.size());
    for (const unsigned byte : bytes) {
        out += digits[byte >> 4U];
        out += digits[byte & 0xFU];
    }
    return out;
}

std::string Digest::str() const {
    return std::string(prefix) + hex();
}

Result<Digest> Digest::from_hex(std::string_view hex) {
    Digest digest;
    if (hex.size() != 2 * digest.bytes.size())
        return fail(
            {ErrorCode::invalid, fmt::format("invalid digest '{}': 64 hex digits expected", hex)});
    for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
        const int high = hex_value(hex[2 * i]);
        const int low = hex_value(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return fail({ErrorCode::invalid,
                         fmt::format("invalid digest '{}': lower-case hex digits expected", hex)});
        digest.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return digest;
}

Result<Digest> Digest::parse(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos)
        return fail({ErrorCode::invalid, fmt::format("invalid digest '{}': no algorithm", text)});
    if (text.substr(0, colon + 1) != prefix)
        return fail(
            {ErrorCode::unsupported, fmt::format("digest '{}': only sha256 is supported", text)});
    return from_hex(text.substr(colon + 1));
}

Digest Digest::of(std::string_view data) {
    Digest digest;
    if (EVP_Digest(data.data(), data.size(), digest.bytes.data(), nullptr, sha256(), nullptr) != 1)
        throw std::bad_alloc();
    return digest;
}

struct Sha256::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { EVP_MD_CTX_free(context); }
    void start() {
        if (context == nullptr || EVP_DigestInit_ex2(context, sha256(), nullptr) != 1)
            throw std::bad_alloc();
    }
};

Sha256::Sha256() : m_state(std::make_unique<State>()) {
    m_state->start();
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(const void* data, std::size_t size) {
    if (EVP_DigestUpdate(m_state->context, data, size) != 1) throw std::bad_alloc();
}

Digest Sha256::finish() {
    Digest digest;
    if (EVP_DigestFinal_ex(m_state->context, digest.bytes.data(), nullptr) != 1)
        throw std::bad_alloc();
    m_state->start();
    return digest;
}

} // namespace mybuild
