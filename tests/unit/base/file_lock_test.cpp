#include "base/file_lock.hpp"
#include "base/fs.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <future>

using namespace mybuild;

namespace {

struct File {
    fs::TempDir dir = fs::TempDir::create("/tmp", "mybuild-lock-").value();
    [[nodiscard]] Fd open() const {
        return fs::open_at(dir.fd(), "lock", O_RDWR | O_CREAT).value();
    }
};

bool can_lock(const File& file, LockKind kind) {
    const auto other = file.open();
    return try_lock(other.get(), kind).value();
}

} // namespace

TEST_CASE("shared locks go together, an exclusive one with none") {
    const File file;
    auto one = lock_file(file.open(), LockKind::shared, {}, {}).value();
    CHECK(can_lock(file, LockKind::shared));
    CHECK(!can_lock(file, LockKind::exclusive));
    one.reset();
    const auto alone = lock_file(file.open(), LockKind::exclusive, {}, {}).value();
    CHECK(!can_lock(file, LockKind::shared));
    CHECK(!can_lock(file, LockKind::exclusive));
}

TEST_CASE("a lock is waited for until it is given back") {
    const File file;
    auto held = lock_file(file.open(), LockKind::exclusive, {}, {}).value();
    std::promise<void> waits;
    auto waiter = std::async(std::launch::async, [&] {
        return lock_file(file.open(), LockKind::shared, [&] { waits.set_value(); }, {});
    });
    waits.get_future().wait();
    held.reset();
    const auto locked = waiter.get();
    REQUIRE(locked);
    CHECK(!can_lock(file, LockKind::exclusive));
}

TEST_CASE("a free lock is not waited for") {
    const File file;
    bool waited = false;
    CHECK(lock_file(file.open(), LockKind::exclusive, [&] { waited = true; }, {}));
    CHECK(!waited);
}

TEST_CASE("waiting can be given up, and then nothing stays locked") {
    const File file;
    auto held = lock_file(file.open(), LockKind::exclusive, {}, {}).value();
    std::stop_source stop;
    const auto given_up = lock_file(
        file.open(), LockKind::exclusive, [&] { stop.request_stop(); }, stop.get_token());
    REQUIRE(!given_up);
    CHECK(given_up.error().code == ErrorCode::cancelled);
    held.reset();
    // The one that gave up may have it for a moment.
    CHECK(lock_file(file.open(), LockKind::exclusive, {}, {}));
}
