#pragma once

#include "base/digest.hpp"
#include "base/fd.hpp"
#include "image/byte_stream.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace mybuild {

/// Reads a descriptor from its current offset to its end. Errors say `NAME: ...`.
class FdSource final : public ByteSource {
  public:
    /// Does not own `fd`.
    FdSource(int fd, std::string name) : m_fd(fd), m_name(std::move(name)) {}
    /// Owns `fd`.
    FdSource(Fd fd, std::string name)
        : m_owned(std::move(fd)), m_fd(m_owned.get()), m_name(std::move(name)) {}
    Result<std::size_t> read(std::span<std::byte> out) override;

  private:
    Fd m_owned;
    int m_fd;
    std::string m_name;
};

/// Writes to a descriptor it does not own, unbuffered. Errors say `NAME: ...`.
class FdSink final : public ByteSink {
  public:
    FdSink(int fd, std::string name) : m_fd(fd), m_name(std::move(name)) {}
    Status write(std::span<const std::byte> bytes) override;

  private:
    int m_fd;
    std::string m_name;
};

/// Reads bytes that somebody else keeps alive.
class MemorySource final : public ByteSource {
  public:
    explicit MemorySource(std::string_view data) : m_data(data) {}
    Result<std::size_t> read(std::span<std::byte> out) override;

  private:
    std::string_view m_data;
};

/// Reads one source to its end, then another.
class JoinedSource final : public ByteSource {
  public:
    JoinedSource(ByteSource& first, ByteSource& second) : m_first(first), m_second(second) {}
    Result<std::size_t> read(std::span<std::byte> out) override;

  private:
    ByteSource& m_first;
    ByteSource& m_second;
};

/// Collects bytes.
class StringSink final : public ByteSink {
  public:
    Status write(std::span<const std::byte> bytes) override;
    [[nodiscard]] const std::string& str() const { return m_data; }
    [[nodiscard]] std::string take() { return std::move(m_data); }

  private:
    std::string m_data;
};

/// Passes bytes on and counts and hashes them: the diff id of a stream that somebody else parses.
class HashingSource final : public ByteSource {
  public:
    explicit HashingSource(ByteSource& inner) : m_inner(inner) {}
    Result<std::size_t> read(std::span<std::byte> out) override;
    /// Reads what is left (a tar reader stops before the padding that belongs to the diff id).
    Status drain();
    [[nodiscard]] std::uint64_t count() const { return m_count; }
    /// Digest of all bytes read so far; call it once, at the end.
    [[nodiscard]] Digest finish() { return m_hash.finish(); }

  private:
    ByteSource& m_inner;
    Sha256 m_hash;
    std::uint64_t m_count = 0;
};

/// Passes bytes on and counts and hashes them: diff ids and blob digests of what is being written.
class HashingSink final : public ByteSink {
  public:
    explicit HashingSink(ByteSink& inner) : m_inner(inner) {}
    Status write(std::span<const std::byte> bytes) override;
    [[nodiscard]] std::uint64_t count() const { return m_count; }
    /// Digest of all bytes written so far; call it once, at the end.
    [[nodiscard]] Digest finish() { return m_hash.finish(); }

  private:
    ByteSink& m_inner;
    Sha256 m_hash;
    std::uint64_t m_count = 0;
};

/// The first bytes of a stream: `most` of them, or all it has.
Result<std::string> read_start(ByteSource& source, std::size_t most);

/// Writes all of `from` to `to`; returns the number of bytes.
Result<std::uint64_t> copy_bytes(ByteSource& from, ByteSink& to);

} // namespace mybuild
