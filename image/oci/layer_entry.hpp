#pragma once

#include "base/digest.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild {

enum class EntryType : std::uint8_t {
    file,
    hard_link, ///< another name of an entry that stands before it in the same layer
    symlink,
    directory,
    char_device,
    block_device,
    fifo,
    whiteout, ///< the name `path` of the layers below is gone
};

struct Xattr {
    std::string name;
    std::string value; ///< raw bytes
    friend auto operator<=>(const Xattr&, const Xattr&) = default;
};

/// One change that a layer makes to the file system below it (image-spec, layer.md). The common
/// currency of listings, archives and trees; owners are those the image means.
struct LayerEntry {
    std::string path; ///< relative, no leading or trailing `/`, no `.` or `..`; any other bytes
    EntryType type = EntryType::file;
    bool opaque = false;    ///< directory: nothing below it shines through from lower layers
    std::uint32_t mode = 0; ///< permission, setuid, setgid and sticky bits: 07777
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint64_t size = 0; ///< bytes of a regular file, else 0
    std::int64_t mtime = 0; ///< seconds since 1970; layers have no finer times
    std::string link = {};  ///< symlink: its target as stored; hard_link: path of the first name
    std::uint32_t device_major = 0;
    std::uint32_t device_minor = 0;
    std::vector<Xattr> xattrs = {}; ///< sorted by name
    Digest content = {};            ///< regular file: SHA-256 of its bytes

    friend bool operator==(const LayerEntry&, const LayerEntry&) = default;
};

/// The canonical order of a layer: component by component, bytewise, a directory before what is in
/// it. (`/` therefore sorts before every other byte.)
[[nodiscard]] std::strong_ordering compare_paths(std::string_view a, std::string_view b);

/// The directory part of an entry path (`a/b/c` → `a/b`, `a` → ``).
[[nodiscard]] std::string_view parent_path(std::string_view path);
/// The last component.
[[nodiscard]] std::string_view base_name(std::string_view path);

} // namespace mybuild
