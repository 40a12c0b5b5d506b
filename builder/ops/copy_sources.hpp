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

/// The root file system of a stage that is done, of an image in the store, or an empty one.
Result<std::unique_ptr<SourceTree>> open_source(const Session& session, const plan::Origin& origin,
                                                std::stop_token stop);

/// Says which sources stand for nothing: wildcards that fit no name, as far as --exclude leaves
/// any. `where`: the name of the tree.
void warn_unmatched(Session& session, const plan::CopyOp& op,
                    const std::vector<SelectedSource>& selected, std::string_view where);

} // namespace mybuild::ops
