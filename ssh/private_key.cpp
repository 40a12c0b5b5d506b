#include "ssh/private_key.hpp"

#include "ssh/key_file.hpp"
#include "ssh/wire.hpp"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <array>
#include <vector>

namespace mybuild::ssh {
namespace {

using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;

struct Curve {
    std::string_view openssl; ///< OSSL_PKEY_PARAM_GROUP_NAME
    std::string_view ssh;     ///< `nistp256`
    const EVP_MD* (*hash)();  ///< RFC 5656, section 6.2.1
};
constexpr std::array<Curve, 3> curves{{{"prime256v1", "nistp256", EVP_sha256},
                                       {"secp384r1", "nistp384", EVP_sha384},
                                       {"secp521r1", "nistp521", EVP_sha512}}};

tl::unexpected<Error> unsupported() {
    ERR_clear_error();
    return fail({ErrorCode::unsupported,
                 "keys of this type are not supported",
                 {},
                 "RSA, ECDSA on NIST's curves and Ed25519 are"});
}

std::string bytes_of(const BIGNUM* number) {
    std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
    BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
    return bytes;
}

std::string number_parameter(EVP_PKEY* key, const char* name) {
    BIGNUM* value = nullptr;
    if (EVP_PKEY_get_bn_param(key, name, &value) != 1) return {};
    const Number owner(value, BN_free);
    return bytes_of(value);
}

const Curve* curve_of(EVP_PKEY* key) {
    std::array<char, 64> name{};
    if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(),
                                       nullptr) != 1)
        return nullptr;
    for (const auto& curve : curves)
        if (curve.openssl == name.data()) return &curve;
    // What keys are called that were made by the name that standards use.
    constexpr std::array<std::string_view, 3> standard{"P-256", "P-384", "P-521"};
    for (std::size_t i = 0; i < standard.size(); ++i)
        if (standard[i] == name.data()) return &curves[i];
    return nullptr;
}

std::string ecdsa_name(const Curve& curve) {
    return fmt::format("ecdsa-sha2-{}", curve.ssh);
}

/// The point as SSH has it: uncompressed.
std::string point_of(EVP_PKEY* key) {
    const auto x = number_parameter(key, OSSL_PKEY_PARAM_EC_PUB_X);
    const auto y = number_parameter(key, OSSL_PKEY_PARAM_EC_PUB_Y);
    const auto size = static_cast<std::size_t>(EVP_PKEY_get_bits(key) + 7) / 8;
    if (x.size() > size || y.size() > size) return {};
    return "\x04" + std::string(size - x.size(), '\0') + x + std::string(size - y.size(), '\0') + y;
}

Result<std::string> public_key_of(EVP_PKEY* key) {
    WireWriter out;
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        out.string("ssh-rsa").integer(number_parameter(key, OSSL_PKEY_PARAM_RSA_E));
        out.integer(number_parameter(key, OSSL_PKEY_PARAM_RSA_N));
        return out.data();
    case EVP_PKEY_EC: {
        const auto* curve = curve_of(key);
        if (curve == nullptr) return unsupported();
        return out.string(ecdsa_name(*curve)).string(curve->ssh).string(point_of(key)).data();
    }
    case EVP_PKEY_ED25519: {
        std::array<char, 32> raw{};
        auto size = raw.size();
        if (EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(raw.data()), &size) !=
            1)
            return unsupported();
        return out.string("ssh-ed25519").string({raw.data(), size}).data();
    }
    default:
        return unsupported();
    }
}

/// OpenSSL's signature: raw for Ed25519, PKCS #1 for RSA, DER for ECDSA.
Result<std::string> openssl_signature(EVP_PKEY* key, const EVP_MD* hash, std::string_view data) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          EVP_MD_CTX_free);
    const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
    std::size_t size = 0;
    std::string signature;
    bool done = EVP_DigestSignInit(context.get(), nullptr, hash, nullptr, key) == 1 &&
                EVP_DigestSign(context.get(), nullptr, &size, bytes, data.size()) == 1;
    if (done) {
        signature.resize(size);
        done = EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()),
                              &size, bytes, data.size()) == 1;
    }
    ERR_clear_error();
    if (!done) return fail({ErrorCode::invalid, "the key cannot sign this"});
    signature.resize(size);
    return signature;
}

/// RFC 5656, section 3.1.2: the two numbers of a DER signature.
Result<std::string> ecdsa_numbers(const std::string& der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature(
        d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), ECDSA_SIG_free);
    if (signature == nullptr) return fail({ErrorCode::internal, "a malformed ECDSA signature"});
    WireWriter out;
    out.integer(bytes_of(ECDSA_SIG_get0_r(signature.get())));
    out.integer(bytes_of(ECDSA_SIG_get0_s(signature.get())));
    return out.data();
}

} // namespace

Result<PrivateKey> PrivateKey::parse(std::string_view text, std::string comment) {
    TRY_ASSIGN(auto key, read_key_file(text));
    TRY_ASSIGN(auto public_key, public_key_of(key.get()));
    return PrivateKey(std::move(key), std::move(public_key), std::move(comment));
}

Result<std::string> PrivateKey::sign(std::string_view data, std::uint32_t flags) const {
    auto* const key = m_key.get();
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA: {
        const bool sha512 = (flags & rsa_sha2_512) != 0;
        const bool sha256 = !sha512 && (flags & rsa_sha2_256) != 0;
        const auto* hash = sha512 ? EVP_sha512() : sha256 ? EVP_sha256() : EVP_sha1();
        TRY_ASSIGN(const auto signature, openssl_signature(key, hash, data));
        const auto* name = sha512 ? "rsa-sha2-512" : sha256 ? "rsa-sha2-256" : "ssh-rsa";
        return WireWriter().string(name).string(signature).data();
    }
    case EVP_PKEY_EC: {
        const auto* curve = curve_of(key);
        TRY_ASSIGN(const auto der, openssl_signature(key, curve->hash(), data));
        TRY_ASSIGN(const auto numbers, ecdsa_numbers(der));
        return WireWriter().string(ecdsa_name(*curve)).string(numbers).data();
    }
    default: {
        TRY_ASSIGN(const auto signature, openssl_signature(key, nullptr, data));
        return WireWriter().string("ssh-ed25519").string(signature).data();
    }
    }
}

} // namespace mybuild::ssh
