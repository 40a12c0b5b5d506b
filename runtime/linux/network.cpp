#include "runtime/linux/network.hpp"

#include <cerrno>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace mybuild::runtime {

int child_raise_loopback() {
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return errno;
    struct ifreq request {
        {"lo"}, {}
    };
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    const int error = ::ioctl(socket, SIOCSIFFLAGS, &request) == 0 ? 0 : errno;
    ::close(socket);
    return error;
}

} // namespace mybuild::runtime
