#pragma once

#include "cache/layers/keyed_locks.hpp"
#include "cache/layers/layer_store.hpp"
#include "cache/layers/tree_trash.hpp"

#include <span>
#include <string>
#include <vector>

namespace mybuild {

/// Trees for an overlay of more layers than can be mounted at once: the lowest ones are merged into
/// one tree of hard links, kept under a name made from theirs and used again by the next step.
/// Thread-safe.
class TreeMerger {
  public:
    TreeMerger(Store& store, TreeTrash& trash) : m_store(store), m_trash(trash) {}
    /// Names below trees/ that show the same, bottom first.
    Result<std::vector<std::string>> few(std::span<const TreeRef> trees);

  private:
    Result<std::string> merge(std::span<const std::string> trees);

    Store& m_store;
    TreeTrash& m_trash;
    KeyedLocks m_locks;
};

} // namespace mybuild
