#pragma once

#include "builder/session.hpp"

#include <stop_token>

namespace mybuild {

/// Opens what the reachable stages read that is no stage and no image: the build context, and the
/// named contexts they use, each without what its ignore file excludes.
Status open_contexts(Session& session, std::stop_token stop);

/// The digest of all that is in a tree: what a stage FROM it depends on.
Result<Digest> tree_digest(SourceTree& tree);

/// All of a tree as a layer without a parent; none: there is nothing in it. `content` is its
/// tree_digest(); what the store has of that content already is not read again.
Result<std::optional<Layer>> tree_layer(Session& session, SourceTree& tree, const Digest& content);

/// Seconds since 1970 of the newest file of a tree; none: it has no files.
Result<std::optional<std::int64_t>> newest_file(SourceTree& tree);

/// Seconds since 1970 of the newest entry of a layer.
std::int64_t newest_time(const Layer& layer);

} // namespace mybuild
