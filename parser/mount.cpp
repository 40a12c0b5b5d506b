#include "parser/mount.hpp"

#include "parser/csv.hpp"
#include "parser/grammar/context.hpp"
#include "parser/path.hpp"
#include "parser/size.hpp"
#include "parser/suggest.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace mybuild {
namespace {

using namespace std::string_view_literals;
namespace x3 = grammar::x3;

constexpr std::array type_names{"bind"sv, "cache"sv, "tmpfs"sv, "secret"sv, "ssh"sv};
constexpr std::array sharing_names{"shared"sv, "private"sv, "locked"sv};
constexpr std::array keys{"type"sv,      "from"sv,        "source"sv,  "target"sv,   "readonly"sv,
                          "readwrite"sv, "id"sv,          "sharing"sv, "required"sv, "size"sv,
                          "mode"sv,      "uid"sv,         "gid"sv,     "env"sv,      "src"sv,
                          "dst"sv,       "destination"sv, "ro"sv,      "rw"sv};

tl::unexpected<Error> invalid(std::string message, std::string hint = {}) {
    Error error{ErrorCode::invalid, std::move(message)};
    error.hint = std::move(hint);
    return fail(std::move(error));
}

/// The name that a key has several spellings for.
std::string_view canonical(std::string_view key) {
    if (key == "src") return "source";
    if (key == "dst" || key == "destination") return "target";
    if (key == "ro") return "readonly";
    if (key == "rw") return "readwrite";
    return key;
}

struct Entry {
    std::string key;     ///< canonical
    std::string written; ///< the key in lower case, for messages
    std::string value;   ///< expanded; `true` where a flag has none
};

template <unsigned Base>
std::optional<std::uint32_t> parse_number(std::string_view text) {
    std::uint32_t value = 0;
    auto at = text.data();
    const x3::uint_parser<std::uint32_t, Base> number{};
    if (!x3::parse(at, at + text.size(), number >> x3::eoi, value)) return std::nullopt;
    return value;
}

/// Puts entries into a mount whose type is known.
class MountBuilder {
  public:
    explicit MountBuilder(MountType type) {
        m_mount.type = type;
        m_mount.read_only = type != MountType::cache && type != MountType::tmpfs;
    }

    Status set(const Entry& entry) {
        const auto& [key, written, value] = entry;
        if (key == "source")
            m_mount.source = value;
        else if (key == "target")
            m_mount.target = value;
        else if (key == "from")
            m_mount.from = value;
        else if (key == "id")
            m_mount.id = value;
        else if (key == "env")
            m_mount.env = value;
        else if (key == "sharing")
            return set_sharing(value);
        else if (key == "size")
            return set_size(entry);
        else if (key == "readonly" || key == "readwrite")
            return set_read_only(entry);
        else if (key == "required")
            return set_required(entry);
        else if (key == "mode")
            return set_number(m_mount.mode, entry, parse_number<8>(value));
        else if (key == "uid")
            return set_number(m_mount.uid, entry, parse_number<10>(value));
        else if (key == "gid")
            return set_number(m_mount.gid, entry, parse_number<10>(value));
        return {};
    }

    Result<Mount> finish() && {
        TRY(check());
        auto& mount = m_mount;
        const bool tree = mount.type == MountType::bind || mount.type == MountType::cache;
        if (tree && mount.source.empty()) mount.source = "/";
        if (mount.type == MountType::cache && mount.id.empty()) mount.id = clean_path(mount.target);
        if (mount.type == MountType::secret) finish_secret();
        if (mount.type == MountType::ssh && mount.id.empty()) mount.id = "default";
        return std::move(mount);
    }

  private:
    [[nodiscard]] std::string_view type() const { return name(m_mount.type); }
    [[nodiscard]] bool is(MountType type) const { return m_mount.type == type; }

    Status set_sharing(const std::string& value) {
        if (is(MountType::secret))
            return invalid("secret mount should not define sharing",
                           "only caches are shared: leave it out");
        const auto lower = text::lower(value);
        const auto found = std::find(sharing_names.begin(), sharing_names.end(), lower);
        if (found == sharing_names.end()) {
            auto hint = did_you_mean(value, sharing_names);
            if (hint.empty()) hint = "it can be shared, private or locked";
            return invalid(fmt::format("unsupported sharing value {}", text::quoted(value)),
                           std::move(hint));
        }
        if (!is(MountType::cache))
            return invalid(fmt::format("invalid cache sharing set for {} mount", type()),
                           "only caches are shared: type=cache, or leave it out");
        m_mount.sharing = static_cast<CacheSharing>(found - sharing_names.begin());
        return {};
    }

    Status unexpected_key(const Entry& entry) const {
        return invalid(
            fmt::format("unexpected key '{}' for mount type '{}'", entry.written, type()),
            entry.key == "size" ? "only tmpfs mounts have a size"
                                : "only secret and ssh mounts can be required");
    }

    static Status bad_value(const Entry& entry) {
        return invalid(
            fmt::format("invalid value for {}: {}", entry.written, text::shortened(entry.value)),
            entry.key == "size" ? "write a number of bytes, or 64k, 128m, 1g"
                                : fmt::format("write {0}, {0}=true or {0}=false", entry.written));
    }

    Status set_size(const Entry& entry) {
        if (!is(MountType::tmpfs)) return unexpected_key(entry);
        m_mount.size = parse_size(entry.value);
        return m_mount.size ? Status() : bad_value(entry);
    }

    Status set_read_only(const Entry& entry) {
        const auto value = parse_bool(entry.value);
        if (!value) return bad_value(entry);
        m_mount.read_only = *value == (entry.key == "readonly");
        return {};
    }

