#pragma once

#include "image/layer_tar_fields.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

/// Where the data of a file with holes belongs (GNU tar manual, "Storing Sparse Files"). Four
/// forms: in the header (`S`, with further blocks), in repeated PAX records (0.0), in one record
/// (0.1), in front of the data (1.0).
namespace mybuild::tar {

struct Segment {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};
using SparseMap = std::vector<Segment>;

/// Bytes a map may take in an archive, as for PAX headers.
inline constexpr std::size_t max_sparse_map = 1024 * 1024;

/// A decimal number without sign; nothing: malformed or beyond 63 bits.
[[nodiscard]] std::optional<std::int64_t> parse_decimal(std::string_view digits);

/// `offset,length,offset,length…` (0.1).
Result<SparseMap> parse_sparse_list(std::string_view list);

/// The pairs in a header (4 from offset 386) or one of its extension blocks (21 from offset 0).
/// Returns whether another extension block follows.
Result<bool> parse_sparse_block(const Block& block, bool extension, SparseMap& map);

/// Reads decimal lines (1.0: the number of pairs, then the pairs). Feed it blocks until it is done.
class SparseLines {
  public:
    /// True when the map is complete; the rest of the block is padding.
    Result<bool> feed(std::string_view block);
    [[nodiscard]] SparseMap take() { return std::move(m_map); }

  private:
    Result<bool> line(std::string_view digits);
    std::string m_partial;
    std::optional<std::uint64_t> m_left; ///< numbers still to come
    std::optional<std::uint64_t> m_offset;
    SparseMap m_map;
};

/// Checks that segments ascend, do not overlap, lie within `size` and have `stored` bytes together.
Status check_sparse_map(const SparseMap& map, std::uint64_t size, std::uint64_t stored);

} // namespace mybuild::tar
