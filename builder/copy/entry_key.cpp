#include "builder/copy/entry_key.hpp"

namespace mybuild {

void add_entry(KeyBuilder& key, const LayerEntry& entry, std::string_view path, std::uint32_t mode,
               Owners owners) {
    key.add("path", path).add("type", static_cast<std::uint64_t>(entry.type));
    key.add("mode", std::uint64_t{mode});
    if (owners == Owners::kept)
        key.add("uid", std::uint64_t{entry.uid}).add("gid", std::uint64_t{entry.gid});
    if (entry.type == EntryType::file) key.add("content", entry.content);
    if (entry.type == EntryType::symlink) key.add("link", entry.link);
    if (entry.device_major != 0 || entry.device_minor != 0)
        key.add("device", (std::uint64_t{entry.device_major} << 32U) | entry.device_minor);
    for (const auto& xattr : entry.xattrs)
        key.add("xattr", xattr.name).add("value", xattr.value);
}

} // namespace mybuild
