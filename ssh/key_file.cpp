#include "ssh/key_file.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <string>
#include <vector>

namespace mybuild::ssh {
namespace {

constexpr std::string_view openssh_begin = "-----BEGIN OPENSSH PRIVATE KEY-----";
constexpr std::string_view openssh_end = "-----END OPENSSH PRIVATE KEY-----";

tl::unexpected<Error> no_key() {
    return fail({ErrorCode::invalid,
                 "it is no private key",
                 {},
                 "private keys in PEM form and OpenSSH's own are known"});
}

/// Called for encrypted keys alone.
int refuse_password(char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

Result<std::string> decode_base64(std::string_view text) {
    std::string compact;
    for (const char c : text)
        if (c != '\n' && c != '\r' && c != ' ' && c != '\t') compact += c;
    std::vector<unsigned char> bytes(compact.size() / 4 * 3 + 3);
    const int size =
        compact.size() % 4 != 0
            ? -1
            : EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(compact.data()),
                              static_cast<int>(compact.size()));
    if (size < 0) return no_key();
    auto length = static_cast<std::size_t>(size);
    for (auto end = compact.rbegin(); end != compact.rend() && *end == '=' && length > 0; ++end)
        --length;
    return std::string(reinterpret_cast<const char*>(bytes.data()), length);
}

} // namespace

Result<std::shared_ptr<EVP_PKEY>> read_key_file(std::string_view text) {
    if (const auto begin = text.find(openssh_begin); begin != std::string_view::npos) {
        const auto body = text.substr(begin + openssh_begin.size());
        const auto end = body.find(openssh_end);
        if (end == std::string_view::npos) return no_key();
        TRY_ASSIGN(const auto bytes, decode_base64(body.substr(0, end)));
        return read_openssh_key(bytes);
    }
    const std::unique_ptr<BIO, decltype(&BIO_free)> input(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
    bool is_encrypted = false;
    EVP_PKEY* key = PEM_read_bio_PrivateKey(input.get(), nullptr, refuse_password, &is_encrypted);
    ERR_clear_error();
    if (key != nullptr) return std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free);
    if (!is_encrypted) return no_key();
    return fail({ErrorCode::unsupported,
                 "encrypted keys are not supported",
                 {},
                 "give it to an agent (ssh-add FILE) and forward that: --ssh default"});
}

} // namespace mybuild::ssh
