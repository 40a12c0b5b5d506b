#pragma once

#include "base/fd.hpp"
#include "builder/copy/layout.hpp"
#include "builder/copy/select.hpp"

#include <cstdint>
#include <string>

namespace mybuild {

class Store;

/// File contents on their way from a stream to a layer, all in one unnamed file of the store:
/// writing them one after the other costs a fifth of a file for each.
class Spool {
  public:
    static Result<Spool> create(Store& store);
    /// Appends all bytes; returns where they begin and how many they are, and their digest.
    struct Piece {
        std::uint64_t offset = 0;
        std::uint64_t size = 0;
        Digest digest;
    };
    Result<Piece> append(ByteSource& content);
    [[nodiscard]] int fd() const { return m_fd.get(); }

  private:
    explicit Spool(Fd fd) : m_fd(std::move(fd)) {}
    Fd m_fd;
    std::uint64_t m_size = 0;
};

/// Puts the entries of one archive into a layout, below a directory of it, as tar would unpack them
/// if that directory were the root; their bytes go to the spool, which both must outlive.
class ArchiveUnpacker {
  public:
    /// `destination`: resolved path in the layout; empty: its root.
    ArchiveUnpacker(std::string destination, Layout& layout, Spool& spool)
        : m_destination(std::move(destination)), m_layout(layout), m_spool(spool) {}

    /// The next entry of the archive (TarKind::files), in the archive's order. Errors
    /// (ErrorCode::invalid): a hard link to what is not there, a file as a parent.
    Status add(LayerEntry entry, ByteSource& content);

  private:
    [[nodiscard]] Result<std::string> target(const std::string& path) const;

    std::string m_destination;
    Layout& m_layout;
    Spool& m_spool;
};

/// If the file is a tar, plain or compressed, puts its entries below `destination`, as ADD does
/// with local archives (dockerfile-language.md, 6.9 "ADD archives"), and returns true. Anything
/// else, also an empty tar, is false and to be copied as a file. An archive that breaks off after
/// its first entry is ErrorCode::corrupt.
Result<bool> unpack_archive(const SelectedSource& source, const std::string& destination,
                            Layout& layout, Spool& spool);

} // namespace mybuild
