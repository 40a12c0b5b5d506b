#pragma once

#include <cstdint>
#include <span>

/// The default seccomp profile: what a step with Docker's default capabilities may call. The effect
/// is that of Docker's default profile (docs.docker.com/engine/security/seccomp): calls that are
/// allowed, a few of them with conditions on their arguments (in seccomp.cpp), and EPERM for every
/// other one.
namespace mybuild::runtime {

/// Part of the cache key; raise it when the rules in seccomp.cpp change.
inline constexpr std::uint32_t seccomp_profile_version = 1;

std::span<const char* const> seccomp_allowed();

} // namespace mybuild::runtime
