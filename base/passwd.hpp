#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// User names of an image: passwd(5) and group(5) texts and what `USER` and `--chown` make of them.
/// Pure; malformed lines are skipped, of a text only the first 10 MiB are read.
namespace mybuild {

struct PasswdEntry {
    std::string name;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::string home;
};

struct GroupEntry {
    std::string name;
    std::uint32_t gid = 0;
    std::vector<std::string> members;
};

[[nodiscard]] std::vector<PasswdEntry> parse_passwd(std::string_view text);
[[nodiscard]] std::vector<GroupEntry> parse_group(std::string_view text);

/// Who a command runs as.
struct UserIds {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::vector<std::uint32_t>
        groups;       ///< for setgroups(2): `gid` first, then the supplementary ones
    std::string home; ///< `/` when passwd does not say
    std::string name; ///< empty when passwd does not say
};

/// Resolves the value of `USER` for a RUN (dockerfile-language 6.11): `user[:group]`, each a name
/// or a number; a number is always an id. A user alone has the primary group of its passwd line and
/// its supplementary groups; an unknown number has group 0. `user:group` has that group only. Empty
/// is root. Unknown names are ErrorCode::not_found with the message people know from Docker.
Result<UserIds> resolve_user(std::string_view user_spec, std::string_view passwd_text,
                             std::string_view group_text);

struct Owner {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    friend bool operator==(const Owner&, const Owner&) = default;
};

/// Resolves the value of `--chown` (dockerfile-language 6.9), also the owner of a WORKDIR: a number
/// alone is both uid and gid, a name has the primary group of its passwd line, an empty part is 0,
/// `root` needs no look-up. A nullopt text means that there is nothing to look names up in (a stage
/// without layers, or --link).
Result<Owner> resolve_chown(std::string_view owner_spec,
                            std::optional<std::string_view> passwd_text,
                            std::optional<std::string_view> group_text);

} // namespace mybuild
