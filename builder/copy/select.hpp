#pragma once

#include "builder/copy/entry_key.hpp"
#include "builder/copy/layout.hpp"
#include "builder/copy/source_tree.hpp"
#include "builder/plan/steps.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild {

/// What a source of ADD that is a URL stands for.
struct FetchedSource {
    std::shared_ptr<SourceTree> tree = {}; ///< null: the source is a path, or could not be fetched
    std::string path = {};                 ///< of the file in it; empty: all of it is copied
};

/// One thing that COPY or ADD copies, after wildcards: a file, or a directory with all below it.
struct SelectedSource {
    std::string name; ///< the last component as written (after wildcards): what a file is called
    std::size_t number = 0;     ///< which of the operation's sources it comes from
    Span span;                  ///< where the source stands in the Dockerfile
    SourceTree* tree = nullptr; ///< none: an inline file
    bool is_fetched = false;    ///< from a URL: unpacked only where --unpack says so
    std::string root;           ///< resolved path in the tree
    /// The file itself, or the directory and all below it; paths relative to `root` (the first
    /// empty).
    std::vector<SourceNode> nodes;
    std::string inline_content = {};

    [[nodiscard]] bool is_directory() const {
        return nodes.front().entry.type == EntryType::directory;
    }
    /// How the bytes of one of its nodes are read.
    [[nodiscard]] OpenContent opener(const SourceNode& node) const;
};

/// What the sources of a COPY or ADD name, in order, with digests of all their files
/// (dockerfile-language.md, 6.9 "Local source paths"). Errors: a source that is not there
/// (not_found, with what may be the cause), a malformed pattern; located in `file`. `fetched`: by
/// number of source, where some are URLs; its trees must outlive what is returned.
Result<std::vector<SelectedSource>> select_sources(const plan::CopyOp& op, SourceTree& tree,
                                                   const std::shared_ptr<const Source>& file,
                                                   std::span<const FetchedSource> fetched = {});

/// Numbers of the sources that stand for nothing: wildcards that fit no name.
std::vector<std::size_t> unmatched_sources(const plan::CopyOp& op,
                                           const std::vector<SelectedSource>& selected);

/// The digest of what will land in the layer: names, types, link targets, bytes, xattrs, modes as
/// after --chmod, owners unless --chown sets them; no times (architecture.md, idea 2).
Digest selection_digest(const std::vector<SelectedSource>& sources, const LayoutOptions& options,
                        Owners owners);

} // namespace mybuild
