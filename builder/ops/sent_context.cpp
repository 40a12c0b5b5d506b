#include "builder/ops/sent_context.hpp"

#include "builder/copy/source_path.hpp"
#include "builder/mounts/mount_keys.hpp"
#include "builder/ops/copy_sources.hpp"
#include "parser/wildcard.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild::ops {
namespace {

/// Only directories of this machine are sent in parts.
bool is_directory_here(const Session& session, const std::optional<plan::Origin>& from) {
    if (!from) return !session.request.context.directory.empty();
    const auto* context = std::get_if<plan::FromContext>(&*from);
    return context != nullptr &&
           session.graph.named.at(context->name).kind == plan::ContextSpec::Kind::directory;
}

/// The components before the first one with a wildcard.
std::string literal_directory(const std::string& pattern) {
    std::string directory;
    for (std::size_t at = 0; at < pattern.size();) {
        const auto end = std::min(pattern.find('/', at), pattern.size());
        const auto part = pattern.substr(at, end - at);
        if (has_wildcard(part)) break;
        directory = join_source(directory, part);
        at = end + 1;
    }
    return directory;
}

bool lies_in(const std::string& path, const std::string& directory) {
    return directory.empty() || path == directory || path.starts_with(directory + "/");
}

/// Whether what a source stands for has something of the directory, or all of it.
bool sends(const std::string& source, SourceTree& tree, const std::string& directory) {
    const auto clean = clean_source(source);
    std::vector<std::string> paths{clean};
    if (has_wildcard(clean))
        paths = expand_wildcards(clean, tree).value_or(std::vector<std::string>{});
    return std::ranges::any_of(paths, [&](const std::string& path) {
        const auto real = tree.resolve(path);
        return real && (lies_in(*real, directory) || lies_in(directory, *real));
    });
}

bool step_sends(const Session& session, const plan::Step& step, SourceTree& tree,
                const std::string& directory) {
    if (const auto* copy = std::get_if<plan::CopyOp>(&step.op)) {
        return context_of(session, copy->from) == &tree &&
               std::ranges::any_of(copy->sources, [&](const std::string& source) {
                   return sends(source, tree, directory);
               });
    }
    const auto* run = std::get_if<plan::RunOp>(&step.op);
    if (run == nullptr) return false;
    for (std::size_t i = 0; i < run->mounts.size(); ++i)
        if (shown_context(session, run->mounts[i], run->mount_origins[i]) == &tree &&
            sends(run->mounts[i].source, tree, directory))
            return true;
    return false;
}

} // namespace

Status check_sent(const Session& session, const plan::CopyOp& op,
                  const std::vector<SelectedSource>& selected, SourceTree& tree) {
    if (op.parents || !is_directory_here(session, op.from)) return {};
    for (const auto number : unmatched_sources(op, selected)) {
        const auto pattern = clean_source(op.sources[number]);
        const auto written = literal_directory(pattern);
        TRY_ASSIGN(const auto directory, tree.resolve(written));
        // What --exclude has taken away was there.
        if (directory.empty() || sends(pattern, tree, directory)) continue;
        const bool sent = std::ranges::any_of(session.plans, [&](const plan::StagePlan& plan) {
            return std::ranges::any_of(plan.steps, [&](const plan::Step& step) {
                return step_sends(session, step, tree, directory);
            });
        });
        if (sent) continue;
        auto error = Error{ErrorCode::not_found, fmt::format("nothing in \"/{}\" of the {} fits {}",
                                                             written, tree.name(), pattern)}
                         .with_hint("BuildKit refuses it, too: it does not see a directory of "
                                    "which the build needs nothing else");
        return fail(std::move(error).at(session.file.source, op.source_spans.at(number)));
    }
    return {};
}

} // namespace mybuild::ops
