#pragma once

#include "base/result.hpp"
#include "image/oci/layer_entry.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// The bytes of tar headers, as POSIX.1-2001 (pax) defines them. Written by ourselves: what a
/// layer's digest is must not depend on the version of a library.
namespace mybuild::tar {

inline constexpr std::size_t block_size = 512;

/// Zero bytes from `size` to the next block.
[[nodiscard]] constexpr std::size_t padding(std::uint64_t size) {
    return static_cast<std::size_t>((block_size - size % block_size) % block_size);
}

/// What one header says. `name` is complete: directories end with `/`.
struct Header {
    std::string_view name;
    char type = '0'; ///< 0 file, 1 hard link, 2 symlink, 3 char, 4 block, 5 directory, 6 fifo
    std::uint32_t mode = 0644;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint64_t size = 0;
    std::int64_t mtime = 0;
    std::string_view link = {};
    std::uint32_t device_major = 0;
    std::uint32_t device_minor = 0;
    const std::vector<Xattr>* xattrs = nullptr; ///< those to be written; sorted
};

/// Appends the header, with a PAX header before it if ustar cannot hold all of it. Errors
/// (ErrorCode::invalid): what neither can hold, such as a NUL in a name.
Status append_header(std::string& out, const Header& header);

} // namespace mybuild::tar
