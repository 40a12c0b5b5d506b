#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild {

/// One word of EXPOSE: `[ip:][hostport:]port[-port][/proto]`.
struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
    std::string protocol = "tcp";     ///< tcp, udp or sctp, lower case
    bool has_host_part = false;       ///< a host port or address was written; it means nothing here
    bool upper_case_protocol = false; ///< written in upper case

    /// `80/tcp` and so on, one for each port of the range.
    [[nodiscard]] std::vector<std::string> keys() const;
    friend bool operator==(const PortRange&, const PortRange&) = default;
};

/// Reads an expanded word. ErrorCode::invalid with Docker's texts (`invalid containerPort: x`).
[[nodiscard]] Result<PortRange> parse_ports(std::string_view word);

} // namespace mybuild
