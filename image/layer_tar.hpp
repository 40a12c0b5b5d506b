#pragma once

#include "image/byte_stream.hpp"
#include "image/byte_stream_io.hpp"
#include "image/oci/layer_entry.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// The archive form of a layer (image-spec, layer.md): POSIX tar, ustar headers with PAX records
/// where those do not suffice, deletions as `.wh.` files.
namespace mybuild {

/// Whether an extended attribute belongs in a layer. Not: `trusted.*`, `system.*` (POSIX ACLs among
/// them), `security.selinux`, overlayfs's and fuse-overlayfs's own. The writer leaves those out,
/// the reader does not hand them on: they describe the machine, or would change how a tree is
/// mounted.
[[nodiscard]] bool is_layer_xattr(std::string_view name);

/// Writes the canonical tar stream of a layer: the same entries give the same bytes, whatever the
/// machine or library versions. Format: ustar; a PAX header only for what ustar cannot hold (names
/// that are longer than 100 bytes or not ASCII, links likewise, ids above 2097151, sizes from 8
/// GiB, times before 1970 or after 2242, xattrs as `SCHILY.xattr.NAME`), its records sorted by key;
/// user and group names empty; whiteouts as empty files `.wh.NAME` with mode, owner and time 0; an
/// opaque directory's `.wh..wh..opq` right after it; two zero blocks at the end.
class LayerTarWriter {
  public:
    /// `out` must outlive the writer. Output is collected into writes of about 256 KiB.
    explicit LayerTarWriter(ByteSink& out);
    ~LayerTarWriter();
    LayerTarWriter(const LayerTarWriter&) = delete;
    LayerTarWriter& operator=(const LayerTarWriter&) = delete;

    /// Appends an entry; entries come in the order of compare_paths, none twice (else
    /// ErrorCode::internal). The path "" stands for the root: only a directory, written only as its
    /// opaque mark. `content`: the bytes of a regular file, exactly entry.size of them (nullptr
    /// will do for an empty file); more or fewer is ErrorCode::io, `changed while it was read`. A
    /// file really named `.wh.…` and an xattr that no PAX record can hold are ErrorCode::invalid.
    Status add(const LayerEntry& entry, ByteSource* content);

    /// Writes the end mark and flushes. Nothing may be added afterwards.
    Status finish();

    /// Bytes of the stream up to the end of the last entry (or of all, after finish()).
    [[nodiscard]] std::uint64_t position() const;

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

/// What a layer may ask of us at most. The defaults are beyond every image we know of.
struct TarLimits {
    std::uint64_t max_entries = 10'000'000;
    std::uint64_t max_bytes = 1ULL << 40; ///< file content of all entries, holes included
    std::size_t max_path = 4095;          ///< bytes of a path or link target
    std::size_t max_depth = 1024;         ///< components of a path
    std::size_t max_xattr = 64 * 1024;    ///< bytes of one attribute's value
    std::size_t max_xattrs = 256;         ///< attributes of one entry
};

enum class TarKind : std::uint8_t {
    layer, ///< of an image: `.wh.` names are deletions, `..` is an error
    files, ///< any other: `.wh.` is a name like others, a `..` that leads out is an error
};

/// Reads layer tars as they exist in the wild (ustar, PAX, GNU long names, base-256 numbers, sparse
/// files in every form), from an uncompressed stream, in the order they have.
class LayerTarReader {
  public:
    /// `source` must outlive the reader. Nothing is read before next().
    explicit LayerTarReader(ByteSource& source, TarLimits limits = {},
                            TarKind kind = TarKind::layer);
    ~LayerTarReader();
    LayerTarReader(const LayerTarReader&) = delete;
    LayerTarReader& operator=(const LayerTarReader&) = delete;

    /// The next entry, or nothing at the end of the archive. What was not read of the entry before
    /// is skipped. Paths are cleaned (`/`, `./`, `//`, trailing `/`); whiteouts come as such; an
    /// opaque mark comes as an entry of type whiteout with `opaque` set whose path is the directory
    /// ("" for the root): everything in it from *lower* layers is gone, wherever in the archive the
    /// mark stands. `content` is not set. Entries for the root itself are skipped (see root()), and
    /// so is aufs's metadata (`.wh..wh.*`). Errors: ErrorCode::corrupt for a truncated or damaged
    /// archive, `..` in a path, an invalid whiteout; ErrorCode::invalid for exceeded limits; the
    /// source's own errors as they are. Of TarKind::files see there.
    Result<std::optional<LayerEntry>> next();

    /// The bytes of the current entry if it is a regular file (holes read as zeros), else nothing.
    /// Valid until the reader is destroyed; always stands for the current entry.
    ByteSource& content();

    /// Attributes the archive gives the root directory, if it had an entry for it so far.
    [[nodiscard]] const std::optional<LayerEntry>& root() const;

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace mybuild
