#pragma once

#include "image/layer_tar_header.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// One block of a foreign archive taken apart (POSIX.1-2001 ustar; GNU tar manual, "Basic Tar
/// Format"; V7 archives have no magic).
namespace mybuild::tar {

using Block = std::array<char, block_size>;

enum class Dialect : std::uint8_t { v7, ustar, star, gnu };

/// The fields as they stand; nothing is merged with PAX or long-name headers yet.
struct Fields {
    Dialect dialect = Dialect::v7;
    std::string name; ///< with the prefix
    std::string link;
    char type = '0';
    std::uint32_t mode = 0; ///< all bits of the field that fit
    std::int64_t uid = 0;
    std::int64_t gid = 0;
    std::int64_t size = 0;
    std::int64_t mtime = 0;
    std::int64_t device_major = 0; ///< of devices only
    std::int64_t device_minor = 0;
};

[[nodiscard]] bool is_zero(const Block& block);
/// Whether the checksum fits; old writers summed signed bytes.
[[nodiscard]] bool checksum_fits(const Block& block);

/// Octal digits with blanks and NULs around them, or GNU's base-256 (first bit set, two's
/// complement). Empty is 0; nothing: malformed or beyond 64 bits.
[[nodiscard]] std::optional<std::int64_t> parse_number(std::string_view field);

/// A slice of the block, and such a slice as text up to its first NUL.
[[nodiscard]] std::string_view slice(const Block& block, std::size_t offset, std::size_t length);
[[nodiscard]] std::string_view text_of(std::string_view field);

/// ErrorCode::corrupt, saying which field is wrong.
Result<Fields> parse_fields(const Block& block);

} // namespace mybuild::tar
