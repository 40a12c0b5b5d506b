#include "base/fs.hpp"
#include "base/mount.hpp"
#include "base/render.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <future>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

using namespace mybuild;
using mount::OverlaySpec;
using mount::OverlayTier;

namespace {

/// Whether this process may mount at all.
bool may_mount() {
    const auto tmpfs = mount::mount_tmpfs({});
    if (!tmpfs) MESSAGE("skipped: " << tmpfs.error().message);
    return static_cast<bool>(tmpfs);
}

/// Layers l0 (top), l1, ... each with a file of its own name and a file `which` that says which
/// layer it is from; an upper and a work directory.
struct Layers {
    explicit Layers(int count) : dir(fs::TempDir::create("/tmp", "mybuild-mount-").value()) {
        for (int i = 0; i < count; ++i) {
            const auto name = "l" + std::to_string(i);
            lowers.push_back(directory(name));
            REQUIRE(fs::write_file_atomic(lowers.back().get(), name, "x"));
            REQUIRE(fs::write_file_atomic(lowers.back().get(), "which", name));
        }
        upper = directory("upper");
        work = directory("work");
    }
    Fd directory(const std::string& name) const {
        REQUIRE(fs::make_dirs_at(dir.fd(), name));
        return fs::open_at(dir.fd(), name, O_PATH | O_DIRECTORY).value();
    }
    [[nodiscard]] OverlaySpec spec() const {
        OverlaySpec spec;
        for (const auto& lower : lowers)
            spec.lowers.push_back(lower.get());
        spec.upper = upper.get();
        spec.work = work.get();
        return spec;
    }

    fs::TempDir dir;
    std::vector<Fd> lowers;
    Fd upper;
    Fd work;
};

std::string content(int dir, const std::string& name) {
    const auto text = fs::read_file_at(dir, name);
    return text ? *text : "error: " + text.error().message;
}

} // namespace

TEST_CASE("every way of mounting an overlay that this kernel knows gives the same one") {
    if (!may_mount()) return;
    for (const auto tier : {OverlayTier::descriptors, OverlayTier::paths, OverlayTier::legacy}) {
        CAPTURE(static_cast<int>(tier));
        const Layers layers(3);
        auto spec = layers.spec();
        spec.tier = tier;
        spec.is_volatile = true;
        const auto overlay = mount::mount_overlay(spec);
        if (!overlay && tier != OverlayTier::legacy) { // an older kernel
            MESSAGE("tier not available: " << overlay.error().message);
            continue;
        }
        REQUIRE_MESSAGE(overlay, render(overlay.error()));
        CHECK(content(overlay->get(), "which") == "l0");
        CHECK(content(overlay->get(), "l2") == "x");
        REQUIRE(fs::write_file_atomic(overlay->get(), "new", "data"));
        REQUIRE(fs::remove_tree_at(overlay->get(), "l1"));
        const auto upper = fs::open_at(layers.dir.fd(), "upper", O_RDONLY | O_DIRECTORY).value();
        CHECK(fs::list_dir(upper.get()).value() == std::vector<std::string>{"l1", "new"});
        CHECK(S_ISCHR(fs::stat_at(upper.get(), "l1").value().st_mode));
        CHECK(content(layers.lowers[1].get(), "l1") == "x");
        struct statvfs info {};
        REQUIRE(::fstatvfs(overlay->get(), &info) == 0);
        CHECK((info.f_flag & (ST_NOSUID | ST_NODEV | ST_RDONLY)) == 0);
    }
}

