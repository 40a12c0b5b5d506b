#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace mybuild::oci {

/// os/architecture[/variant] with Go's names for architectures.
struct Platform {
    std::string os = "linux";
    std::string architecture = "amd64";
    std::string variant = {}; ///< empty where the architecture's default is meant (arm64: v8, arm: v7)

    friend bool operator==(const Platform&, const Platform&) = default;
    [[nodiscard]] std::string str() const; ///< `linux/arm/v7`
};

/// `linux/arm64`, `arm64`, `linux/arm/v7`; aliases as containerd's (x86_64, aarch64, armhf, …); the
/// variant normalised. Error: ErrorCode::invalid `failed to parse platform X`.
Result<Platform> parse_platform(std::string_view text);

/// The platform this process runs on.
Platform host_platform();

} // namespace mybuild::oci
