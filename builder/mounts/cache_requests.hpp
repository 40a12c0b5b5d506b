#pragma once

#include "builder/session.hpp"
#include "cache/cache_mounts.hpp"

#include <cstddef>
#include <stop_token>
#include <vector>

namespace mybuild {

/// One cache that a RUN uses, by one or several of its mounts.
struct CacheRequest {
    CacheIdentity identity;
    CacheUse use = CacheUse::shared; ///< the strictest that its mounts ask for
    CacheMounts::Fill fill = {};
    std::vector<std::size_t> mounts = {}; ///< indexes in RunOp::mounts
};

/// The caches of a RUN, each once, in the order in which they are to be taken. Errors stand at the
/// flag: a source that is not in the stage or image that a cache begins with.
Result<std::vector<CacheRequest>> cache_requests(Session& session, const plan::RunOp& op,
                                                 const std::stop_token& stop);

/// What of the cache a mount shows: its `source`, links in it followed inside the cache.
Result<Fd> part_of_cache(const CacheInUse& cache, const CacheRequest& request, const Mount& mount);

} // namespace mybuild
