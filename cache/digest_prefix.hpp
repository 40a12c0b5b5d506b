#pragma once

#include "base/digest.hpp"

#include <optional>
#include <string_view>

namespace mybuild {

/// The digests that begin with some hex digits, as a range in bytewise order.
struct DigestRange {
    Digest first;
    Digest last;
};

/// None where `hex` is not 1 to 64 lower-case hex digits: no digest begins so.
std::optional<DigestRange> digests_with_prefix(std::string_view hex);

} // namespace mybuild
