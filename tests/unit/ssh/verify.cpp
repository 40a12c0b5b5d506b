#include "tests/unit/ssh/verify.hpp"

#include "ssh/key_file.hpp"
#include "ssh/wire.hpp"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include <vector>

namespace mybuild::ssh::test {
namespace {

const unsigned char* bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

const EVP_MD* hash_of(std::string_view algorithm) {
    if (algorithm == "ssh-rsa") return EVP_sha1();
    if (algorithm == "rsa-sha2-256" || algorithm == "ecdsa-sha2-nistp256") return EVP_sha256();
    if (algorithm == "ecdsa-sha2-nistp384") return EVP_sha384();
    return algorithm == "ssh-ed25519" ? nullptr : EVP_sha512();
}

/// OpenSSL wants ECDSA's two numbers in DER.
std::string to_der(std::string_view numbers) {
    WireReader in(numbers);
    const auto r = in.integer();
    const auto s = in.integer();
    ECDSA_SIG* signature = ECDSA_SIG_new();
    ECDSA_SIG_set0(signature, BN_bin2bn(bytes(r), static_cast<int>(r.size()), nullptr),
                   BN_bin2bn(bytes(s), static_cast<int>(s.size()), nullptr));
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(signature, &der);
    ECDSA_SIG_free(signature);
    std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return out;
}

} // namespace

std::string base64(std::string_view data) {
    std::vector<unsigned char> out(data.size() / 3 * 4 + 5);
    const int size = EVP_EncodeBlock(out.data(), bytes(data), static_cast<int>(data.size()));
    return {reinterpret_cast<const char*>(out.data()), static_cast<std::size_t>(size)};
}

bool holds(std::string_view key_file, std::string_view signature, std::string_view data) {
    WireReader in(signature);
    const auto algorithm = in.string();
    auto raw = std::string(in.string());
    if (!in.is_good() || !in.rest().empty()) return false;
    if (algorithm.starts_with("ecdsa")) raw = to_der(raw);
    const auto key = read_key_file(key_file).value();
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          EVP_MD_CTX_free);
    return EVP_DigestVerifyInit(context.get(), nullptr, hash_of(algorithm), nullptr, key.get()) ==
               1 &&
           EVP_DigestVerify(context.get(), bytes(raw), raw.size(), bytes(data), data.size()) == 1;
}

} // namespace mybuild::ssh::test
