#include "builder/copy/select.hpp"

#include "builder/copy/byte_sources.hpp"
#include "cache/key.hpp"
#include "parser/ignore.hpp"
#include "parser/wildcard.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild {
namespace {

/// The path cleaned against `/`: relative, without `.` and `..`.
std::string cleaned(std::string_view path) {
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at < path.size();) {
        const auto end = std::min(path.find('/', at), path.size());
        const auto part = path.substr(at, end - at);
        if (part == "..") {
            if (!parts.empty()) parts.pop_back();
        } else if (!part.empty() && part != ".") {
            parts.push_back(part);
        }
        at = end + 1;
    }
    std::string out;
    for (const auto part : parts) {
        if (!out.empty()) out += '/';
        out += part;
    }
    return out;
}

std::string joined(const std::string& directory, const std::string& name) {
    return directory.empty() ? name : directory + "/" + name;
}

Error missing(const std::string& written, const SourceTree& tree) {
    return {ErrorCode::not_found,
            fmt::format("\"/{}\" not found in the {}", written, tree.name()),
            {},
            tree.missing_hint()};
}

/// The paths a pattern stands for, component by component; links in the way are not followed once
/// wildcards have begun, as BuildKit's walk does not.
Result<std::vector<std::string>> expand_wildcards(const std::string& pattern, SourceTree& tree) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at <= pattern.size();) {
        const auto end = std::min(pattern.find('/', at), pattern.size());
        parts.push_back(pattern.substr(at, end - at));
        at = end + 1;
    }
    std::size_t plain = 0;
    std::string base;
    while (plain < parts.size() && !has_wildcard(parts[plain]))
        base = joined(base, parts[plain++]);
    TRY_ASSIGN(base, tree.resolve(base));
    TRY_ASSIGN(const auto start, tree.find(base));
    if (!start || start->entry.type != EntryType::directory) return fail(missing(base, tree));

    std::vector<std::string> level{base};
    for (auto part = plain; part < parts.size(); ++part) {
        std::vector<std::string> next;
        for (const auto& directory : level) {
            TRY_ASSIGN(const auto node, tree.find(directory));
            if (!node || node->entry.type != EntryType::directory) continue;
            TRY_ASSIGN(const auto names, tree.children(directory));
            for (const auto& name : names) {
                TRY_ASSIGN(const bool fits, wildcard_match(parts[part], name));
                if (fits) next.push_back(joined(directory, name));
            }
        }
        level = std::move(next);
    }
    return level;
}

/// The file or directory at `path` (links followed) with all below it, paths made relative.
Result<SelectedSource> select_path(const std::string& path, const std::string& written, Span span,
                                   SourceTree& tree) {
    SelectedSource source;
    source.name = std::string(base_name(path));
    source.span = span;
    source.tree = &tree;
    TRY_ASSIGN(source.root, tree.resolve(path));
    TRY_ASSIGN(source.nodes, tree.walk(source.root));
    if (source.nodes.empty()) return fail(missing(written, tree));
    return source;
}

void drop_excluded(SelectedSource& source, const IgnoreRules& rules, bool by_wildcard) {
    const auto prefix = source.root.empty() ? 0 : source.root.size() + 1;
    std::erase_if(source.nodes, [&](const SourceNode& node) {
        if (node.entry.path == source.root)
            return by_wildcard && !source.is_directory() && rules.ignored(source.name);
        return rules.ignored(std::string_view(node.entry.path).substr(prefix));
    });
}

SelectedSource inline_source(const plan::InlineFile& file) {
    SelectedSource source;
    source.name = file.name;
    source.inline_content = file.content;
    SourceNode node;
    node.entry.mode = 0644;
    node.entry.size = file.content.size();
    node.entry.content = Digest::of(file.content);
    source.nodes.push_back(std::move(node));
    return source;
}

