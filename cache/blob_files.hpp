#pragma once

#include "cache/store.hpp"
#include "cache/work_dir.hpp"

#include <mutex>

namespace mybuild {

/// Blobs as files `blobs/sha256/<hex>`, mode 0444. A blob being written has no name at all where
/// the file system can do that (O_TMPFILE), else one in the process's scratch directory: a killed
/// process leaves nothing that anyone could take for a blob. Its bytes are synced before it gets
/// its name. Thread-safe; several writers of the same blob are fine.
class BlobFiles final : public Blobs {
  public:
    /// Whether files without a name may be used; `never` is for tests of the other way.
    enum class Unnamed : std::uint8_t { if_possible, never };

    /// `root`: descriptor of the store's directory. Both are borrowed.
    BlobFiles(int root, WorkDir& scratch, Unnamed unnamed = Unnamed::if_possible)
        : m_root(root), m_scratch(scratch), m_unnamed(unnamed) {}

    Result<Fd> open(const Digest& digest) override;
    bool has(const Digest& digest) override;
    Result<std::unique_ptr<BlobWriter>> begin() override;
    Result<oci::Descriptor> put(std::string_view bytes, std::string_view media_type) override;
    Result<std::string> read(const Digest& digest, std::size_t limit) override;
    Status remove(const Digest& digest) override;

  private:
    Result<int> directory();

    int m_root;
    WorkDir& m_scratch;
    Unnamed m_unnamed;
    std::mutex m_mutex;
    Fd m_dir; ///< blobs/sha256, opened when first needed
};

} // namespace mybuild
