#include "runtime/linux/streams.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <poll.h>

namespace mybuild::runtime {

namespace {

constexpr std::size_t buffer_size = 65536; // a pipe's capacity: one read empties it

struct Buffer {
    std::unique_ptr<char[]> bytes = std::make_unique_for_overwrite<char[]>(buffer_size);
};

enum class ReadState : std::uint8_t { more, empty, ended };

/// One read; what came goes to the sink.
ReadState forward(int fd, Stream stream, Buffer& buffer, OutputSink& output) {
    const auto got = ::read(fd, buffer.bytes.get(), buffer_size);
    if (got > 0) {
        output.write(stream, {buffer.bytes.get(), static_cast<std::size_t>(got)});
        return ReadState::more;
    }
    if (got == 0) return ReadState::ended;
    if (errno == EINTR) return ReadState::more;
    return errno == EAGAIN ? ReadState::empty : ReadState::ended;
}

} // namespace

Result<OutputPipe> make_output_pipe() {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(errno_error("cannot make a pipe", errno));
    OutputPipe pipe{Fd(ends[0]), Fd(ends[1])};
    if (pipe.write.get() < 3) pipe.write.reset(::fcntl(pipe.write.get(), F_DUPFD_CLOEXEC, 3));
    if (!pipe.write || ::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK) != 0)
        return fail(errno_error("cannot set up a pipe", errno));
    return pipe;
}

Status pump(int out, int err, int pidfd, OutputSink& output) {
    Buffer buffer;
    constexpr std::array streams{Stream::out, Stream::err};
    std::array<pollfd, 3> watched{{{out, POLLIN, 0}, {err, POLLIN, 0}, {pidfd, POLLIN, 0}}};
    while (watched[2].revents == 0) {
        if (::poll(watched.data(), watched.size(), -1) < 0) {
            if (errno == EINTR) continue;
            return fail(errno_error("cannot wait for the command", errno));
        }
        for (std::size_t i = 0; i < streams.size(); ++i) {
            if (watched[i].revents != 0 &&
                forward(watched[i].fd, streams[i], buffer, output) == ReadState::ended)
                watched[i].fd = -1; // poll(2) skips it
        }
    }
    for (std::size_t i = 0; i < streams.size(); ++i) {
        while (watched[i].fd >= 0 &&
               forward(watched[i].fd, streams[i], buffer, output) == ReadState::more) {
        }
    }
    return {};
}

} // namespace mybuild::runtime
