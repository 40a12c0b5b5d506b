#pragma once

#include "builder/copy/listed_tree.hpp"
#include "builder/session.hpp"

#include <memory>
#include <stop_token>

namespace mybuild::ops {

/// The layers of a stage that is done, of an image in the store, or none; and what messages call
/// them.
struct SourceLayers {
    LayerStack layers;
    TreeLabel label;
};
Result<SourceLayers> open_layers(const Session& session, const plan::Origin& origin,
                                 std::stop_token stop);

/// The context that is read where `from` says so: the build context where it says nothing, or a
/// named one. Contexts are open before anything runs; null: it is a stage or an image.
SourceTree* context_of(const Session& session, const std::optional<plan::Origin>& from);

/// The root file system of a stage that is done, of an image in the store, or an empty one; or a
/// named context.
Result<std::shared_ptr<SourceTree>> open_source(const Session& session, const plan::Origin& origin,
                                                std::stop_token stop);

/// Says which sources stand for nothing: wildcards that fit no name, as far as --exclude leaves
/// any. `where`: the name of the tree.
void warn_unmatched(Session& session, const plan::CopyOp& op,
                    const std::vector<SelectedSource>& selected, std::string_view where);

} // namespace mybuild::ops
