#pragma once

#include "base/digest.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace mybuild {

class Store;

/// Owner and mode of the directory that a cache is.
struct CacheRoot {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint32_t mode = 0755;
};

/// What tells one cache of RUN --mount=type=cache from another (dockerfile-language.md, 6.2).
struct CacheIdentity {
    std::string id;                     ///< with its name space
    std::optional<Digest> from = {};    ///< content it begins with; none: an empty directory
    std::optional<CacheRoot> root = {}; ///< as the Dockerfile asks for it

    [[nodiscard]] Digest digest() const;
};

enum class CacheUse : std::uint8_t {
    shared,    ///< with others that share it
    exclusive, ///< a copy that nobody else uses: another one where all there are are in use
    locked,    ///< alone: others wait
};

/// A cache that a step has in use; others see that as long as it lives.
struct CacheInUse {
    Fd lock;
    Fd data; ///< O_PATH: what is mounted, a directory or (where `from` names one) a file
};

/// Directories that steps keep between builds, in the store but in no layer, key or record
/// (docs/formats.md). Any number of processes may use them. Thread-safe.
class CacheMounts {
  public:
    explicit CacheMounts(Store& store) : m_store(store) {}

    /// Makes what a new cache begins with as `name` in the directory `parent`.
    using Fill = std::function<Status(int parent, const std::string& name)>;

    /// Takes the cache into use, making it where there is none (by `fill` if the identity has
    /// `from` and no root of its own). Whoever takes several takes them in the order of their
    /// digests, lest two wait for each other. `on_wait` is called if it has to be waited for.
    /// Errors: ErrorCode::cancelled when `stop` was requested meanwhile.
    Result<CacheInUse> take(const CacheIdentity& identity, CacheUse use, const Fill& fill,
                            const std::function<void()>& on_wait, const std::stop_token& stop);

  private:
    Result<Fd> open_cache(const CacheIdentity& identity);
    Result<Fd> open_data(int copy, const CacheIdentity& identity, const Fill& fill);

    Store& m_store;
};

} // namespace mybuild
