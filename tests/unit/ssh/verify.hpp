#pragma once

#include <string>
#include <string_view>

namespace mybuild::ssh::test {

std::string base64(std::string_view bytes);

/// Whether OpenSSL, given the key's file, finds that SSH's signature holds for the data.
bool holds(std::string_view key_file, std::string_view signature, std::string_view data);

} // namespace mybuild::ssh::test
