#include "builder/copy/select.hpp"

#include "builder/copy/byte_sources.hpp"
#include "builder/copy/filter.hpp"
#include "builder/copy/source_path.hpp"
#include "cache/key.hpp"
#include "parser/wildcard.hpp"

#include <algorithm>
#include <map>

namespace mybuild {
namespace {

SelectedSource inline_source(const plan::InlineFile& file) {
    SelectedSource source;
    source.name = file.name;
    source.inline_content = file.content;
    source.span = file.span;
    SourceNode node;
    node.entry.mode = 0644;
    node.entry.size = file.content.size();
    node.entry.content = Digest::of(file.content);
    source.nodes.push_back(std::move(node));
    return source;
}

Status digest_all(std::vector<SelectedSource>& sources) {
    std::map<SourceTree*, std::vector<SourceNode*>> nodes;
    for (auto& source : sources)
        if (source.tree != nullptr)
            for (auto& node : source.nodes)
                nodes[source.tree].push_back(&node);
    for (const auto& [tree, of_tree] : nodes)
        TRY(tree->digest(of_tree));
    return {};
}

} // namespace

OpenContent SelectedSource::opener(const SourceNode& node) const {
    if (tree == nullptr) {
        return [content = inline_content]() -> Result<std::unique_ptr<ByteSource>> {
            return std::make_unique<OwnedStringSource>(content);
        };
    }
    auto path = root;
    if (!node.entry.path.empty()) path = join_source(root, node.entry.path);
    return [from = tree, path = std::move(path)] { return from->open(path); };
}

namespace {

/// Selects what the sources of one operation stand for.
class Selector {
  public:
    Selector(const plan::CopyOp& op, SourceTree& tree, std::span<const FetchedSource> fetched)
        : m_op(op), m_tree(tree), m_fetched(fetched) {}

    Status add(std::size_t number) {
        const auto& written = m_op.sources[number];
        m_number = number;
        if (number < m_fetched.size() && m_fetched[number].tree)
            return add_fetched(m_fetched[number]);
        return m_op.parents ? add_with_parents(split_pivot(written)) : add_path(written);
    }
    std::vector<SelectedSource> take() { return std::move(m_selected); }

  private:
    /// The file or directory that stands at `path`, links followed.
    [[nodiscard]] Result<SelectedSource> start(const std::string& path) const {
        SelectedSource source;
        source.name = std::string(base_name(path));
        source.number = m_number;
        source.span = m_op.source_spans.at(m_number);
        source.tree = &m_tree;
        TRY_ASSIGN(source.root, m_tree.resolve(path));
        return source;
    }

    Status add_fetched(const FetchedSource& fetched) {
        SelectedSource source;
        source.name = fetched.path;
        source.number = m_number;
        source.span = m_op.source_spans.at(m_number);
        source.tree = fetched.tree.get();
        source.is_fetched = true;
        source.root = fetched.path;
        TRY_ASSIGN(source.nodes, fetched.tree->walk(source.root));
        TRY_ASSIGN(const auto filter, CopyFilter::parse(std::nullopt, m_op.excludes));
        filter.apply(source.nodes, source.root);
        m_selected.push_back(std::move(source));
        return {};
    }

    Status add_path(const std::string& written) {
        const auto clean = clean_source(written);
        std::vector<std::string> paths{clean};
        const bool wildcard = has_wildcard(clean);
        if (wildcard) {
            TRY_ASSIGN(paths, expand_wildcards(clean, m_tree));
        }
        TRY_ASSIGN(const auto filter, CopyFilter::parse(std::nullopt, m_op.excludes));
        for (const auto& path : paths) {
            TRY_ASSIGN(auto source, start(path));
            TRY_ASSIGN(source.nodes, m_tree.walk(source.root));
            if (source.nodes.empty()) return fail(missing_source(path, m_tree));
            // Other builders copy files that a wildcard fits, whatever --exclude says; the
            // documentation of Docker promises otherwise.
            if (wildcard && !source.is_directory() &&
                (filter.excludes(path) || filter.excludes(source.name)))
                continue;
            filter.apply(source.nodes, source.root);
            m_selected.push_back(std::move(source));
        }
        return {};
    }

