#pragma once

#include "image/layer_tar_sparse.hpp"
#include "image/oci/layer_entry.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild::tar {

/// Readers refuse longer PAX headers and GNU long names (as Go's archive/tar and libarchive do).
inline constexpr std::size_t max_special = 1024 * 1024;

/// What a PAX extended header says that matters for a layer (POSIX.1-2001, pax; star's xattrs;
/// GNU's sparse files).
struct Pax {
    std::optional<std::string> path;
    std::optional<std::string> link;
    std::optional<std::int64_t> uid;
    std::optional<std::int64_t> gid;
    std::optional<std::int64_t> size;
    std::optional<std::int64_t> mtime; ///< rounded down
    std::vector<Xattr> xattrs;         ///< sorted, each name once

    std::optional<std::string> sparse_name;
    std::optional<std::int64_t> sparse_size; ///< size with the holes
    std::optional<SparseMap> sparse_map;     ///< forms 0.0 and 0.1
    bool sparse_in_data = false;             ///< form 1.0
};

/// Parses the records of an `x` header; an empty value takes back what the main header is to say.
/// ErrorCode::corrupt: malformed records, NULs in names.
Result<Pax> parse_pax(std::string_view records);

} // namespace mybuild::tar
