#pragma once

#include "base/result.hpp"
#include "cache/layers/listing.hpp"

namespace mybuild {

/// Whether a tree on disk is what its listing says, name by name and byte by byte: no name more, no
/// name less, with the attributes, links, xattrs and contents listed. Times of directories are not
/// looked at. Reads everything once.
///
/// For trees that a power loss may have torn: nobody waits for the disk when a step ends.
/// `root`: the tree, borrowed. Only failing to look at what is there is an error.
Result<bool> is_whole_tree(int root, const Listing& listing);

} // namespace mybuild