    Status add_with_parents(const PivotedSource& written) {
        std::vector<std::string> tops{written.top};
        const bool wildcard = has_wildcard(written.top);
        if (wildcard) {
            TRY_ASSIGN(tops, expand_wildcards(written.top, m_tree));
        }
        TRY_ASSIGN(const auto filter,
                   CopyFilter::parse(written.pattern.empty() ? std::nullopt
                                                             : std::optional(written.pattern),
                                     m_op.excludes));
        for (const auto& top : tops) {
            TRY_ASSIGN(auto source, start(top));
            TRY_ASSIGN(source.nodes, walk_for_pattern(source.root, written.pattern, m_tree));
            const bool is_top = !source.nodes.empty() && source.is_directory();
            if (!is_top && wildcard) continue; // a file has nothing below it
            if (!is_top) return fail(missing_source(top, m_tree));
            filter.apply(source.nodes, source.root);
            if (written.plain && source.nodes.size() == 1)
                return fail(missing_source(join_source(top, written.pattern), m_tree));
            m_selected.push_back(std::move(source));
        }
        return {};
    }

    const plan::CopyOp& m_op;
    SourceTree& m_tree;
    std::span<const FetchedSource> m_fetched;
    std::size_t m_number = 0;
    std::vector<SelectedSource> m_selected;
};

} // namespace

Result<std::vector<SelectedSource>> select_sources(const plan::CopyOp& op, SourceTree& tree,
                                                   const std::shared_ptr<const Source>& file,
                                                   std::span<const FetchedSource> fetched) {
    Selector selector(op, tree, fetched);
    for (std::size_t number = 0; number < op.sources.size(); ++number) {
        if (auto added = selector.add(number); !added)
            return fail(std::move(added).error().at(file, op.source_spans.at(number)));
    }
    auto selected = selector.take();
    TRY(digest_all(selected));
    for (auto& source : selected) {
        const auto prefix = source.root.empty() ? 0 : source.root.size() + 1;
        for (auto& node : source.nodes)
            node.entry.path.erase(0, std::min(prefix, node.entry.path.size()));
    }
    for (std::size_t i = 0; i < op.inline_files.size(); ++i) {
        selected.push_back(inline_source(op.inline_files[i]));
        selected.back().number = op.sources.size() + i;
    }
    return selected;
}

std::vector<std::size_t> unmatched_sources(const plan::CopyOp& op,
                                           const std::vector<SelectedSource>& selected) {
    std::vector<std::size_t> unmatched;
    for (std::size_t number = 0; number < op.sources.size(); ++number) {
        const bool matched = std::ranges::any_of(selected, [&](const SelectedSource& source) {
            const bool only_top = op.parents && source.nodes.size() == 1;
            return source.number == number && !only_top;
        });
        if (!matched) unmatched.push_back(number);
    }
    return unmatched;
}

Digest selection_digest(const std::vector<SelectedSource>& sources, const LayoutOptions& options,
                        Owners owners) {
    KeyBuilder key("selection");
    for (const auto& source : sources) {
        key.add("source", source.is_directory() ? std::string_view() : source.name);
        for (const auto& node : source.nodes) {
            const auto& entry = node.entry;
            // A directory that is copied gives its content, never its own attributes.
            if (entry.path.empty() && source.is_directory()) continue;
            const bool is_directory = entry.type == EntryType::directory;
            const bool chmods = options.chmod && entry.type != EntryType::symlink;
            if (node.on_the_way) key.add("on the way", std::uint64_t{entry.mode});
            add_entry(key, entry, entry.path,
                      chmods ? options.chmod(entry.mode, is_directory) : entry.mode, owners);
        }
    }
    return key.digest();
}

} // namespace mybuild
