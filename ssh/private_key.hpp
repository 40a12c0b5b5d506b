#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

using EVP_PKEY = struct evp_pkey_st;

namespace mybuild::ssh {

/// A private key that can sign as SSH's user authentication wants it: RSA, ECDSA on NIST's curves,
/// Ed25519. A value; cheap to copy.
class PrivateKey {
  public:
    /// From the text of a key file: PEM (PKCS #1, PKCS #8, SEC 1) or OpenSSH's own format. Errors:
    /// ErrorCode::unsupported for encrypted keys and other kinds, ErrorCode::invalid for what is no
    /// key.
    static Result<PrivateKey> parse(std::string_view text, std::string comment);

    /// The public key as SSH writes it (RFC 4253, section 6.6; RFC 5656; RFC 8709).
    [[nodiscard]] const std::string& public_key() const { return m_public; }
    [[nodiscard]] const std::string& comment() const { return m_comment; }

    /// A signature as SSH writes it; `flags`: those of an agent's sign request, which choose the
    /// hash of an RSA signature.
    Result<std::string> sign(std::string_view data, std::uint32_t flags) const;

    static constexpr std::uint32_t rsa_sha2_256 = 2;
    static constexpr std::uint32_t rsa_sha2_512 = 4;

  private:
    PrivateKey(std::shared_ptr<EVP_PKEY> key, std::string public_key, std::string comment)
        : m_key(std::move(key)), m_public(std::move(public_key)), m_comment(std::move(comment)) {}

    std::shared_ptr<EVP_PKEY> m_key;
    std::string m_public;
    std::string m_comment;
};

} // namespace mybuild::ssh
