#include "base/passwd.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace mybuild {

namespace {

constexpr std::size_t text_limit = 10U << 20U;
constexpr std::uint32_t max_id = std::numeric_limits<std::int32_t>::max();

std::optional<std::uint32_t> parse_field_id(std::string_view text) {
    std::uint32_t id = 0;
    const auto* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, id);
    if (text.empty() || error != std::errc{} || at != end) return std::nullopt;
    return id;
}

/// Calls `visit` with the fields of each line; returns at once when it returns true.
template <std::size_t count, class Visit>
void for_each_line(std::string_view text, const Visit& visit) {
    text = text.substr(0, text_limit);
    while (!text.empty()) {
        const auto end = text.find('\n');
        auto line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        std::array<std::string_view, count> fields;
        for (std::size_t i = 0; i < count; ++i) {
            const auto colon = line.find(':');
            fields[i] = line.substr(0, colon);
            line.remove_prefix(colon == std::string_view::npos ? line.size() : colon + 1);
        }
        if (!fields[0].empty() && fields[0].front() != '#' && visit(fields)) return;
    }
}

std::optional<PasswdEntry> passwd_entry(const std::array<std::string_view, 6>& fields) {
    const auto uid = parse_field_id(fields[2]);
    const auto gid = parse_field_id(fields[3]);
    if (!uid || !gid) return std::nullopt;
    return PasswdEntry{std::string(fields[0]), *uid, *gid, std::string(fields[5])};
}

std::vector<std::string> split_members(std::string_view list) {
    std::vector<std::string> members;
    while (!list.empty()) {
        const auto comma = list.find(',');
        if (const auto member = list.substr(0, comma); !member.empty())
            members.emplace_back(member);
        list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    }
    return members;
}

std::optional<GroupEntry> group_entry(const std::array<std::string_view, 4>& fields) {
    const auto gid = parse_field_id(fields[2]);
    if (!gid) return std::nullopt;
    return GroupEntry{std::string(fields[0]), *gid, split_members(fields[3])};
}

template <class Match>
std::optional<PasswdEntry> find_user(std::string_view text, const Match& match) {
    std::optional<PasswdEntry> found;
    for_each_line<6>(text, [&](const auto& fields) {
        auto entry = passwd_entry(fields);
        if (!entry || !match(*entry)) return false;
        found = std::move(entry);
        return true;
    });
    return found;
}

std::optional<GroupEntry> find_group(std::string_view text, std::string_view name) {
    std::optional<GroupEntry> found;
    for_each_line<4>(text, [&](const auto& fields) {
        if (fields[0] != name) return false;
        found = group_entry(fields);
        return found.has_value();
    });
    return found;
}

/// A part of a user specification: a number is an id, anything else a name.
struct Part {
    std::string_view text;
    std::optional<std::uint32_t> id;
};

bool is_number(std::string_view text) {
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Result<Part> parse_part(std::string_view text) {
    if (!is_number(text)) return Part{text, std::nullopt};
    const auto id = parse_field_id(text.starts_with('+') ? text.substr(1) : text);
    if (!id || *id > max_id)
        return fail({ErrorCode::invalid,
                     fmt::format("user or group id {} is out of range", text),
                     {},
                     fmt::format("ids go from 0 to {}", max_id)});
    return Part{text, id};
}

struct Parts {
    Part user;
    std::optional<Part> group; ///< only when there was a colon
};

Result<Parts> split_spec(std::string_view spec) {
    const auto colon = spec.find(':');
    Parts parts;
    TRY_ASSIGN(parts.user, parse_part(spec.substr(0, colon)));
    if (colon == std::string_view::npos) return parts;
    const auto rest = spec.substr(colon + 1);
    if (rest.find(':') != std::string_view::npos)
        return fail({ErrorCode::invalid,
                     fmt::format("invalid user specification: {}", spec),
                     {},
                     "write it as user or user:group, with names or numbers"});
    TRY_ASSIGN(parts.group, parse_part(rest));
    return parts;
}

Error unknown(std::string_view kind, std::string_view name, std::string_view file) {
    return Error{
        ErrorCode::not_found,
        fmt::format("unable to find {} {}: no matching entries in {} file", kind, name, file),
        {},
        fmt::format("create the {} in an earlier RUN, or give its number", kind)};
}

void add_supplementary(UserIds& ids, std::string_view group_text) {
    for (const auto& group : parse_group(group_text)) {
        const bool member =
            std::find(group.members.begin(), group.members.end(), ids.name) != group.members.end();
        const bool known =
            std::find(ids.groups.begin(), ids.groups.end(), group.gid) != ids.groups.end();
        if (member && !known) ids.groups.push_back(group.gid);
    }
}

Error no_such(std::string_view kind, std::string_view id_kind, std::string_view name) {
    return Error{
        ErrorCode::not_found,
        fmt::format("can't find {} for {} {}: no such {}: {}", id_kind, kind, name, kind, name),
        {},
        fmt::format("create the {} in an earlier RUN, or give its number", kind)};
}

Error nowhere_to_look(std::string_view kind, std::string_view name) {
    return Error{
        ErrorCode::invalid,
        fmt::format("invalid {} index: -1", kind),
        {},
        fmt::format("{} is a name and there is no /etc/passwd and /etc/group to look it up "
                    "in; give its number",
                    name)};
}

} // namespace

