#include "builder/mounts/mount_keys.hpp"

#include "builder/copy/context_tree.hpp"
#include "builder/mounts/mounted_tree.hpp"
#include "builder/ops/copy_sources.hpp"

namespace mybuild {
namespace {

/// Of a cache only what it begins with: what it holds by now is in no key.
bool shows_origin(const Mount& mount, const plan::Origin& origin) {
    const bool has_files = mount.type == MountType::bind || mount.type == MountType::cache;
    return has_files && !std::holds_alternative<plan::FromScratch>(origin);
}

/// Puts together the digests of `contexts` and what `add` adds for every other mount that shows
/// files of somewhere.
template <class Add>
Result<std::optional<Digest>> digest_mounts(const Session& session, const plan::RunOp& op,
                                            const std::vector<Digest>& contexts, const Add& add) {
    KeyBuilder key("mounts");
    bool any = false;
    auto context = contexts.begin();
    for (std::size_t i = 0; i < op.mounts.size(); ++i) {
        const bool from_context =
            shown_context(session, op.mounts[i], op.mount_origins[i]) != nullptr;
        if (!from_context && !shows_origin(op.mounts[i], op.mount_origins[i])) continue;
        any = true;
        key.add("target", op.mounts[i].target);
        if (from_context)
            key.add("context", *context++);
        else
            TRY(add(key, i));
    }
    if (!any) return std::nullopt;
    return key.digest();
}

} // namespace

SourceTree* shown_context(const Session& session, const Mount& mount, const plan::Origin& origin) {
    if (mount.type == MountType::bind && !mount.from) return session.context.get();
    const bool has_files = mount.type == MountType::bind || mount.type == MountType::cache;
    return has_files && mount.from ? ops::context_of(session, origin) : nullptr;
}

Result<std::vector<Digest>> mounted_contexts(const Session& session, const plan::RunOp& op) {
    std::vector<Digest> digests;
    for (std::size_t i = 0; i < op.mounts.size(); ++i) {
        auto* tree = shown_context(session, op.mounts[i], op.mount_origins[i]);
        if (tree == nullptr) continue;
        const auto mounted = find_mounted(*tree, op.mounts[i].source);
        if (!mounted) return fail(session.located(mounted.error(), op.mount_spans[i]));
        digests.push_back(mounted_digest(*mounted, Owners::root));
    }
    return digests;
}

std::optional<Digest> mounts_definition(const Session& session, const plan::RunOp& op,
                                        const std::vector<Digest>& contexts) {
    return *digest_mounts(session, op, contexts, [&](KeyBuilder& key, std::size_t i) -> Status {
        session.add_definition(key, op.mount_origins[i]);
        return {};
    });
}

Result<std::optional<Digest>> mounts_content(const Session& session, const plan::RunOp& op,
                                             const std::vector<Digest>& contexts,
                                             const std::stop_token& stop) {
    return digest_mounts(session, op, contexts, [&](KeyBuilder& key, std::size_t i) -> Status {
        TRY_ASSIGN(const auto tree, ops::open_source(session, op.mount_origins[i], stop));
        auto mounted = find_mounted(*tree, op.mounts[i].source);
        if (!mounted) return fail(session.located(std::move(mounted).error(), op.mount_spans[i]));
        key.add("files", mounted_digest(*mounted, Owners::kept));
        return {};
    });
}

} // namespace mybuild
