#include "builder/copy/byte_sources.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace mybuild {

Result<std::size_t> FileRangeSource::read(std::span<std::byte> out) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), m_left));
    if (want == 0) return 0;
    ssize_t got = -1;
    do {
        got = ::pread(m_fd, out.data(), want, static_cast<off_t>(m_offset));
    } while (got < 0 && errno == EINTR);
    if (got < 0) return fail(errno_error("cannot read", errno));
    m_offset += static_cast<std::uint64_t>(got);
    m_left -= static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
}

Result<std::size_t> OwnedStringSource::read(std::span<std::byte> out) {
    const auto count = std::min(out.size(), m_text.size() - m_at);
    std::memcpy(out.data(), m_text.data() + m_at, count);
    m_at += count;
    return count;
}

} // namespace mybuild
