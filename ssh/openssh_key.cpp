#include "ssh/key_file.hpp"
#include "ssh/wire.hpp"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

// The format (PROTOCOL.key of OpenSSH):
//
//   "openssh-key-v1\0", string cipher, string kdf, string kdf options, uint32 number of keys,
//   string public key (one each), string section
//   section = uint32 check, the same again, then for each key: string type, its numbers,
//             string comment; padding
namespace mybuild::ssh {
namespace {

constexpr std::string_view magic{"openssh-key-v1\0", 15};

using Key = std::shared_ptr<EVP_PKEY>;
using Number = std::unique_ptr<BIGNUM, decltype(&BN_clear_free)>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)>;

tl::unexpected<Error> damaged() {
    ERR_clear_error();
    return fail({ErrorCode::invalid, "it is no private key, or a damaged one"});
}

const unsigned char* bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Number number(std::string_view text) {
    return {BN_bin2bn(bytes(text), static_cast<int>(text.size()), nullptr), BN_clear_free};
}

/// A key of this algorithm from what the builder has.
Result<Key> build(const char* algorithm, const Builder& builder) {
    const std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)> parameters(
        OSSL_PARAM_BLD_to_param(builder.get()), OSSL_PARAM_free);
    const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
        EVP_PKEY_CTX_new_from_name(nullptr, algorithm, nullptr), EVP_PKEY_CTX_free);
    EVP_PKEY* key = nullptr;
    if (parameters == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters.get()) != 1)
        return damaged();
    return Key(key, EVP_PKEY_free);
}

Result<Key> read_ed25519(WireReader& in) {
    const auto public_key = in.string();
    const auto both = in.string(); // the seed and the public key
    if (!in.is_good() || public_key.size() != 32 || both.size() != 64 ||
        both.substr(32) != public_key)
        return damaged();
    EVP_PKEY* key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes(both), 32);
    if (key == nullptr) return damaged();
    return Key(key, EVP_PKEY_free);
}

Result<Key> read_ecdsa(WireReader& in, const char* group) {
    in.string(); // the curve's name again
    const auto point = in.string();
    const auto secret = number(in.integer());
    if (!in.is_good() || secret == nullptr) return damaged();
    const Builder builder(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                     point.size());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, secret.get());
    return build("EC", builder);
}

Result<Key> read_rsa(WireReader& in) {
    const auto modulus = number(in.integer());
    const auto exponent = number(in.integer());
    const auto secret = number(in.integer());
    for (int i = 0; i < 3; ++i)
        in.integer(); // the factors, without which signing is slower, and quick enough
    if (!in.is_good() || modulus == nullptr || exponent == nullptr || secret == nullptr)
        return damaged();
    const Builder builder(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_D, secret.get());
    return build("RSA", builder);
}

Result<Key> read_section(std::string_view section) {
    WireReader in(section);
    const auto check = in.number();
    if (in.number() != check || !in.is_good()) return damaged();
    const auto type = in.string();
    if (type == "ssh-ed25519") return read_ed25519(in);
    if (type == "ssh-rsa") return read_rsa(in);
    if (type == "ecdsa-sha2-nistp256") return read_ecdsa(in, "P-256");
    if (type == "ecdsa-sha2-nistp384") return read_ecdsa(in, "P-384");
    if (type == "ecdsa-sha2-nistp521") return read_ecdsa(in, "P-521");
    if (!in.is_good()) return damaged();
    return fail({ErrorCode::unsupported,
                 "keys of this type are not supported",
                 {},
                 "RSA, ECDSA and Ed25519 keys are; others can come from an agent: --ssh default"});
}

} // namespace

Result<Key> read_openssh_key(std::string_view data) {
    if (!data.starts_with(magic)) return damaged();
    WireReader in(data.substr(magic.size()));
    const auto cipher = in.string();
    in.string(); // how the cipher's key is derived, and with what
    in.string();
    const auto count = in.number();
    in.string(); // the public key: the section has it, too
    const auto section = in.string();
    if (!in.is_good() || count != 1) return damaged();
    if (cipher != "none") {
        return fail({ErrorCode::unsupported,
                     "encrypted keys are not supported",
                     {},
                     "give it to an agent (ssh-add FILE) and forward that: --ssh default"});
    }
    return read_section(section);
}

} // namespace mybuild::ssh
