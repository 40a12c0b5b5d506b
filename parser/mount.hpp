#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace mybuild {

enum class MountType : std::uint8_t { bind, cache, tmpfs, secret, ssh };
enum class CacheSharing : std::uint8_t { shared, exclusive, locked }; ///< exclusive: `private`

[[nodiscard]] std::string_view name(MountType type);
[[nodiscard]] std::string_view name(CacheSharing sharing);

/// `RUN --mount=...`, values expanded, defaults of the type applied (dockerfile-language.md, 6.2)
/// except where they depend on the image: an empty target of a bind, cache or tmpfs mount is
/// WORKDIR and a relative one is below it; an ssh mount's empty target is numbered by the planner.
struct Mount {
    MountType type = MountType::bind;
    std::string target = {};
    std::string source = {};              ///< bind, cache: path in `from`, default `/`
    std::optional<std::string> from = {}; ///< stage, context or image; raw
    bool read_only = true;
    std::string id = {}; ///< cache, secret, ssh
    CacheSharing sharing = CacheSharing::shared;
    std::optional<std::uint64_t> size = {}; ///< tmpfs: bytes
    std::optional<std::uint32_t> mode = {}; ///< only if written
    std::optional<std::uint32_t> uid = {};  ///< only if written
    std::optional<std::uint32_t> gid = {};  ///< only if written
    bool required = false;                  ///< secret, ssh
    std::optional<std::string> env = {};    ///< secret: name of the variable

    friend bool operator==(const Mount&, const Mount&) = default;
};

/// Expands one value; an Error of it is passed on.
using ExpandValue = std::function<Result<std::string>(std::string_view raw)>;

/// Reads the raw text of a --mount flag. Errors (ErrorCode::syntax, invalid) have no location.
[[nodiscard]] Result<Mount> parse_mount(std::string_view raw, const ExpandValue& expand);

/// Only `from=` of it, which the graph of stages needs before anything can be expanded. Errors:
/// broken CSV, a variable in from.
[[nodiscard]] Result<std::optional<std::string>> mount_from(std::string_view raw);

} // namespace mybuild
