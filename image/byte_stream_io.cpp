#include "image/byte_stream_io.hpp"

#include "base/fs.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>
#include <vector>

namespace mybuild {

namespace {
constexpr std::size_t copy_size = 256 * 1024;
} // namespace

Result<std::size_t> FdSource::read(std::span<std::byte> out) {
    std::size_t filled = 0;
    while (filled < out.size()) {
        const auto count = ::read(m_fd, out.data() + filled, out.size() - filled);
        if (count > 0) {
            filled += static_cast<std::size_t>(count);
        } else if (count == 0) {
            break;
        } else if (errno != EINTR) {
            return fail(errno_error("reading " + m_name, errno));
        }
    }
    return filled;
}

Status FdSink::write(std::span<const std::byte> bytes) {
    auto status = fs::write_all(m_fd, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    if (!status) return fail(std::move(status).error().in(m_name));
    return {};
}

Result<std::size_t> MemorySource::read(std::span<std::byte> out) {
    const std::size_t count = std::min(out.size(), m_data.size());
    if (count > 0) std::memcpy(out.data(), m_data.data(), count);
    m_data.remove_prefix(count);
    return count;
}

Result<std::size_t> JoinedSource::read(std::span<std::byte> out) {
    TRY_ASSIGN(const std::size_t count, m_first.read(out));
    if (count == out.size()) return count;
    TRY_ASSIGN(const std::size_t more, m_second.read(out.subspan(count)));
    return count + more;
}

Status StringSink::write(std::span<const std::byte> bytes) {
    m_data.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
}

Result<std::size_t> HashingSource::read(std::span<std::byte> out) {
    TRY_ASSIGN(const std::size_t count, m_inner.read(out));
    m_hash.update(out.data(), count);
    m_count += count;
    return count;
}

Status HashingSource::drain() {
    std::vector<std::byte> buffer(copy_size);
    for (;;) {
        TRY_ASSIGN(const std::size_t count, read(buffer));
        if (count == 0) return {};
    }
}

Status HashingSink::write(std::span<const std::byte> bytes) {
    m_hash.update(bytes);
    m_count += bytes.size();
    return m_inner.write(bytes);
}

Result<std::string> read_start(ByteSource& source, std::size_t most) {
    std::string start(most, '\0');
    std::size_t have = 0;
    while (have < most) {
        TRY_ASSIGN(const std::size_t count,
                   source.read(std::as_writable_bytes(std::span(start).subspan(have))));
        if (count == 0) break;
        have += count;
    }
    start.resize(have);
    return start;
}

Result<std::uint64_t> copy_bytes(ByteSource& from, ByteSink& to) {
    std::vector<std::byte> buffer(copy_size);
    std::uint64_t total = 0;
    for (;;) {
        TRY_ASSIGN(const std::size_t count, from.read(buffer));
        if (count == 0) return total;
        TRY(to.write(std::span(buffer).first(count)));
        total += count;
    }
}

} // namespace mybuild
