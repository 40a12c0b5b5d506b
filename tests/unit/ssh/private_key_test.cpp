#include "ssh/private_key.hpp"
#include "ssh/wire.hpp"
#include "tests/unit/ssh/keys.hpp"
#include "tests/unit/ssh/verify.hpp"

#include <doctest/doctest.h>

using namespace mybuild;
using namespace mybuild::ssh;
using namespace mybuild::ssh::test;

TEST_CASE("every kind of key file gives its public key, and signatures that hold against it") {
    for (const auto& [name, file, public_key] : keys) {
        CAPTURE(name);
        const auto key = PrivateKey::parse(file, "a comment");
        REQUIRE(key);
        CHECK(base64(key->public_key()) == public_key);
        CHECK(key->comment() == "a comment");
        for (const std::uint32_t flags :
             {0U, PrivateKey::rsa_sha2_256, PrivateKey::rsa_sha2_512, 6U}) {
            CAPTURE(flags);
            const auto signature = key->sign("what is signed", flags);
            REQUIRE(signature);
            CHECK(holds(file, *signature, "what is signed"));
            CHECK(!holds(file, *signature, "something else"));
        }
    }
}

TEST_CASE("flags choose the hash of an RSA signature, and of no other") {
    const auto algorithm = [](std::string_view file, std::uint32_t flags) {
        const auto signature = PrivateKey::parse(file, "").value().sign("x", flags).value();
        return std::string(WireReader(signature).string());
    };
    const auto rsa = keys[4].file;
    CHECK(algorithm(rsa, 0) == "ssh-rsa");
    CHECK(algorithm(rsa, PrivateKey::rsa_sha2_256) == "rsa-sha2-256");
    CHECK(algorithm(rsa, PrivateKey::rsa_sha2_512) == "rsa-sha2-512");
    CHECK(algorithm(keys[0].file, PrivateKey::rsa_sha2_512) == "ssh-ed25519");
    CHECK(algorithm(keys[1].file, PrivateKey::rsa_sha2_256) == "ecdsa-sha2-nistp256");
}

TEST_CASE("Ed25519 in PKCS #8") {
    const auto key = PrivateKey::parse(pkcs8_ed25519, "");
    REQUIRE(key);
    CHECK(holds(pkcs8_ed25519, key->sign("x", 0).value(), "x"));
}

TEST_CASE("what is no key that can be used") {
    const std::string good(keys[0].file);
    const auto code = [](std::string_view text) {
        const auto key = PrivateKey::parse(text, "");
        REQUIRE(!key);
        return key.error().code;
    };
    CHECK(code(encrypted_openssh) == ErrorCode::unsupported);
    CHECK(code(encrypted_pem) == ErrorCode::unsupported);
    CHECK(PrivateKey::parse(encrypted_openssh, "").error().hint.find("ssh-add") !=
          std::string::npos);
    CHECK(code(x25519) == ErrorCode::unsupported);
    CHECK(code("") == ErrorCode::invalid);
    CHECK(code("ssh-ed25519 AAAA") == ErrorCode::invalid);
    CHECK(code("-----BEGIN OPENSSH PRIVATE KEY-----\n") == ErrorCode::invalid);
    CHECK(code("-----BEGIN OPENSSH PRIVATE KEY-----\n\n-----END OPENSSH PRIVATE KEY-----\n") ==
          ErrorCode::invalid);
    CHECK(code("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n") ==
          ErrorCode::invalid);
    // Cut short anywhere, changed anywhere in its structure: never more than an error.
    const auto begin = good.find('\n') + 1;
    for (auto at = begin; at < begin + 160; at += 4) {
        auto cut = good;
        cut.erase(at, 4);
        CAPTURE(at);
        CHECK(!PrivateKey::parse(cut, ""));
    }
}
