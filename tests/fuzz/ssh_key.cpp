#include "ssh/key_file.hpp"
#include "ssh/private_key.hpp"
#include "ssh/wire.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace mybuild::ssh;

/// The input is the text of a key file, and once more the bytes that OpenSSH's format has in
/// base64. A key that is understood has a public key and signs, or says that it cannot.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (const auto key = PrivateKey::parse(input, "comment"); key) {
        WireReader in(key->public_key());
        if (in.string().empty() || !in.is_good()) std::abort();
        static_cast<void>(key->sign("data", PrivateKey::rsa_sha2_256));
    }
    static_cast<void>(read_openssh_key(input));
    return 0;
}
