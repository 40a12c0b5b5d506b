#pragma once

#include <array>

namespace mybuild::runtime {

struct DeviceNode {
    const char* path;
    unsigned major;
    unsigned minor;
};

/// Docker's minimal /dev (runtime-spec, config-linux.md, "Default Devices") without the console.
inline constexpr std::array<DeviceNode, 6> device_nodes{{
    {"/dev/null", 1, 3},
    {"/dev/zero", 1, 5},
    {"/dev/full", 1, 7},
    {"/dev/random", 1, 8},
    {"/dev/urandom", 1, 9},
    {"/dev/tty", 5, 0},
}};

/// Fills the step's new /dev: nodes (where `with_nodes`), links, mount points of devpts and the
/// like. Runs between clone and exec, without umask; 0 or an errno.
int child_make_devices(bool with_nodes);

} // namespace mybuild::runtime