TEST_CASE("an overlay may have 200 layers, and 500 by every way, and not more") {
    if (!may_mount()) return;
    const Layers layers(501);
    auto spec = layers.spec();
    spec.lowers.resize(200);
    const auto overlay = mount::mount_overlay(spec);
    REQUIRE_MESSAGE(overlay, render(overlay.error()));
    CHECK(content(overlay->get(), "which") == "l0");
    CHECK(content(overlay->get(), "l199") == "x");

    for (const auto tier : {OverlayTier::descriptors, OverlayTier::legacy}) {
        spec = layers.spec();
        spec.upper = spec.work = -1;
        spec.tier = tier;
        const auto more = mount::mount_overlay(spec);
        REQUIRE(!more);
        CHECK(more.error().code == ErrorCode::unsupported);
        spec.lowers.pop_back();
        const auto most = mount::mount_overlay(spec);
        if (!most && tier == OverlayTier::descriptors) continue; // an older kernel
        REQUIRE_MESSAGE(most, render(most.error()));
        CHECK(content(most->get(), "l499") == "x");
    }
}

TEST_CASE("without an upper directory an overlay is read-only, also of a single layer") {
    if (!may_mount()) return;
    const Layers layers(2);
    auto spec = layers.spec();
    spec.upper = spec.work = -1;
    for (const std::size_t count : {2U, 1U}) {
        spec.lowers.resize(count);
        const auto overlay = mount::mount_overlay(spec);
        REQUIRE_MESSAGE(overlay, render(overlay.error()));
        CHECK(content(overlay->get(), "which") == "l0");
        const auto written = fs::write_file_atomic(overlay->get(), "new", "data");
        REQUIRE(!written);
        CHECK(written.error().message.find("Read-only file system") != std::string::npos);
    }
}

TEST_CASE("an overlay that cannot be says why") {
    if (!may_mount()) return;
    const Layers layers(1);
    auto spec = layers.spec();
    CHECK(!mount::mount_overlay({}));
    SUBCASE("upper and work on different file systems") {
        const auto tmpfs = mount::mount_tmpfs({}).value();
        spec.work = tmpfs.get();
        const auto overlay = mount::mount_overlay(spec);
        REQUIRE(!overlay);
        CHECK(overlay.error().message.starts_with("cannot mount overlay"));
    }
    SUBCASE("a descriptor that is none") {
        spec.lowers = {987654};
        const auto overlay = mount::mount_overlay(spec);
        REQUIRE(!overlay);
        CHECK(overlay.error().message.starts_with("cannot mount overlay"));
    }
}

TEST_CASE("mounts of this process's namespace are not changed by an overlay of any kind") {
    if (!may_mount()) return;
    // On a thread with mounts of its own, so that other programs' do not count.
    std::async(std::launch::async, [] {
        REQUIRE(::unshare(CLONE_NEWNS) == 0);
        REQUIRE(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
        REQUIRE(::mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr) == 0);
        const auto mounts = [] { return content(AT_FDCWD, "/proc/thread-self/mountinfo"); };
        const auto before = mounts();
        const Layers layers(2);
        auto spec = layers.spec();
        for (const auto tier :
             {OverlayTier::descriptors, OverlayTier::paths, OverlayTier::legacy}) {
            spec.tier = tier;
            const auto overlay = mount::mount_overlay(spec);
            CHECK(mounts() == before);
        }
    }).get();
}

TEST_CASE("tmpfs has the size and mode asked for; unknown options are an error") {
    if (!may_mount()) return;
    const auto tmpfs = mount::mount_tmpfs({1U << 20U, 0711, MOUNT_ATTR_NOSUID}).value();
    struct statvfs info {};
    REQUIRE(::fstatvfs(tmpfs.get(), &info) == 0);
    CHECK(info.f_blocks * info.f_frsize == 1U << 20U);
    CHECK((info.f_flag & ST_NOSUID) != 0);
    struct stat root {};
    REQUIRE(::fstat(tmpfs.get(), &root) == 0);
    CHECK((root.st_mode & 07777U) == 0711);

    const auto wrong = mount::mount_new("tmpfs", {{"colour", "red"}}, 0);
    REQUIRE(!wrong);
    CHECK(wrong.error().message == "cannot mount tmpfs: option colour: Invalid argument");
    const auto unknown = mount::mount_new("nosuchfs", {}, 0);
    REQUIRE(!unknown);
    CHECK(unknown.error().message == "cannot open file system nosuchfs: No such device");
}