    Status set_required(const Entry& entry) {
        if (!is(MountType::secret) && !is(MountType::ssh)) return unexpected_key(entry);
        const auto value = parse_bool(entry.value);
        if (!value) return bad_value(entry);
        m_mount.required = *value;
        return {};
    }

    Status set_number(std::optional<std::uint32_t>& member, const Entry& entry,
                      std::optional<std::uint32_t> value) const {
        if (!value) {
            return invalid(
                fmt::format("invalid value {} for {}", text::shortened(entry.value), entry.key),
                entry.key == "mode" ? "write it in octal, as in mode=0755" : "write a number");
        }
        if (is(MountType::bind) || is(MountType::tmpfs)) {
            return invalid(
                fmt::format("{} not allowed for {} type mounts", entry.key, text::quoted(type())),
                "only cache, secret and ssh mounts have an owner and a mode of their own");
        }
        member = value;
        return {};
    }

    [[nodiscard]] Status check() const {
        const auto& mount = m_mount;
        if (is(MountType::secret)) {
            if (mount.from)
                return invalid("secret mount should not have a from",
                               "secrets come from --secret, by their id");
            if (mount.source.empty() && mount.target.empty() && mount.id.empty()) {
                return invalid("invalid secret mount. one of source, target required",
                               "write id=NAME, the name given to --secret");
            }
            if (!mount.source.empty() && !mount.id.empty())
                return invalid("both source and id can't be set", "they mean the same: remove one");
        }
        if (is(MountType::ssh) && !mount.source.empty())
            return invalid("ssh does not support source", "write id=NAME");
        const bool root = !mount.target.empty() && clean_path(mount.target) == "/";
        if (root) return invalid("invalid mount target \"/\"", "mount it below a directory");
        return {};
    }

    void finish_secret() {
        auto& mount = m_mount;
        if (mount.id.empty())
            mount.id = mount.source.empty() ? path_base(mount.target) : mount.source;
        mount.source.clear();
        if (mount.env && mount.env->empty()) mount.env = mount.id;
        if (mount.target.empty() && !mount.env)
            mount.target = "/run/secrets/" + path_base(mount.id);
    }

    Mount m_mount;
};

/// Checks the key of a field and expands its value.
Result<Entry> read_entry(const std::string& field, const ExpandValue& expand) {
    const auto equals = field.find('=');
    const auto written = text::lower(field.substr(0, equals));
    Entry entry{std::string(canonical(written)), written, "true"};
    if (equals == std::string::npos) {
        if (entry.key == "readonly" || entry.key == "readwrite" || entry.key == "required")
            return entry;
        return invalid(
            fmt::format("invalid field '{}' must be a key=value pair", text::shortened(field)),
            "only ro, rw and required may stand alone");
    }
    if (std::find(keys.begin(), keys.end(), written) == keys.end()) {
        return invalid(fmt::format("unexpected key '{}' in '{}'", text::shortened(written),
                                   text::shortened(field)),
                       did_you_mean(written, keys));
    }
    const auto raw = std::string_view(field).substr(equals + 1);
    if (entry.key == "from") {
        entry.value = raw;
    } else {
        TRY_ASSIGN(entry.value, expand(raw));
    }
    return entry;
}

Result<MountType> read_type(const std::vector<Entry>& entries) {
    auto type = MountType::bind;
    for (const auto& entry : entries) {
        if (entry.key != "type") continue;
        const auto found =
            std::find(type_names.begin(), type_names.end(), text::lower(entry.value));
        if (found == type_names.end()) {
            auto hint = did_you_mean(entry.value, type_names);
            if (hint.empty()) hint = "it can be bind, cache, tmpfs, secret or ssh";
            return invalid(fmt::format("unsupported mount type {}", text::quoted(entry.value)),
                           std::move(hint));
        }
        type = static_cast<MountType>(found - type_names.begin());
    }
    return type;
}

Result<std::vector<std::string>> read_fields(std::string_view raw) {
    auto fields = parse_csv(raw);
    if (!fields) return fail(std::move(fields).error().in("failed to parse csv mounts"));
    return fields;
}

} // namespace

std::string_view name(MountType type) {
    return type_names[static_cast<std::size_t>(type)];
}

std::string_view name(CacheSharing sharing) {
    return sharing_names[static_cast<std::size_t>(sharing)];
}

Result<Mount> parse_mount(std::string_view raw, const ExpandValue& expand) {
    TRY_ASSIGN(const auto fields, read_fields(raw));
    std::vector<Entry> entries;
    for (const auto& field : fields) {
        TRY_ASSIGN(auto entry, read_entry(field, expand));
        entries.push_back(std::move(entry));
    }
    TRY_ASSIGN(const auto type, read_type(entries));
    MountBuilder builder(type);
    for (const auto& entry : entries)
        TRY(builder.set(entry));
    return std::move(builder).finish();
}

Result<std::optional<std::string>> mount_from(std::string_view raw) {
    TRY_ASSIGN(const auto fields, read_fields(raw));
    std::optional<std::string> from;
    for (const auto& field : fields) {
        const auto equals = field.find('=');
        if (equals == std::string::npos || text::lower(field.substr(0, equals)) != "from") continue;
        from = field.substr(equals + 1);
        const auto dollar = from->find('$');
        if (dollar != std::string::npos && dollar + 1 != from->size()) {
            return invalid("'from' doesn't support variable expansion, define alias stage instead",
                           "write FROM with the variable AS a name, and from=name");
        }
    }
    return from;
}

} // namespace mybuild
