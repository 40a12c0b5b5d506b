#include "builder/mounts/cache_requests.hpp"

#include "base/fs.hpp"
#include "builder/copy/stage_tree.hpp"
#include "builder/mounts/mounted_tree.hpp"
#include "builder/ops/copy_sources.hpp"
#include "cache/key.hpp"
#include "parser/path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <memory>

namespace mybuild {
namespace {

CacheUse use_of(CacheSharing sharing) {
    if (sharing == CacheSharing::locked) return CacheUse::locked;
    return sharing == CacheSharing::exclusive ? CacheUse::exclusive : CacheUse::shared;
}

bool is_whole(const Mount& mount) {
    return clean_path("/" + mount.source) == "/";
}

/// Owner and mode as the Dockerfile asks for them: they count only for a whole cache.
std::optional<CacheRoot> root_of(const Mount& mount) {
    if (!is_whole(mount) || (!mount.uid && !mount.gid && !mount.mode)) return std::nullopt;
    return CacheRoot{mount.uid.value_or(0), mount.gid.value_or(0), mount.mode.value_or(0755)};
}

/// A cache that begins with what `source` names in a stage or image: nothing else of it is copied,
/// so `source` is a part of which cache it is.
Status begin_with(Session& session, const Mount& mount, const plan::Origin& origin,
                  const std::stop_token& stop, CacheRequest& request) {
    TRY_ASSIGN(const auto tree, ops::open_source(session, origin, stop));
    TRY_ASSIGN(auto mounted, find_mounted(*tree, mount.source));
    request.identity.from = KeyBuilder("cache from")
                                .add("source", mounted.root)
                                .add("content", mounted_digest(mounted, Owners::kept))
                                .digest();
    request.fill = [tree, mounted = std::move(mounted)](int parent, const std::string& name) {
        return write_tree(*tree, mounted, parent, name);
    };
    return {};
}

Result<CacheRequest> make_request(Session& session, const Mount& mount, const plan::Origin& origin,
                                  const std::stop_token& stop) {
    CacheRequest request;
    request.identity.id = mount.id;
    request.identity.root = root_of(mount);
    request.use = use_of(mount.sharing);
    if (!std::holds_alternative<plan::FromScratch>(origin))
        TRY(begin_with(session, mount, origin, stop, request));
    return request;
}

} // namespace

Result<std::vector<CacheRequest>> cache_requests(Session& session, const plan::RunOp& op,
                                                 const std::stop_token& stop) {
    std::vector<CacheRequest> requests;
    for (std::size_t i = 0; i < op.mounts.size(); ++i) {
        if (op.mounts[i].type != MountType::cache) continue;
        auto made = make_request(session, op.mounts[i], op.mount_origins[i], stop);
        if (!made) return fail(session.located(std::move(made).error(), op.mount_spans[i]));
        const auto digest = made->identity.digest();
        const auto known = std::find_if(requests.begin(), requests.end(), [&](const auto& other) {
            return other.identity.digest() == digest;
        });
        auto& request = known == requests.end() ? requests.emplace_back(std::move(*made)) : *known;
        request.use = std::max(request.use, use_of(op.mounts[i].sharing));
        request.mounts.push_back(i);
    }
    std::sort(requests.begin(), requests.end(), [](const auto& one, const auto& other) {
        return one.identity.digest() < other.identity.digest();
    });
    return requests;
}

Result<Fd> part_of_cache(const CacheInUse& cache, const CacheRequest& request, const Mount& mount) {
    if (request.identity.from || is_whole(mount)) {
        Fd whole(::fcntl(cache.data.get(), F_DUPFD_CLOEXEC, 3));
        if (!whole) return fail(errno_error("cannot open a cache mount", errno));
        return whole;
    }
    auto part = fs::open_in_root(cache.data.get(), clean_path("/" + mount.source), O_PATH);
    if (part || part.error().code != ErrorCode::not_found) return part;
    return fail(
        {ErrorCode::not_found,
         fmt::format("\"{}\" not found in the cache mount {}", clean_path("/" + mount.source),
                     mount.id),
         {},
         "source= names a part of the cache: a step that mounts the whole of it can make it"});
}

} // namespace mybuild
