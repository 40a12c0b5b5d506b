#pragma once

#include "image/byte_stream.hpp"
#include "image/oci/layer_entry.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace mybuild::tar {

/// A source that can leave bytes out faster than by reading them.
class SkippingSource : public ByteSource {
  public:
    /// Skips up to `count` bytes and returns how many; fewer (also 0) is allowed at any time.
    virtual Result<std::uint64_t> skip(std::uint64_t count) = 0;
};

/// The entries of a tar archive as they stand in it, read by libarchive: names, links and
/// attributes raw. Any PAX, GNU, ustar and V7 archive; holes of sparse files are filled.
class Stream {
  public:
    /// `source` must outlive the stream. `what` names the archive in errors.
    Stream(ByteSource& source, std::string what);
    Stream(SkippingSource& source, std::string what);
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// The next entry or nothing at the end; what is left of the one before is skipped. `path` is
    /// the name as stored; attributes are sorted by name. ErrorCode::corrupt: truncated, damaged,
    /// no tar at all. An error of the source is passed on as it is.
    Result<std::optional<LayerEntry>> next();
    /// Content of the current entry, which has exactly the entry's size; 0 at its end.
    Result<std::size_t> read(std::span<std::byte> out);
    /// Where in the source the current entry's content begins, before any of it is read; nothing
    /// for a file with holes, which is not in one piece.
    [[nodiscard]] std::optional<std::uint64_t> content_offset() const;

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace mybuild::tar
