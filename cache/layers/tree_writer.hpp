#pragma once

#include "base/result.hpp"
#include "cache/layers/tree_files.hpp"
#include "image/byte_stream.hpp"
#include "image/oci/layer_entry.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace mybuild {

/// A regular file being written into a tree; blocks of zeros become holes.
class TreeFile final : public ByteSink {
  public:
    TreeFile(Fd file, std::string path) : m_file(std::move(file)), m_path(std::move(path)) {}
    Status write(std::span<const std::byte> bytes) override;
    /// Checks that it has become `size` bytes, else ErrorCode::corrupt.
    Status finish(std::uint64_t size);

  private:
    Fd m_file;
    std::string m_path;
    std::uint64_t m_size = 0;
    bool m_ends_in_hole = false;
};

/// Makes the files of a tree. Paths are clean, and their parents are directories that were made
/// before. Never follows a symbolic link; nothing outside `root` is ever touched.
class TreeWriter {
  public:
    /// `root`: descriptor of an empty directory, borrowed.
    explicit TreeWriter(int root);

    /// A directory for the owner only, until set_directory() gives it its attributes.
    Status make_directory(const std::string& path);
    /// Owner, mode, xattrs, opaque mark and time of a directory: when everything in it is made.
    Status set_directory(const LayerEntry& directory);
    /// A regular file with the bytes of `content`, exactly entry.size of them, else
    /// ErrorCode::corrupt.
    Status make_file(const LayerEntry& entry, ByteSource& content);
    /// The same in steps, for bytes that come another way: open, TreeFile::finish(), set_file().
    Result<std::unique_ptr<TreeFile>> open_file(const std::string& path);
    Status set_file(const LayerEntry& entry);
    /// A symbolic link, device, fifo or whiteout.
    Status make_special(const LayerEntry& entry);
    /// One more name for what stands at `first`.
    Status make_link(const std::string& first, const std::string& path);
    /// Removes what stands at the path, and all that is in it.
    Status remove(const std::string& path);

  private:
    struct Place {
        int dir;
        std::string name;
    };
    Result<Place> place(const std::string& path);
    Status set_attributes(const Place& place, const LayerEntry& entry);

    tree::Directories m_directories;
    std::vector<std::byte> m_buffer;
};

} // namespace mybuild
