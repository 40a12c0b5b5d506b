#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace mybuild::oci {

/// os/architecture[/variant] with Go's names for architectures.
struct Platform {
    std::string os = "linux";
    std::string architecture = "amd64";
    std::string variant =
        {}; ///< arm: v5 to v8; empty for what goes without saying (arm64: v8, amd64: v1)

    friend bool operator==(const Platform&, const Platform&) = default;
    [[nodiscard]] std::string str() const; ///< `linux/arm/v7`
};

/// `linux/arm64`, `arm64`, `linux/arm/v7`; aliases as containerd's (x86_64, aarch64, armhf, …); the
/// result is normalised. What is left out is the host's. Error: ErrorCode::invalid `failed to parse
/// platform X`.
Result<Platform> parse_platform(std::string_view text);

/// The names containerd settles on: lower case, aliases resolved, arm without a variant is v7,
/// arm64 v8 and amd64 v1 have none. Whatever is read from JSON is normalised so.
Platform normalized(Platform platform);

/// How well an image for `have` runs where `wanted` is asked for: 0 not at all, else the higher the
/// better (the same variant, then the next lower one, …). Both normalised.
int match_quality(const Platform& have, const Platform& wanted);

/// The platform this process runs on.
Platform host_platform();

} // namespace mybuild::oci
