#pragma once

#include "base/result.hpp"
#include "image/byte_stream.hpp"
#include "image/oci/layer_entry.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild {

/// One file of a tree that COPY reads from. `entry.path` is relative to the tree's root.
struct SourceNode {
    LayerEntry entry;
    std::uint64_t inode_group = 0; ///< equal, non-zero numbers: names of one inode
    bool is_socket = false;        ///< of the context: arrives as an empty file
    bool on_the_way = false;       ///< a directory that is copied for what is below it alone
};

/// How messages call a tree, and what they advise when something is not in it.
struct TreeLabel {
    std::string name;
    std::string missing_hint = {};
};

/// What COPY and ADD read from: the build context or the root of a stage or image. Paths are
/// relative, without `.` and `..`; the root is ``. Whatever an ignore file excludes is not there.
class SourceTree {
  public:
    SourceTree() = default;
    SourceTree(const SourceTree&) = delete;
    SourceTree& operator=(const SourceTree&) = delete;
    virtual ~SourceTree() = default;

    /// What stands at the path, a link in its last component not followed; `entry.content` may be
    /// zero.
    virtual Result<std::optional<SourceNode>> find(const std::string& path) = 0;
    /// Names in the directory, sorted bytewise.
    virtual Result<std::vector<std::string>> children(const std::string& path) = 0;
    /// The path with every symbolic link followed, the last component's too, none leaving the root.
    /// Where nothing stands at it, what it would be.
    virtual Result<std::string> resolve(const std::string& path) = 0;
    /// Everything at and below `path`, in canonical order, links not followed.
    virtual Result<std::vector<SourceNode>> walk(const std::string& path) = 0;
    /// Fills in `entry.content` and `entry.xattrs` of the regular files among the nodes, from
    /// memory where it can.
    virtual Status digest(std::span<SourceNode* const> nodes) = 0;
    /// The bytes of a regular file.
    virtual Result<std::unique_ptr<ByteSource>> open(const std::string& path) = 0;
    /// Descriptor of the directory of which the tree is a part, with owners and sockets of the
    /// machine; -1 where there is none.
    [[nodiscard]] virtual int directory() const { return -1; }
    /// How the tree is called in messages: `build context`, `stage build`.
    [[nodiscard]] virtual std::string_view name() const = 0;
    /// What to do when a source is not in it; may be empty.
    [[nodiscard]] virtual std::string missing_hint() const { return {}; }
};

} // namespace mybuild
