#pragma once

#include "base/passwd.hpp"
#include "base/result.hpp"
#include "builder/copy/source_tree.hpp"
#include "cache/layers/stage_view.hpp"
#include "image/byte_stream.hpp"
#include "image/oci/layer_entry.hpp"

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild {

/// Opens the bytes of a file that will be in the layer.
using OpenContent = std::function<Result<std::unique_ptr<ByteSource>>()>;

struct PlannedEntry {
    LayerEntry entry;
    OpenContent open = {};         ///< files with size > 0
    std::uint64_t inode_group = 0; ///< equal, non-zero: hard links of each other
};

struct LayoutOptions {
    std::optional<Owner> owner = {}; ///< --chown: of everything copied and of parents made for it
    /// --chmod: the new mode of an entry (never asked for links).
    std::function<std::uint32_t(std::uint32_t mode, bool is_directory)> chmod = {};
    bool chmod_is_octal = false; ///< an octal --chmod also gives its 0777 to parents made for it
    std::int64_t now = 0;        ///< seconds: the time of directories made
    /// Opens a file of the stage below, for an archive's hard link to it; none: there is no such
    /// file.
    std::function<Result<std::unique_ptr<ByteSource>>(const std::string& path)> open_below = {};
};

/// Works out which entries a layer needs so that files come to stand where COPY, ADD and WORKDIR
/// say (dockerfile-language.md, 6.9 "Result naming" and "Metadata"). Pure: knows the stage below
/// from its listings and collects entries; nothing is read or written.
class Layout {
  public:
    Layout(StageView below, LayoutOptions options);

    /// The path with symbolic links followed inside the stage as it will be; `..` stops at the
    /// root. With a `root`, which is resolved already, `path` and its links are seen from there,
    /// and a `..` that leads out of it is ErrorCode::invalid.
    [[nodiscard]] Result<std::string>
    resolve(std::string_view path, bool follow_last,
            std::optional<std::string_view> root = std::nullopt) const;
    [[nodiscard]] std::optional<LayerEntry> find(std::string_view path) const;
    [[nodiscard]] bool is_directory(std::string_view path) const;

    /// Makes the directory and its missing parents. `path` is resolved already.
    Status make_directories(const std::string& path);
    /// Puts a file (or link, device, …) at exactly this resolved path, as a file of its own.
    Status put_file(const std::string& path, const SourceNode& node, OpenContent open);
    /// Merges the content of a directory into `path`: `nodes` is the directory itself and all below
    /// it, their paths relative to it (the first one empty). Names of one inode among them stay
    /// hard links of each other.
    Status merge_directory(const std::string& path, const std::vector<SourceNode>& nodes,
                           const std::function<OpenContent(const SourceNode&)>& open);
    /// Makes the directory that an archive is unpacked into, and its missing parents: 0755,
    /// whatever
    /// --chmod says. `path` is resolved already.
    Status make_unpack_root(const std::string& path);
    /// An entry of an unpacked archive: takes the place of whatever was there, as tar does. Parents
    /// that the archive does not have are 0755 root, whatever --chown says.
    Status unpack(LayerEntry entry, OpenContent open);
    /// A hard link of an archive: a further name at `path` of what stands at `first`, by this
    /// archive or from before. Errors (ErrorCode::invalid): nothing stands there, or a directory.
    Status unpack_link(const std::string& first, const std::string& path);

    /// All entries in canonical order, each after its parents, hard links resolved.
    [[nodiscard]] std::vector<PlannedEntry> finish();

  private:
    struct PathLess {
        using is_transparent = void;
        bool operator()(std::string_view a, std::string_view b) const {
            return std::is_lt(compare_paths(a, b));
        }
    };
    LayerEntry plain_directory(const std::string& path) const;
    LayerEntry new_directory(const std::string& path) const;
    LayerEntry dressed(const LayerEntry& source, const std::string& path) const;
    using MakeDirectory = std::function<LayerEntry(const std::string& path)>;
    Status make_missing(const std::string& path, const MakeDirectory& make);
    Status put(const std::string& path, PlannedEntry planned);
    Status merge_top(const std::string& path, const LayerEntry& source);
    Status merge_child(const std::string& path, const SourceNode& node);
    void replace(const std::string& path);
    void link_groups(std::vector<PlannedEntry>& entries) const;

    std::uint64_t m_next_group = 1; ///< of hard links; groups of sources are numbered anew
    StageView m_below;
    LayoutOptions m_options;
    std::map<std::string, PlannedEntry, PathLess> m_planned;
};

} // namespace mybuild