Status digest_all(std::vector<SelectedSource>& sources, SourceTree& tree) {
    std::vector<SourceNode*> nodes;
    for (auto& source : sources)
        if (source.tree != nullptr)
            for (auto& node : source.nodes)
                nodes.push_back(&node);
    return tree.digest(nodes);
}

} // namespace

OpenContent SelectedSource::opener(const SourceNode& node) const {
    if (tree == nullptr) {
        return [content = inline_content]() -> Result<std::unique_ptr<ByteSource>> {
            return std::make_unique<OwnedStringSource>(content);
        };
    }
    auto path = root;
    if (!node.entry.path.empty()) path = joined(root, node.entry.path);
    return [from = tree, path = std::move(path)] { return from->open(path); };
}

namespace {

/// What one source as written stands for, after wildcards and --exclude.
Result<std::vector<SelectedSource>> select_one(const std::string& written, Span span,
                                               const IgnoreRules& excludes, SourceTree& tree) {
    std::vector<std::string> paths{written};
    const bool wildcard = has_wildcard(written);
    if (wildcard) {
        TRY_ASSIGN(paths, expand_wildcards(written, tree));
    }
    std::vector<SelectedSource> selected;
    for (const auto& path : paths) {
        TRY_ASSIGN(auto source, select_path(path, written, span, tree));
        drop_excluded(source, excludes, wildcard);
        if (!source.nodes.empty()) selected.push_back(std::move(source));
    }
    return selected;
}

} // namespace

Result<std::vector<SelectedSource>> select_sources(const plan::CopyOp& op, SourceTree& tree,
                                                   const std::shared_ptr<const Source>& file) {
    IgnoreRules excludes;
    if (!op.excludes.empty()) {
        TRY_ASSIGN(excludes, IgnoreRules::from_patterns(op.excludes));
    }
    std::vector<SelectedSource> selected;
    for (std::size_t i = 0; i < op.sources.size(); ++i) {
        const auto span = op.source_spans.at(i);
        auto found = select_one(cleaned(op.sources[i]), span, excludes, tree);
        if (!found) return fail(std::move(found).error().at(file, span));
        std::move(found->begin(), found->end(), std::back_inserter(selected));
    }
    TRY(digest_all(selected, tree));
    for (auto& source : selected) {
        const auto prefix = source.root.empty() ? 0 : source.root.size() + 1;
        for (auto& node : source.nodes)
            node.entry.path.erase(0, std::min(prefix, node.entry.path.size()));
    }
    for (const auto& inline_file : op.inline_files)
        selected.push_back(inline_source(inline_file));
    return selected;
}

Digest selection_digest(const std::vector<SelectedSource>& sources, const LayoutOptions& options,
                        bool keeps_owners) {
    KeyBuilder key("selection");
    for (const auto& source : sources) {
        key.add("source", source.is_directory() ? std::string_view() : source.name);
        for (const auto& node : source.nodes) {
            const auto& entry = node.entry;
            // A directory that is copied gives its content, never its own attributes.
            if (entry.path.empty() && source.is_directory()) continue;
            const bool is_directory = entry.type == EntryType::directory;
            const bool chmods = options.chmod && entry.type != EntryType::symlink;
            key.add("path", entry.path).add("type", static_cast<std::uint64_t>(entry.type));
            key.add("mode",
                    std::uint64_t{chmods ? options.chmod(entry.mode, is_directory) : entry.mode});
            if (keeps_owners)
                key.add("uid", std::uint64_t{entry.uid}).add("gid", std::uint64_t{entry.gid});
            if (entry.type == EntryType::file) key.add("content", entry.content);
            if (entry.type == EntryType::symlink) key.add("link", entry.link);
            if (entry.device_major != 0 || entry.device_minor != 0)
                key.add("device", (std::uint64_t{entry.device_major} << 32U) | entry.device_minor);
            for (const auto& xattr : entry.xattrs)
                key.add("xattr", xattr.name).add("value", xattr.value);
        }
    }
    return key.digest();
}

} // namespace mybuild
