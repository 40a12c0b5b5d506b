#include "parser/ports.hpp"

#include "parser/grammar/context.hpp"

#include <boost/fusion/include/std_pair.hpp>
#include <fmt/format.h>

#include <arpa/inet.h>
#include <array>
#include <optional>
#include <utility>

namespace mybuild {
namespace {

namespace x3 = grammar::x3;

struct Bounds {
    std::uint32_t first, last;
};

const x3::uint_parser<std::uint32_t, 10> number{};

/// `80` or `8000-8010`, each up to 65535; a plus sign before a number is passed over, as in Docker.
std::optional<Bounds> parse_bounds(std::string_view text) {
    std::pair<std::uint32_t, boost::optional<std::uint32_t>> node;
    auto at = text.data();
    if (!x3::parse(at, at + text.size(),
                   -x3::lit('+') >> number >> -('-' >> -x3::lit('+') >> number) >> x3::eoi, node))
        return std::nullopt;
    const Bounds bounds{node.first, node.second.value_or(node.first)};
    if (bounds.first > bounds.last || bounds.last > 65535) return std::nullopt;
    return bounds;
}

struct Parts {
    std::string_view ip, host, container;
};

/// The last colon ends the host's port, the one before it the address, which may have colons
/// itself.
Parts split(std::string_view word) {
    const auto last = word.rfind(':');
    if (last == std::string_view::npos) return {{}, {}, word};
    const auto before = last == 0 ? std::string_view::npos : word.rfind(':', last - 1);
    if (before == std::string_view::npos) return {{}, word.substr(0, last), word.substr(last + 1)};
    return {word.substr(0, before), word.substr(before + 1, last - before - 1),
            word.substr(last + 1)};
}

bool is_address(std::string_view text) {
    if (text.size() >= 2 && text.front() == '[' && text.back() == ']')
        text = text.substr(1, text.size() - 2);
    const std::string address(text);
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    return inet_pton(AF_INET, address.c_str(), bytes.data()) == 1 ||
           inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1;
}

tl::unexpected<Error> invalid(std::string message) {
    Error error{ErrorCode::invalid, std::move(message)};
    error.hint = "write a port or a range, as in EXPOSE 80/tcp 8000-8010";
    return fail(std::move(error));
}

} // namespace

std::vector<std::string> PortRange::keys() const {
    std::vector<std::string> out;
    for (std::uint32_t port = first; port <= last; ++port)
        out.push_back(fmt::format("{}/{}", port, protocol));
    return out;
}

Result<PortRange> parse_ports(std::string_view word) {
    const auto parts = split(word);
    const auto slash = parts.container.find('/');
    const auto port = parts.container.substr(0, slash);
    const auto protocol =
        slash == std::string_view::npos ? std::string_view() : parts.container.substr(slash + 1);
    if (port.empty())
        return invalid(fmt::format("invalid port: {}: no port specified", text::quoted(word)));
    PortRange range;
    if (!protocol.empty()) {
        range.protocol = text::lower(protocol);
        range.upper_case_protocol = range.protocol != protocol;
    }
    if (range.protocol != "tcp" && range.protocol != "udp" && range.protocol != "sctp") {
        return invalid(fmt::format("invalid port: {}: invalid proto: {}", text::quoted(word),
                                   text::shortened(protocol)));
    }
    range.has_host_part = !parts.ip.empty() || !parts.host.empty();
    if (!parts.ip.empty() && !is_address(parts.ip))
        return invalid(fmt::format("invalid IP address: {}", text::shortened(parts.ip)));
    const auto bounds = parse_bounds(port);
    if (!bounds) return invalid(fmt::format("invalid containerPort: {}", text::shortened(port)));
    if (!parts.host.empty()) {
        const auto host = parse_bounds(parts.host);
        if (!host) return invalid(fmt::format("invalid hostPort: {}", text::shortened(parts.host)));
        const auto length = bounds->last - bounds->first;
        if (length != 0 && length != host->last - host->first) {
            return invalid(
                fmt::format("invalid ranges specified for container and host Ports: {} and {}",
                            port, parts.host));
        }
    }
    range.first = static_cast<std::uint16_t>(bounds->first);
    range.last = static_cast<std::uint16_t>(bounds->last);
    return range;
}

} // namespace mybuild
