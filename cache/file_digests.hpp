#pragma once

#include "base/digest.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>

namespace mybuild {

/// The stat index of one build context: file digests that need not be computed again, as git's
/// index keeps them. An entry counts when device, inode, type, mode, size, mtime and ctime (ns)
/// agree and the file is older than the index by the context's own clock. One mapped, versioned
/// file, replaced by rename; a damaged or foreign file counts as empty. Thread-safe.
class FileDigests {
  public:
    /// `dir`: the store's directory for indexes; `context`: canonical path of the context.
    static std::unique_ptr<FileDigests> open(int dir, std::string_view context);
    virtual ~FileDigests() = default;

    [[nodiscard]] virtual std::optional<Digest> lookup(std::string_view path,
                                                       const struct stat& info) const = 0;
    virtual void record(std::string_view path, const struct stat& info, const Digest& digest) = 0;
    /// Writes the index if anything was recorded; entries of this run and those looked up with
    /// success are kept, others dropped. `now` (ns, the context file system's clock, read before
    /// the first file was): files with mtime or ctime not before it are left out (racily clean, as
    /// git says), since a change made after their bytes were read may have left the same times.
    virtual Status save(std::int64_t now_ns) = 0;
};

} // namespace mybuild
