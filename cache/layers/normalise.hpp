#pragma once

#include "base/result.hpp"
#include "cache/layers/stage_view.hpp"

#include <vector>

namespace mybuild {

/// Makes a tree that is a layer out of an overlay upper directory, in place: an upper directory
/// also holds what is no change against `below`.
///
///  * dropped: whiteouts of names that are not there below; directories that were copied up for a
///    child's sake only, or of which nothing but the time changed; files that were copied up and
///    are the same; sockets (with a whiteout in their place where they hide something);
///  * made plain: opaque directories that hide nothing;
///  * put back: the time of a directory whose own attributes and names are as they were;
///  * stripped: overlayfs's xattrs but the opaque mark, and what is_layer_xattr() keeps out of
///  layers.
///
/// `root`: descriptor of the upper directory, no longer mounted anywhere. Returns the layer's
/// entries in canonical order, complete but for the digests of files; of the names of one inode the
/// first is the file, the others are hard links. Errors: ErrorCode::unsupported for names or depths
/// that no layer can hold, ErrorCode::internal for overlay features that were switched off.
Result<std::vector<LayerEntry>> normalise(int root, const StageView& below);

} // namespace mybuild
