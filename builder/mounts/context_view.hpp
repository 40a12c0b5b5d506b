#pragma once

#include "base/fd.hpp"
#include "builder/copy/source_tree.hpp"
#include "cache/layers/layer_store.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mybuild {

enum class Writes : std::uint8_t { refused, discarded };

/// A mount of what the build context has at some path, as Docker has it: without what the ignore
/// file excludes, everything owned by root, no sockets and devices of the machine behind it.
struct ContextView {
    Fd mount = {};                            ///< detached; none: `scratch` is it
    std::unique_ptr<Scratch> scratch = {};    ///< where writes go
    std::unique_ptr<WorkDirectory> work = {}; ///< what the mount is made of

    [[nodiscard]] int fd() const { return mount ? mount.get() : scratch->root(); }
};

/// Nothing is copied where the kernel can show the files as they should be: an identity mapping
/// makes root of the owner that most of them have, and an overlay hides what is ignored and puts
/// small copies over files of other owners. Where it cannot, and where the context is no directory
/// (a tar from standard input), the tree is copied into the store for as long as the view lives.
Result<ContextView> view_context(LayerStore& layers, SourceTree& context, const std::string& source,
                                 Writes writes);

} // namespace mybuild
