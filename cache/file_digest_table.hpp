#pragma once

#include "base/digest.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

/// The on-disk form of a stat index (docs/formats.md, "File digests"): pure, bytes in and out.
namespace mybuild {

/// What of a file's stat says that it is still the same file with the same bytes.
struct FileStamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t mtime_ns = 0;
    std::int64_t ctime_ns = 0;
    std::uint32_t mode = 0; ///< type and permissions

    static FileStamp of(const struct stat& info);
    friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

struct FileDigestEntry {
    std::string_view path;
    FileStamp stamp;
    Digest digest;
};

/// A view of an index in memory (mapped); finds a path without having read the others.
class FileDigestTable {
  public:
    /// `bytes` is borrowed and 8-byte aligned. None where it is not an index of this version and
    /// byte order, or its checksum is wrong.
    static std::optional<FileDigestTable> parse(std::span<const std::byte> bytes);

    [[nodiscard]] std::size_t size() const;
    /// Canonical path of the context it belongs to.
    [[nodiscard]] std::string_view context() const;
    /// `guess`: an index to try first. Whoever asks for paths in the order of the index guesses
    /// right and needs a quarter of the time.
    [[nodiscard]] std::optional<std::size_t> find(std::string_view path,
                                                  std::size_t guess = SIZE_MAX) const;
    /// `index` is below size(). An entry that points out of the file (which its writer never wrote)
    /// has an empty path.
    [[nodiscard]] FileDigestEntry at(std::size_t index) const;

  private:
    struct Record;
    FileDigestTable() = default;
    [[nodiscard]] Record record(std::size_t index) const;
    [[nodiscard]] std::string_view path_of(const Record& record) const;

    std::size_t m_count = 0;
    const std::byte* m_records = nullptr;
    std::span<const std::byte> m_buckets;
    std::string_view m_text;
    std::string_view m_context;

    friend std::optional<std::string> encode_file_digests(std::string_view context,
                                                          std::span<const FileDigestEntry>);
};

/// The bytes of an index. Paths are unique; entries are found fastest in the order given here. None
/// where they are too many for the format (4 GiB of paths).
std::optional<std::string> encode_file_digests(std::string_view context,
                                               std::span<const FileDigestEntry> entries);

/// Writes the checksum that belongs to the other bytes into an index, so that tests can damage one
/// behind its checksum; shorter than a header: nothing.
void reseal_file_digests(std::span<std::byte> bytes);

} // namespace mybuild
