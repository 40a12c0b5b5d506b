#include "cache/digest_prefix.hpp"

#include <string>

namespace mybuild {

std::optional<DigestRange> digests_with_prefix(std::string_view hex) {
    constexpr std::size_t digits = 2 * sizeof Digest::bytes;
    if (hex.empty() || hex.size() > digits) return std::nullopt;
    const std::string prefix(hex);
    const auto missing = digits - hex.size();
    const auto first = Digest::from_hex(prefix + std::string(missing, '0'));
    const auto last = Digest::from_hex(prefix + std::string(missing, 'f'));
    if (!first || !last) return std::nullopt;
    return DigestRange{*first, *last};
}

} // namespace mybuild
