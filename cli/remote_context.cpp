#include "cli/remote_context.hpp"

#include "builder/contexts.hpp"
#include "builder/remote/git_trees.hpp"
#include "builder/remote/url_context.hpp"
#include "cli/dockerfile_input.hpp"
#include "cli/wire.hpp"
#include "parser/csv.hpp"
#include "parser/git_url.hpp"

#include <fmt/format.h>

#include <unistd.h>

namespace mybuild::cli {
namespace {

/// The Dockerfile of a context that is a tree, where -f does not lead out of it.
Result<std::shared_ptr<const Source>> outer_dockerfile(Wire& wire, const BuildCommand& command,
                                                       const Remote& remote) {
    if (command.file == "-") return read_dockerfile_text(STDIN_FILENO, {});
    if (command.file && is_http_url(*command.file))
        return fetch_dockerfile(wire, *command.file, remote);
    return nullptr;
}

/// The build arg by which BuildKit's callers keep `.git`.
bool keeps_git_dir(const BuildCommand& command) {
    bool keeps = false;
    for (const auto& [name, value] : command.build_args)
        if (name == "BUILDKIT_CONTEXT_KEEP_GIT_DIR")
            keeps = parse_bool(value.value_or("")).value_or(false);
    return keeps;
}

} // namespace

bool is_http_url(std::string_view text) {
    return text.starts_with("http://") || text.starts_with("https://");
}

Result<OpenedContext> open_url_context(Wire& wire, const BuildCommand& command,
                                       const Remote& remote) {
    UrlFiles files(wire.http(), wire.store(), remote.secret);
    TRY_ASSIGN(const auto url, parse_file_url(command.context));
    const TreeLabel label{"build context", fmt::format("it is what came from {}", url.shown)};
    auto fetched =
        fetch_context(files, wire.store(), wire.layers(), command.context, label, remote.stop);
    if (!fetched) return fail(std::move(fetched).error().in("build context"));
    OpenedContext opened;
    opened.context.tree = fetched->tree;
    opened.context.time = fetched->modified;
    if (!opened.context.time && fetched->is_archive) {
        TRY_ASSIGN(opened.context.time, newest_file(*fetched->tree));
    }
    TRY_ASSIGN(opened.dockerfile, outer_dockerfile(wire, command, remote));
    if (!fetched->is_archive) {
        if (opened.dockerfile) return opened;
        TRY_ASSIGN(opened.dockerfile,
                   read_tree_file(*fetched->tree, url_context_file,
                                  fetched->name.empty() ? "Dockerfile" : fetched->name));
        return opened;
    }
    if (opened.dockerfile) {
        TRY_ASSIGN(opened.context.ignore_file,
                   read_tree_file(*fetched->tree, ".dockerignore", ".dockerignore"));
        return opened;
    }
    TRY_ASSIGN(auto inputs, read_tree_inputs(*fetched->tree, command.file));
    opened.dockerfile = std::move(inputs.dockerfile);
    opened.context.ignore_file = std::move(inputs.ignore_file);
    return opened;
}

Result<OpenedContext> open_git_context(Wire& wire, const BuildCommand& command,
                                       const Remote& remote) {
    auto url = parse_git_url(command.context);
    if (!url) return fail(std::move(url).error().in("build context"));
    GitTrees trees({wire.http(), wire.store(), remote.secret, remote.ssh_agent, remote.known_hosts},
                   wire.layers());
    auto tree = trees.fetch(*url, keeps_git_dir(command),
                            {"build context", fmt::format("it is {}", url->remote)}, remote.stop);
    if (!tree) return fail(std::move(tree).error().in("build context"));
    OpenedContext opened;
    opened.context.tree = *std::move(tree);
    TRY_ASSIGN(opened.context.time, newest_file(*opened.context.tree)); // all as old as the commit
    TRY_ASSIGN(opened.dockerfile, outer_dockerfile(wire, command, remote));
    if (opened.dockerfile) return opened;
    TRY_ASSIGN(auto inputs, read_tree_inputs(*opened.context.tree, command.file));
    opened.dockerfile = std::move(inputs.dockerfile);
    return opened;
}

Result<std::shared_ptr<const Source>> fetch_dockerfile(Wire& wire, const std::string& url,
                                                       const Remote& remote) {
    TRY_ASSIGN(const auto parsed, parse_file_url(url));
    UrlFiles files(wire.http(), wire.store(), remote.secret);
    TRY_ASSIGN(const auto file, files.fetch(parsed, std::nullopt, {}, remote.stop));
    auto text = wire.store().blobs().read(file.blob.digest, max_dockerfile);
    if (!text) return fail(std::move(text).error().in(parsed.shown));
    return std::make_shared<const Source>(parsed.name.empty() ? "Dockerfile" : parsed.name,
                                          *std::move(text));
}

} // namespace mybuild::cli
