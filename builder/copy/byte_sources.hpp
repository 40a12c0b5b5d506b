#pragma once

#include "image/byte_stream.hpp"

#include <cstdint>
#include <string>

namespace mybuild {

/// A part of a file that others read as well, by pread(2). Does not own the descriptor.
class FileRangeSource final : public ByteSource {
  public:
    FileRangeSource(int fd, std::uint64_t offset, std::uint64_t size)
        : m_fd(fd), m_offset(offset), m_left(size) {}
    Result<std::size_t> read(std::span<std::byte> out) override;

  private:
    int m_fd;
    std::uint64_t m_offset;
    std::uint64_t m_left;
};

/// Bytes of its own.
class OwnedStringSource final : public ByteSource {
  public:
    explicit OwnedStringSource(std::string text) : m_text(std::move(text)) {}
    Result<std::size_t> read(std::span<std::byte> out) override;

  private:
    std::string m_text;
    std::size_t m_at = 0;
};

} // namespace mybuild
