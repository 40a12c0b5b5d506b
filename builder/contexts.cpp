#include "builder/contexts.hpp"

#include "base/fs.hpp"
#include "builder/copy/context_tree.hpp"
#include "builder/copy/ignored_tree.hpp"
#include "builder/kept_layer.hpp"
#include "builder/remote/git_trees.hpp"
#include "builder/remote/url_context.hpp"
#include "cache/store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fcntl.h>

namespace mybuild {
namespace {

constexpr std::size_t max_ignore_file = std::size_t{16} * 1024 * 1024;

bool reads_context(const Session& session) {
    for (const auto& plan : session.plans) {
        for (const auto& step : plan.steps) {
            const auto* copy = std::get_if<plan::CopyOp>(&step.op);
            if (copy != nullptr && !copy->from) return true;
            const auto* run = std::get_if<plan::RunOp>(&step.op);
            if (run != nullptr && std::ranges::any_of(run->mounts, [](const Mount& mount) {
                    return mount.type == MountType::bind && !mount.from;
                }))
                return true;
        }
    }
    return false;
}

/// The stat index of a directory, which lives as long as the session.
Result<FileDigests*> stat_index(Session& session, const std::string& directory) {
    if (!session.stat_index_dir) {
        TRY_ASSIGN(session.stat_index_dir,
                   fs::open_at(session.ports.store.root_fd(), "contexts", O_RDONLY | O_DIRECTORY));
    }
    session.stat_indexes.push_back(FileDigests::open(session.stat_index_dir.get(), directory));
    return session.stat_indexes.back().get();
}

Result<IgnoreRules> rules_of(const std::shared_ptr<const Source>& ignore_file) {
    if (!ignore_file) return IgnoreRules();
    return IgnoreRules::parse(ignore_file);
}

Status open_main(Session& session) {
    const auto& asked = session.request.context;
    TRY_ASSIGN(session.ignore, rules_of(asked.ignore_file));
    if (asked.tree) {
        session.context = std::make_shared<IgnoredTree>(asked.tree, session.ignore);
        return {};
    }
    FileDigests* digests = nullptr;
    if (reads_context(session)) {
        TRY_ASSIGN(digests, stat_index(session, asked.directory));
    }
    TRY_ASSIGN(session.context, ContextTree::open(asked.directory, session.ignore, digests));
    return {};
}

/// A directory in the place of an image or stage: its own ignore file counts.
Result<std::shared_ptr<SourceTree>> open_directory(Session& session, const std::string& name,
                                                   const std::string& directory) {
    const auto path = directory + "/.dockerignore";
    std::shared_ptr<const Source> ignore_file;
    auto text = fs::read_file_at(AT_FDCWD, path, max_ignore_file);
    if (text)
        ignore_file = std::make_shared<const Source>(path, std::move(*text));
    else if (text.error().code != ErrorCode::not_found && !fs::is_directory(path))
        return fail(std::move(text).error());
    TRY_ASSIGN(auto rules, rules_of(ignore_file));
    TRY_ASSIGN(auto* digests, stat_index(session, directory));
    const TreeLabel label{"build context " + name,
                          fmt::format("it is {}; is the file there, and not excluded by its "
                                      ".dockerignore?",
                                      directory)};
    return ContextTree::open(directory, std::move(rules), digests, label);
}

Result<std::shared_ptr<SourceTree>> open_named(Session& session, const std::string& name,
                                               std::stop_token stop) {
    using Kind = plan::ContextSpec::Kind;
    const auto& spec = session.graph.named.at(name);
    if (spec.kind == Kind::directory) return open_directory(session, name, spec.text);
    auto& ports = session.ports;
    if (ports.http == nullptr)
        return fail({ErrorCode::unsupported, "there is no network to fetch URLs from"});
    if (spec.kind == Kind::git) {
        TRY_ASSIGN(const auto url, parse_git_url(spec.text));
        GitTrees trees(git_ports(ports), ports.layers);
        return trees.fetch(url, false, {"build context " + name, "it is " + url.remote},
                           std::move(stop));
    }
    if (spec.kind == Kind::url) {
        UrlFiles files(*ports.http, ports.store, ports.secret);
        const TreeLabel label{"build context " + name, "it is what came from " + spec.text};
        TRY_ASSIGN(auto fetched, fetch_context(files, ports.store, ports.layers, spec.text, label,
                                               std::move(stop)));
        return std::move(fetched.tree);
    }
    return fail({ErrorCode::internal, "an image or stage was opened as a directory"});
}

} // namespace

Status open_contexts(Session& session, std::stop_token stop) {
    TRY(open_main(session));
    for (const auto& name : session.graph.contexts) {
        auto tree = open_named(session, name, stop);
        if (!tree) return fail(std::move(tree).error().in(fmt::format("build context {}", name)));
        session.named.emplace(name, *std::move(tree));
    }
    return {};
}

Result<Digest> tree_digest(SourceTree& tree) {
    SelectedSource all;
    all.tree = &tree;
    TRY_ASSIGN(all.nodes, tree.walk(""));
    std::vector<SourceNode*> nodes;
    for (auto& node : all.nodes)
        nodes.push_back(&node);
    TRY(tree.digest(nodes));
    return selection_digest({all}, {}, Owners::kept);
}

Result<std::optional<Layer>> tree_layer(Session& session, SourceTree& tree, const Digest& content) {
    const auto key = KeyBuilder("tree layer").add("content", content).digest();
    return kept_layer(session.ports.store, session.ports.layers, key,
                      [&] { return entries_of(tree); });
}

Result<std::optional<std::int64_t>> newest_file(SourceTree& tree) {
    TRY_ASSIGN(const auto nodes, tree.walk(""));
    std::optional<std::int64_t> newest;
    for (const auto& node : nodes)
        if (node.entry.type == EntryType::file)
            newest = std::max(newest.value_or(node.entry.mtime), node.entry.mtime);
    return newest;
}

std::int64_t newest_time(const Layer& layer) {
    std::int64_t newest = 0;
    for (std::size_t i = 0; i < layer.listing->size(); ++i)
        newest = std::max(newest, layer.listing->entry(i).mtime);
    return newest;
}

} // namespace mybuild
