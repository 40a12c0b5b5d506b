#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace mybuild::git {

/// Bytes to and from a server's git-upload-pack.
class Stream {
  public:
    Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    virtual ~Stream() = default;
    /// What is there, at least one byte; 0: the server has said everything.
    virtual Result<std::size_t> read(std::span<char> out) = 0;
    virtual Status write(std::string_view bytes) = 0;
};

/// What a client begins: to hear of the refs, or to ask for objects.
enum class Service : std::uint8_t { list, fetch };

/// A way to one repository on a server, used by one thread. Errors as HttpTransport has them; their
/// text says which server.
class Connection {
  public:
    Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    virtual ~Connection() = default;
    /// Whether each stream is a request of its own, as with HTTP. Else `list` is opened once, and
    /// what it returns serves `fetch`, too.
    [[nodiscard]] virtual bool is_stateless() const = 0;
    virtual Result<std::unique_ptr<Stream>> open(Service service) = 0;
};

} // namespace mybuild::git
