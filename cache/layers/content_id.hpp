#pragma once

#include "base/digest.hpp"
#include "image/oci/layer_entry.hpp"

namespace mybuild {

/// A layer's content id: SHA-256 over its entries in canonical order without times, so that a step
/// that makes the same files again has the same id (architecture.md, idea 2). Encoding, version 1;
/// numbers are little-endian u32, sizes u64, `str` is its u32 size and its bytes:
///
///     id      = "mybuild layer content 1\n" entry*
///     entry   = type str(path) attributes body        type: f h l d c b p w, as EntryType
///     attributes = mode uid gid u32(xattrs) (str(name) str(value))*     not for h and w; l: mode 0
///     body    = f: u64 size, 32 digest bytes · h, l: str(link) · d: u8 opaque · c, b: major minor
class ContentId {
  public:
    ContentId();
    void add(const LayerEntry& entry);
    /// Starts anew afterwards.
    [[nodiscard]] Digest finish();

  private:
    void start();
    Sha256 m_hash;
    std::string m_buffer; // entries are small: hashing them one field at a time would cost more
};

} // namespace mybuild
