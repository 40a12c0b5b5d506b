#pragma once

#include "base/digest.hpp"
#include "builder/copy/entry_key.hpp"
#include "builder/copy/source_tree.hpp"

#include <string>
#include <vector>

namespace mybuild {

/// What a mount with `source=` shows of a tree: a directory with all below it, or a file.
struct MountedTree {
    std::string root;              ///< resolved path in the tree
    std::vector<SourceNode> nodes; ///< what is there, then what is below it; paths as in the tree

    [[nodiscard]] bool is_directory() const {
        return nodes.empty() || nodes.front().entry.path != root ||
               nodes.front().entry.type == EntryType::directory;
    }
};

/// Where in the tree `source` of a mount is, links followed inside the tree. ErrorCode::not_found
/// where nothing is there.
Result<std::string> mounted_path(SourceTree& tree, const std::string& source);

/// Finds it, links followed inside the tree, with the digests of all files. ErrorCode::not_found
/// where nothing is there.
Result<MountedTree> find_mounted(SourceTree& tree, const std::string& source);

/// Digest of what a step can see of it but times: paths, types, modes, links, bytes, xattrs, and
/// owners where they are kept (a context's files all belong to root). The root of a context is 0755
/// whatever it is on the machine.
Digest mounted_digest(const MountedTree& mounted, Owners owners);

/// Writes the tree as `name` into the directory `parent`, with all attributes, as `tree` has it.
Status write_tree(SourceTree& tree, const MountedTree& mounted, int parent,
                  const std::string& name);

} // namespace mybuild