std::vector<PasswdEntry> parse_passwd(std::string_view text) {
    std::vector<PasswdEntry> entries;
    for_each_line<6>(text, [&](const auto& fields) {
        if (auto entry = passwd_entry(fields)) entries.push_back(*std::move(entry));
        return false;
    });
    return entries;
}

std::vector<GroupEntry> parse_group(std::string_view text) {
    std::vector<GroupEntry> entries;
    for_each_line<4>(text, [&](const auto& fields) {
        if (auto entry = group_entry(fields)) entries.push_back(*std::move(entry));
        return false;
    });
    return entries;
}

Result<UserIds> resolve_user(std::string_view user_spec, std::string_view passwd_text,
                             std::string_view group_text) {
    TRY_ASSIGN(const auto parts, split_spec(user_spec));
    const auto uid = parts.user.text.empty() ? std::optional<std::uint32_t>(0) : parts.user.id;
    const auto entry = find_user(passwd_text, [&](const PasswdEntry& candidate) {
        return uid ? candidate.uid == *uid : candidate.name == parts.user.text;
    });
    if (!entry && !uid) return fail(unknown("user", parts.user.text, "passwd"));

    UserIds ids{uid.value_or(entry ? entry->uid : 0), entry ? entry->gid : 0, {}, "/", {}};
    if (entry) ids.name = entry->name;
    if (entry && !entry->home.empty()) ids.home = entry->home;
    const bool group_given = parts.group && !parts.group->text.empty();
    if (group_given && parts.group->id) {
        ids.gid = *parts.group->id;
    } else if (group_given) {
        const auto group = find_group(group_text, parts.group->text);
        if (!group) return fail(unknown("group", parts.group->text, "group"));
        ids.gid = group->gid;
    }
    ids.groups.push_back(ids.gid);
    if (!group_given && entry) add_supplementary(ids, group_text);
    return ids;
}

Result<Owner> resolve_chown(std::string_view owner_spec,
                            std::optional<std::string_view> passwd_text,
                            std::optional<std::string_view> group_text) {
    TRY_ASSIGN(const auto parts, split_spec(owner_spec));
    Owner owner;
    if (parts.user.id) {
        owner = {*parts.user.id, *parts.user.id};
    } else if (!parts.user.text.empty() && parts.user.text != "root") {
        if (!passwd_text) return fail(nowhere_to_look("user", parts.user.text));
        const auto entry = find_user(*passwd_text, [&](const PasswdEntry& candidate) {
            return candidate.name == parts.user.text;
        });
        if (!entry) return fail(no_such("user", "uid", parts.user.text));
        owner = {entry->uid, entry->gid};
    }
    if (!parts.group) return owner;
    if (parts.group->id || parts.group->text.empty() || parts.group->text == "root") {
        owner.gid = parts.group->id.value_or(0);
        return owner;
    }
    if (!group_text) return fail(nowhere_to_look("group", parts.group->text));
    const auto group = find_group(*group_text, parts.group->text);
    if (!group) return fail(no_such("group", "gid", parts.group->text));
    owner.gid = group->gid;
    return owner;
}

} // namespace mybuild
