#pragma once

#include "image/oci/layer_entry.hpp"

#include <string>

namespace mybuild {

/// The entry for one more name of `file`'s inode: the attributes are the inode's, but content and
/// xattrs stand with the first name alone.
inline LayerEntry hard_link_to(const LayerEntry& file, std::string path) {
    LayerEntry link;
    link.path = std::move(path);
    link.type = EntryType::hard_link;
    link.mode = file.mode;
    link.uid = file.uid;
    link.gid = file.gid;
    link.mtime = file.mtime;
    link.link = file.path;
    return link;
}

} // namespace mybuild
