#include "builder/mounts/agent_socket.hpp"

#include "base/mount.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace mybuild {
namespace {

constexpr const char* socket_name = "agent";
constexpr int backlog = 16;

} // namespace

Result<AgentSocket> make_agent_socket(std::uint32_t uid, std::uint32_t gid, std::uint32_t mode) {
    TRY_ASSIGN(const auto memory, mount::mount_tmpfs({.size = 65536}));
    AgentSocket socket;
    socket.listener.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.listener) return fail(errno_error("cannot make a socket", errno));
    // The mount is in no name space, so its files have no other path.
    const auto path = fmt::format("/proc/self/fd/{}/{}", memory.get(), socket_name);
    struct sockaddr_un address {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    if (::bind(socket.listener.get(), reinterpret_cast<const struct sockaddr*>(&address),
               sizeof address) != 0 ||
        ::fchownat(memory.get(), socket_name, uid, gid, AT_SYMLINK_NOFOLLOW) != 0 ||
        ::fchmodat(memory.get(), socket_name, mode & 0777U, 0) != 0 ||
        ::listen(socket.listener.get(), backlog) != 0)
        return fail(errno_error("cannot make the socket of an ssh agent", errno));
    TRY_ASSIGN(socket.mount, mount::clone_path(memory.get(), socket_name));
    return socket;
}

} // namespace mybuild
