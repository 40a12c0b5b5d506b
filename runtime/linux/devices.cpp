#include "runtime/linux/devices.hpp"

#include <cerrno>
#include <string_view>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace mybuild::runtime {

namespace {

struct DeviceLink {
    const char* path;
    const char* target;
};

constexpr std::array<DeviceLink, 6> device_links{{
    {"/dev/fd", "/proc/self/fd"},
    {"/dev/stdin", "/proc/self/fd/0"},
    {"/dev/stdout", "/proc/self/fd/1"},
    {"/dev/stderr", "/proc/self/fd/2"},
    {"/dev/ptmx", "pts/ptmx"},
    {"/dev/core", "/proc/kcore"},
}};

constexpr std::array device_directories{"/dev/pts", "/dev/shm", "/dev/mqueue"};

} // namespace

int child_make_devices(bool with_nodes) {
    for (const auto& node : device_nodes) {
        if (with_nodes &&
            ::mknod(node.path, S_IFCHR | 0666, ::makedev(node.major, node.minor)) != 0)
            return errno;
    }
    for (const auto& link : device_links) {
        // As Docker's runtime: /dev/core only where the kernel has /proc/kcore.
        if (std::string_view(link.path) == "/dev/core" && ::access(link.target, F_OK) != 0)
            continue;
        if (::symlink(link.target, link.path) != 0) return errno;
    }
    for (const char* directory : device_directories) {
        if (::mkdir(directory, 0755) != 0) return errno;
    }
    return 0;
}

} // namespace mybuild::runtime