TEST_CASE("a clone is attached, and made read-only, without touching what it was cloned from") {
    if (!may_mount()) return;
    const Layers layers(1);
    const auto clone = mount::clone_tree(layers.lowers[0].get()).value();
    const auto target = layers.directory("target");
    REQUIRE(mount::set_readonly(clone.get(), mount::Recursive::no));
    CHECK(!fs::write_file_atomic(clone.get(), "new", "x"));
    REQUIRE(fs::write_file_atomic(layers.lowers[0].get(), "new", "x"));
    REQUIRE(mount::attach(clone.get(), target.get()));
    const auto seen = content(layers.dir.fd(), "target/new");
    REQUIRE(::umount2((layers.dir.path() + "/target").c_str(), MNT_DETACH) == 0);
    CHECK(seen == "x");
    CHECK(!fs::stat_at(layers.dir.fd(), "target/new"));
}

TEST_CASE("a part of a detached mount can be mounted alone, on every kernel") {
    if (!may_mount()) return;
    for (const auto& clone : {mount::clone_path, mount::clone_path_by_attaching}) {
        const Layers layers(2);
        REQUIRE(fs::make_dirs_at(layers.lowers[1].get(), "a/b"));
        REQUIRE(fs::write_file_atomic(layers.lowers[1].get(), "a/b/file", "deep"));
        REQUIRE(::symlinkat("a", layers.lowers[1].get(), "link") == 0);
        {
            const auto overlay = mount::mount_overlay(layers.spec()).value();
            const auto directory = clone(overlay.get(), "a/b").value();
            CHECK(content(directory.get(), "file") == "deep");
            CHECK(!fs::stat_at(directory.get(), "../../which"));
            REQUIRE(fs::write_file_atomic(directory.get(), "new", "x"));
            CHECK(fs::stat_at(layers.upper.get(), "a/b/new"));
        }
        const auto again = mount::mount_overlay(layers.spec()).value();
        const auto file = clone(again.get(), "a/b/file").value();
        struct stat info {};
        REQUIRE(::fstat(file.get(), &info) == 0);
        CHECK(S_ISREG(info.st_mode));
        CHECK(!clone(again.get(), "a/nothing"));
    }
}

TEST_CASE("a detached mount can be a layer, on every kernel") {
    if (!may_mount()) return;
    for (const auto tier : {std::optional<OverlayTier>(), std::optional(OverlayTier::legacy)}) {
        const Layers layers(2);
        const auto clone = mount::clone_tree(layers.lowers[1].get()).value();
        auto spec = layers.spec();
        spec.lowers[1] = clone.get();
        spec.tier = tier;
        const auto overlay = mount::mount_overlay(spec);
        REQUIRE(overlay);
        CHECK(content(overlay->get(), "l1") == "x");
        CHECK(content(overlay->get(), "which") == "l0");
    }
}

TEST_CASE("files of somebody look as root's") {
    if (!may_mount() || ::geteuid() != 0) return;
    const Layers layers(1);
    const int dir = layers.lowers[0].get();
    REQUIRE(::fchownat(dir, "l0", 1234, 55, 0) == 0);
    const auto clone = mount::clone_tree(dir).value();
    if (const auto shown = mount::show_as_root(clone.get(), 1234, 55); !shown) {
        MESSAGE("skipped: " << shown.error().message);
        return;
    }
    CHECK(fs::stat_at(clone.get(), "l0").value().st_uid == 0);
    CHECK(fs::stat_at(clone.get(), "l0").value().st_gid == 0);
    CHECK(fs::stat_at(clone.get(), "which").value().st_uid == 65534);
    CHECK(fs::stat_at(dir, "l0").value().st_uid == 1234);
}
