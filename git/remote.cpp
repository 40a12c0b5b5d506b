#include "git/remote.hpp"

#include "base/digest.hpp"
#include "base/render.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild::git {
namespace {

const RemoteRef* find(const std::vector<RemoteRef>& refs, const std::string& name) {
    const auto found = std::ranges::find(refs, name, &RemoteRef::name);
    return found == refs.end() ? nullptr : &*found;
}

/// `prefix` and the text, unless it begins with it.
std::string with_prefix(std::string_view prefix, std::string_view text) {
    return text.starts_with(prefix) ? std::string(text) : std::string(prefix) + std::string(text);
}

/// Fetched refs are kept under names of no meaning: those of a server that was rearranged could not
/// stand beside those it had before (`a` and `a/b`).
std::string kept_name(const std::string& name) {
    return "refs/kept/" + Digest::of(name).hex();
}

} // namespace

Result<ResolvedRef> resolve_ref(const std::vector<RemoteRef>& refs, std::string_view wanted) {
    std::string name(wanted);
    if (name.empty()) {
        const auto* head = find(refs, "HEAD");
        if (head == nullptr)
            return fail({ErrorCode::not_found, "the repository has no default branch"});
        if (head->symref.empty()) return ResolvedRef{head->name, head->id};
        name = head->symref;
    }
    const std::string tag = with_prefix("refs/tags/", name);
    // git prefers branches where both exist.
    for (const auto& candidate :
         {with_prefix("refs/", name), with_prefix("refs/heads/", name), tag}) {
        const auto* found = find(refs, candidate);
        if (found == nullptr) continue;
        const auto* commit = find(refs, found->name + "^{}");
        return ResolvedRef{found->name, found->id, commit == nullptr ? "" : commit->id};
    }
    return fail(
        Error{ErrorCode::not_found, fmt::format("the repository has no ref {}", printable(name))}
            .with_hint("it is to be a branch, a tag, or all 40 digits of a commit"));
}

Remote::Remote(const Repository& local, Connection& connection, std::stop_token stop)
    : m_local(local), m_subtransport(local.library(), connection, std::move(stop)),
      m_remote(nullptr, local.library().remote_free) {}

Result<std::unique_ptr<Remote>> Remote::connect(const Repository& local, const std::string& url,
                                                Connection& connection, std::stop_token stop) {
    std::unique_ptr<Remote> remote(new Remote(local, connection, std::move(stop)));
    const auto& library = local.library();
    git_remote* made = nullptr;
    git_remote_create_options options{};
    library.remote_create_options_init(&options, GIT_REMOTE_CREATE_OPTIONS_VERSION);
    options.repository = local.handle();
    // No configuration sends the build elsewhere; looking for it would leak, too (libgit2 1.5).
    options.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF;
    if (library.remote_create_with_opts(&made, url.c_str(), &options) != 0)
        return fail(last_error(library, url));
    remote->m_remote.reset(made);
    auto callbacks = remote->m_subtransport.callbacks();
    if (library.remote_connect(made, GIT_DIRECTION_FETCH, &callbacks, nullptr, nullptr) != 0)
        return fail(remote->m_subtransport.error(url));
    TRY(remote->hear_refs());
    return remote;
}

Status Remote::hear_refs() {
    const auto& library = m_local.library();
    const git_remote_head** heads = nullptr;
    std::size_t count = 0;
    if (library.remote_ls(&heads, &count, m_remote.get()) != 0)
        return fail(m_subtransport.error("the list of refs"));
    for (std::size_t i = 0; i < count; ++i) {
        RemoteRef ref{heads[i]->name, std::string(GIT_OID_HEXSZ, '\0')};
        library.oid_fmt(ref.id.data(), &heads[i]->oid);
        if (heads[i]->symref_target != nullptr) ref.symref = heads[i]->symref_target;
        m_refs.push_back(std::move(ref));
    }
    return {};
}

Status Remote::fetch(const std::vector<std::string>& names) {
    const auto& library = m_local.library();
    std::vector<std::string> specs;
    for (const auto& name : names)
        specs.push_back(fmt::format("+{}:{}", name, kept_name(name)));
    std::vector<char*> texts;
    for (auto& spec : specs)
        texts.push_back(spec.data());
    const git_strarray wanted{texts.data(), texts.size()};
    git_fetch_options options{};
    library.fetch_options_init(&options, GIT_FETCH_OPTIONS_VERSION);
    options.callbacks = m_subtransport.callbacks();
    options.prune = GIT_FETCH_NO_PRUNE;
    options.update_fetchhead = 0;
    options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
    if (library.remote_fetch(m_remote.get(), &wanted, &options, nullptr) != 0)
        return fail(m_subtransport.error("the fetch failed"));
    return {};
}

} // namespace mybuild::git
