#include "cli/step_options.hpp"

#include "parser/csv.hpp"
#include "parser/suggest.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <optional>
#include <sys/resource.h>

namespace mybuild::cli {
namespace {

using namespace std::string_view_literals;

tl::unexpected<Error> wrong(std::string message, std::string hint = {}) {
    return fail({ErrorCode::usage, std::move(message), {}, std::move(hint)});
}

constexpr auto secret_hint = "write --secret id=NAME,src=FILE or --secret id=NAME,env=VARIABLE";

struct LimitName {
    std::string_view name;
    int resource;
};
constexpr std::array<LimitName, 15> limit_names{{{"core", RLIMIT_CORE},
                                                 {"cpu", RLIMIT_CPU},
                                                 {"data", RLIMIT_DATA},
                                                 {"fsize", RLIMIT_FSIZE},
                                                 {"locks", RLIMIT_LOCKS},
                                                 {"memlock", RLIMIT_MEMLOCK},
                                                 {"msgqueue", RLIMIT_MSGQUEUE},
                                                 {"nice", RLIMIT_NICE},
                                                 {"nofile", RLIMIT_NOFILE},
                                                 {"nproc", RLIMIT_NPROC},
                                                 {"rss", RLIMIT_RSS},
                                                 {"rtprio", RLIMIT_RTPRIO},
                                                 {"rttime", RLIMIT_RTTIME},
                                                 {"sigpending", RLIMIT_SIGPENDING},
                                                 {"stack", RLIMIT_STACK}}};

/// A number, or -1 for no limit.
std::optional<std::uint64_t> limit_value(std::string_view text) {
    if (text == "-1") return RLIM_INFINITY;
    std::uint64_t value = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return value;
}

bool is_address(const std::string& text) {
    std::array<unsigned char, sizeof(struct in6_addr)> bytes{};
    return ::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
           ::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

} // namespace

Result<SecretSpec> parse_secret(std::string_view text) {
    const auto fields = parse_csv(text);
    if (!fields) return wrong(fmt::format("invalid secret: {}", fields.error().message));
    SecretSpec spec;
    std::string type;
    for (const auto& field : *fields) {
        const auto equals = field.find('=');
        if (equals == std::string::npos) {
            return wrong(
                fmt::format("invalid field '{}' must be a key=value pair", text::shortened(field)),
                secret_hint);
        }
        const auto key = text::lower(std::string_view(field).substr(0, equals));
        auto value = field.substr(equals + 1);
        if (key == "type") {
            if (value != "file" && value != "env") {
                return wrong(fmt::format("unsupported secret type {}", text::quoted(value)),
                             "it can be file or env");
            }
            type = std::move(value);
        } else if (key == "id") {
            spec.id = std::move(value);
        } else if (key == "src" || key == "source") {
            spec.file = std::move(value);
        } else if (key == "env") {
            spec.variable = std::move(value);
        } else {
            return wrong(
                fmt::format("unexpected key '{}' in '{}'", text::shortened(key),
                            text::shortened(field)),
                did_you_mean(key, std::array{"type"sv, "id"sv, "src"sv, "source"sv, "env"sv}));
        }
    }
    if (type == "env" && spec.variable.empty()) std::swap(spec.variable, spec.file);
    if (spec.id.empty()) return wrong("secret missing ID", secret_hint);
    return spec;
}

Result<SshSpec> parse_ssh(std::string_view text) {
    SshSpec spec;
    const auto equals = text.find('=');
    if (equals != 0 && !text.empty()) spec.id = text.substr(0, equals);
    if (equals == std::string_view::npos) return spec;
    for (auto rest = text.substr(equals + 1); !rest.empty();) {
        const auto comma = rest.find(',');
        const auto item = rest.substr(0, comma);
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
        if (item.starts_with("raw=")) {
            const auto raw = parse_bool(item.substr(4));
            if (!raw) {
                return wrong(
                    fmt::format("invalid value for raw in --ssh: {}", text::quoted(item.substr(4))),
                    "it can be true or false");
            }
            spec.raw = *raw;
        } else if (!item.empty()) {
            spec.paths.emplace_back(item);
        }
    }
    if (spec.raw && spec.paths.size() > 1)
        return wrong("raw mode must supply exactly one socket path");
    return spec;
}

Status parse_allow(std::string_view text, Allowed& allowed) {
    constexpr std::array known{"network.host"sv, "security.insecure"sv};
    if (text == known[0]) {
        allowed.host_network = true;
    } else if (text == known[1]) {
        allowed.insecure = true;
    } else {
        auto hint = did_you_mean(text, known);
        if (hint.empty()) hint = "network.host and security.insecure can be allowed";
        return wrong(fmt::format("invalid entitlement {}", text::quoted(text)), std::move(hint));
    }
    return {};
}

Result<std::string> parse_added_host(std::string_view text) {
    auto mark = text.find('=');
    if (mark == std::string_view::npos) mark = text.find(':');
    if (mark == std::string_view::npos || mark == 0) {
        return wrong(fmt::format("bad format for add-host: {}", text::quoted(text)),
                     "write --add-host NAME:ADDRESS");
    }
    const auto name = text.substr(0, mark);
    auto address = std::string(text.substr(mark + 1));
    if (address.starts_with('[') && address.ends_with(']'))
        address = address.substr(1, address.size() - 2);
    if (name.find_first_of(" \t\r\n\v\f#") != std::string_view::npos)
        return wrong(fmt::format("bad format for add-host: {}", text::quoted(text)));
    if (address != "host-gateway" && !is_address(address))
        return wrong(fmt::format("invalid IP address in add-host: {}", text::quoted(address)));
    return fmt::format("{}={}", name, address);
}

Result<runtime::ResourceLimit> parse_ulimit(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) {
        return wrong(fmt::format("invalid ulimit argument: {}", text::shortened(text)),
                     "write --ulimit nofile=1024:2048");
    }
    const auto name = text.substr(0, equals);
    const auto found = std::find_if(limit_names.begin(), limit_names.end(),
                                    [&](const LimitName& limit) { return limit.name == name; });
    if (found == limit_names.end()) {
        std::vector<std::string_view> names;
        for (const auto& limit : limit_names)
            names.push_back(limit.name);
        return wrong(fmt::format("invalid ulimit type: {}", text::shortened(name)),
                     did_you_mean(name, names));
    }
    const auto values = text.substr(equals + 1);
    const auto colon = values.find(':');
    const auto soft = limit_value(values.substr(0, colon));
    const auto hard =
        colon == std::string_view::npos ? soft : limit_value(values.substr(colon + 1));
    if (!soft || !hard)
        return wrong(fmt::format("invalid ulimit argument: {}", text::shortened(text)));
    if (*soft > *hard) {
        return wrong(fmt::format("ulimit soft limit must be less than or equal to hard limit: {}",
                                 text::shortened(text)));
    }
    return runtime::ResourceLimit{found->resource, *soft, *hard};
}

} // namespace mybuild::cli
