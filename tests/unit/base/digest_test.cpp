#include "base/digest.hpp"

#include <doctest/doctest.h>

using namespace mybuild;

TEST_CASE("SHA-256 of known texts (FIPS 180-2, appendix B)") {
    CHECK(Digest::of("").hex() ==
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(Digest::of("abc").str() ==
          "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("an incremental digest equals the one in one go, again after finish") {
    Sha256 hasher;
    hasher.update("a");
    hasher.update("bc");
    CHECK(hasher.finish() == Digest::of("abc"));
    CHECK(hasher.finish() == Digest::of(""));
}

TEST_CASE("digests parse back, and nothing else does") {
    const auto digest = Digest::of("x");
    CHECK(Digest::parse(digest.str()).value() == digest);
    for (const auto* bad :
         {"", "sha256:", "sha256:12", "md5:0123", "../../etc/passwd",
          "sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"})
        CHECK_FALSE(Digest::parse(bad).has_value());
}
