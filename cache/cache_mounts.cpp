#include "cache/cache_mounts.hpp"

#include "base/file_lock.hpp"
#include "base/fs.hpp"
#include "cache/key.hpp"
#include "cache/store.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>

// Below the store's root:
//
//   caches/HEX/        HEX: CacheIdentity::digest()
//     about            the identity as key fields, for people and for whoever reclaims space
//     N/               a copy; 0 is the one that is shared
//       lock           flock: shared or exclusive while in use; mtime: the last use
//       data           what steps see; renamed here when it is whole
namespace mybuild {
namespace {

constexpr const char* about_file = "about";
constexpr const char* lock_file_name = "lock";
constexpr const char* data_name = "data";

KeyBuilder described(const CacheIdentity& identity) {
    KeyBuilder key("cache mount");
    key.add("id", identity.id);
    if (identity.from) key.add("from", *identity.from);
    if (identity.root) {
        key.add("uid", std::uint64_t{identity.root->uid})
            .add("gid", std::uint64_t{identity.root->gid});
        key.add("mode", fmt::format("{:o}", identity.root->mode));
    }
    return key;
}

Result<Fd> open_or_make_dir(int parent, const std::string& name) {
    if (::mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST)
        return fail(errno_error(fmt::format("cannot create {} in the store", name), errno));
    return fs::open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

/// One copy of a cache, its lock not yet taken.
struct Copy {
    Fd dir;
    Fd lock;
};

Result<Copy> open_copy(int cache, unsigned number) {
    Copy copy;
    TRY_ASSIGN(copy.dir, open_or_make_dir(cache, std::to_string(number)));
    TRY_ASSIGN(copy.lock, fs::open_at(copy.dir.get(), lock_file_name, O_RDWR | O_CREAT, 0600));
    return copy;
}

Status make_empty(int parent, const std::string& name, const CacheRoot& root) {
    if (::mkdirat(parent, name.c_str(), 0700) != 0 ||
        ::fchownat(parent, name.c_str(), root.uid, root.gid, AT_SYMLINK_NOFOLLOW) != 0 ||
        ::fchmodat(parent, name.c_str(), root.mode & 07777U, 0) != 0)
        return fail(errno_error("cannot create a cache mount's directory", errno));
    return {};
}

/// The copy with its lock held.
Result<Copy> lock_copy(int cache, CacheUse use, const std::function<void()>& on_wait,
                       const std::stop_token& stop) {
    if (use == CacheUse::exclusive) {
        for (unsigned number = 0;; ++number) {
            TRY_ASSIGN(auto copy, open_copy(cache, number));
            TRY_ASSIGN(const bool locked, try_lock(copy.lock.get(), LockKind::exclusive));
            if (locked) return copy;
        }
    }
    TRY_ASSIGN(auto copy, open_copy(cache, 0));
    const auto kind = use == CacheUse::locked ? LockKind::exclusive : LockKind::shared;
    TRY_ASSIGN(copy.lock, ::mybuild::lock_file(std::move(copy.lock), kind, on_wait, stop));
    return copy;
}

} // namespace

Digest CacheIdentity::digest() const {
    return described(*this).digest();
}

Result<Fd> CacheMounts::open_cache(const CacheIdentity& identity) {
    TRY_ASSIGN(const auto caches, open_or_make_dir(m_store.root_fd(), "caches"));
    TRY_ASSIGN(auto cache, open_or_make_dir(caches.get(), identity.digest().hex()));
    if (const auto about = fs::stat_at(cache.get(), about_file); !about) {
        TRY(fs::write_file_atomic(cache.get(), about_file,
                                  encode_fields(described(identity).fields()), 0600));
    }
    return cache;
}

/// What is being made has another name until it is whole, so that a killed process leaves nothing
/// torn; where two make it at once, one of them comes first.
Result<Fd> CacheMounts::open_data(int copy, const CacheIdentity& identity, const Fill& fill) {
    constexpr int flags = O_PATH | O_NOFOLLOW;
    auto data = fs::open_at(copy, data_name, flags);
    if (data || data.error().code != ErrorCode::not_found) return data;
    TRY_ASSIGN(const auto scratch, m_store.scratch_dir());
    const auto name = fs::random_name(12);
    if (identity.from && !identity.root) {
        TRY(fill(scratch.fd, name));
    } else {
        TRY(make_empty(scratch.fd, name, identity.root.value_or(CacheRoot{})));
    }
    if (::renameat2(scratch.fd, name.c_str(), copy, data_name, RENAME_NOREPLACE) != 0) {
        if (errno != EEXIST) return fail(errno_error("cannot rename a new cache mount", errno));
        TRY(fs::remove_tree_at(scratch.fd, name));
    }
    return fs::open_at(copy, data_name, flags);
}

Result<CacheInUse> CacheMounts::take(const CacheIdentity& identity, CacheUse use, const Fill& fill,
                                     const std::function<void()>& on_wait,
                                     const std::stop_token& stop) {
    TRY_ASSIGN(const auto cache, open_cache(identity));
    TRY_ASSIGN(auto copy, lock_copy(cache.get(), use, on_wait, stop));
    if (::futimens(copy.lock.get(), nullptr) != 0)
        return fail(errno_error("cannot note the use of a cache mount", errno));
    TRY_ASSIGN(auto data, open_data(copy.dir.get(), identity, fill));
    return CacheInUse{std::move(copy.lock), std::move(data)};
}

} // namespace mybuild
