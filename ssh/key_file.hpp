#pragma once

#include "base/result.hpp"

#include <memory>
#include <string_view>

using EVP_PKEY = struct evp_pkey_st;

namespace mybuild::ssh {

/// The key in the text of a file; see PrivateKey::parse().
Result<std::shared_ptr<EVP_PKEY>> read_key_file(std::string_view text);

/// The key in the bytes that OpenSSH's format has in base64 (PROTOCOL.key of OpenSSH).
Result<std::shared_ptr<EVP_PKEY>> read_openssh_key(std::string_view bytes);

} // namespace mybuild::ssh
