#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <span>

namespace mybuild {

/// Where bytes go. A writer calls write() any number of times; the owner of the sink finishes it.
class ByteSink {
  public:
    ByteSink() = default;
    ByteSink(const ByteSink&) = delete;
    ByteSink& operator=(const ByteSink&) = delete;
    virtual ~ByteSink() = default;
    virtual Status write(std::span<const std::byte> bytes) = 0;
};

/// Where bytes come from: read() fills as much of `out` as it can and returns the count; 0 is the
/// end.
class ByteSource {
  public:
    ByteSource() = default;
    ByteSource(const ByteSource&) = delete;
    ByteSource& operator=(const ByteSource&) = delete;
    virtual ~ByteSource() = default;
    virtual Result<std::size_t> read(std::span<std::byte> out) = 0;
};

} // namespace mybuild
