#pragma once

#include "base/result.hpp"
#include "image/oci/layer_entry.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

/// The bytes of a listing file, version 1. Integers are little-endian.
///
///     file    = header record* pool kept*
///     header  = 128 bytes, see Header
///     record  = 96 bytes, see Record; in canonical order of their paths, each path once
///     pool    = paths, links and xattr blocks, which records point into
///     xattrs  = (u32 name size, u32 value size, name, value)*, sorted by name
///     kept    = (u32 path size, u32 byte count, path, bytes)*
///
/// The checksum covers everything after the header and guards against damage, not against malice;
/// nothing is read out of bounds whatever the bytes are.
/// History: 1, the first.
namespace mybuild::listing_format {

static_assert(std::endian::native == std::endian::little, "listings are mapped as they are");

inline constexpr std::array<char, 8> magic = {'m', 'y', 'b', 'l', 'i', 's', 't', '\n'};
inline constexpr std::uint32_t version = 1;

struct Header {
    std::array<char, 8> magic;
    std::uint32_t version;
    std::uint32_t record_size;
    std::uint64_t count;      ///< records
    std::uint64_t pool_size;  ///< bytes
    std::uint64_t kept_size;  ///< bytes of all kept files with their heads
    std::uint64_t file_bytes; ///< sum of regular files' sizes
    std::array<std::uint8_t, 32> content_id;
    std::uint64_t body_checksum;           ///< of all bytes after the header
    std::uint64_t header_checksum;         ///< of the header up to here
    std::array<std::uint8_t, 32> reserved; ///< zero
};
static_assert(sizeof(Header) == 128);

struct Record {
    std::uint64_t size;
    std::int64_t mtime;
    std::uint32_t path_offset; ///< into the pool
    std::uint32_t link_offset;
    std::uint32_t xattrs_offset;
    std::uint32_t xattrs_size; ///< bytes
    std::uint32_t uid;
    std::uint32_t gid;
    std::uint32_t device_major;
    std::uint32_t device_minor;
    std::uint16_t path_size;
    std::uint16_t link_size;
    std::uint16_t mode;
    std::uint8_t type;   ///< EntryType
    std::uint8_t opaque; ///< 0 or 1
    std::array<std::uint8_t, 32> content;
    std::uint64_t reserved; ///< zero
};
static_assert(sizeof(Record) == 96);

inline constexpr std::size_t header_checked = offsetof(Header, header_checksum);

/// A checksum that keeps up with memory: any single changed word changes it.
[[nodiscard]] std::uint64_t checksum(std::string_view bytes);

/// What keeps an entry out of a listing, apart from its place in the order; empty: nothing.
[[nodiscard]] std::string_view entry_problem(const LayerEntry& entry);

/// False for an absolute, empty or unclean path (`a//b`, `.`, `..`, a trailing `/`, a NUL).
[[nodiscard]] bool is_clean_path(std::string_view path);

} // namespace mybuild::listing_format
