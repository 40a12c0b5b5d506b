#pragma once

#include "base/fd.hpp"
#include "image/blob_source.hpp"
#include "image/byte_stream.hpp"
#include "image/compress.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// The files of an image archive by name, whatever holds them. Names are clean (see
/// tar::clean_name) and foreign; what they lead to is a regular file inside of the archive or an
/// error.
namespace mybuild::archive {

// Caps as others have them: containerd for JSON, containers/image for configs and manifest.json.
inline constexpr std::size_t max_json = 20 * 1024 * 1024;
inline constexpr std::size_t max_config = 4 * 1024 * 1024;
inline constexpr std::size_t max_docker_manifest = 1024 * 1024;

/// A file that was put into the sink.
struct Stored {
    oci::Descriptor blob;                        ///< digest and size
    Compression compression = Compression::none; ///< of what is in the sink: none, gzip or zstd
};

class Files {
  public:
    Files() = default;
    Files(const Files&) = delete;
    Files& operator=(const Files&) = delete;
    virtual ~Files() = default;

    /// The whole file; nothing if it is not there; larger than `limit` is ErrorCode::corrupt.
    virtual Result<std::optional<std::string>> read(const std::string& name, std::size_t limit) = 0;

    /// Puts the file into the sink; nothing if it is not there. With `expected` its digest and size
    /// are checked. Without, what is compressed in a way that OCI layers are not (xz, bzip2) is
    /// unpacked.
    virtual Result<std::optional<Stored>> store(const std::string& name, BlobSink& sink,
                                                const oci::Descriptor* expected) = 0;
};

/// A directory; symbolic links in it are followed inside of it.
std::unique_ptr<Files> directory_files(Fd directory);

/// An uncompressed tar in a regular file, from its current offset on. Does not own `fd`.
Result<std::unique_ptr<Files>> tar_files(int fd, const std::string& name);

/// A tar that can only be read once: every file but known JSON is put into the sink as it comes,
/// the JSON documents among them (by their first byte) are kept for read().
Result<std::unique_ptr<Files>> spooled_files(ByteSource& source, const std::string& name,
                                             BlobSink& sink);

/// Puts all of `source` into the sink; see Files::store. `what` names it in errors.
Result<Stored> store_stream(ByteSource& source, BlobSink& sink, const oci::Descriptor* expected,
                            const std::string& what);

/// Where a link in an archive leads: `target` as seen from the directory of `name`. Out of the
/// archive: ErrorCode::corrupt.
Result<std::string> link_target(std::string_view name, std::string_view target);

} // namespace mybuild::archive
