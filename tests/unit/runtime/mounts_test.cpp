#include "base/mount.hpp"
#include "base/render.hpp"
#include "tests/unit/runtime/fixture.hpp"

#include <fcntl.h>
#include <future>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace mybuild;
using namespace mybuild::runtime;
using namespace mybuild::runtime::testing;

namespace {

using Paths = std::vector<std::string>;

std::string error_of(const SandboxSpec& spec) {
    const auto sandbox = make_sandbox();
    const auto outcome = run(*sandbox, spec);
    REQUIRE(!outcome.status);
    return outcome.status.error().message;
}

/// `mtime` of an entry of a root in nanoseconds.
std::int64_t mtime_of(const Root& root, const std::string& name) {
    const auto info = fs::stat_at(root.fd(), name).value();
    return info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
}

void set_mtime(const Root& root, const char* name, std::int64_t seconds) {
    const struct timespec times[2] = {{seconds, 5}, {seconds, 5}};
    REQUIRE(::utimensat(root.fd(), name, times, 0) == 0);
}

} // namespace

TEST_CASE("nothing of the host's mounts is visible") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    auto spec =
        shell(root, "cut -d' ' -f5 /proc/self/mountinfo | grep -vE '^/(proc|sys)/.' | sort");
    spec.resolv_conf = "";
    CHECK(output_of(spec) == "/\n/dev\n/dev/mqueue\n/dev/pts\n/dev/shm\n"
                             "/etc/resolv.conf\n/proc\n/sys\n");
    // No mount event may travel between a step and the host.
    CHECK(output_of(shell(root, "grep -cE 'shared:|master:' /proc/self/mountinfo || true")) ==
          "0\n");
    CHECK(output_of(shell(root, "ls /..")) == "bin\ndev\nproc\nsys\n");
}

TEST_CASE("what is mounted in a step does not appear on a host whose mounts are shared") {
    SKIP_WITHOUT_SANDBOX();
    // On a thread with mounts of its own, so that other programs' do not count.
    std::async(std::launch::async, [] {
        REQUIRE(::unshare(CLONE_NEWNS) == 0);
        REQUIRE(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
        REQUIRE(::mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr) == 0);
        const Root root;
        const auto source = fs::TempDir::create("/tmp", "mybuild-shared-").value();
        const auto mounts = [] {
            return fs::read_file_at(AT_FDCWD, "/proc/thread-self/mountinfo").value();
        };
        const auto before = mounts();
        auto spec = shell(
            root, "mkdir /s/t; mount -t tmpfs none /s/t; grep -c shared: /proc/self/mountinfo");
        spec.insecure = true;
        spec.mounts = {{"/s", BindMount{source.fd(), false}}};
        const auto sandbox = make_sandbox();
        const auto outcome = run(*sandbox, spec);
        CHECK(outcome.out == "0\n");
        CHECK(mounts() == before);
    }).get();
}

TEST_CASE("dangerous parts of /proc and /sys are hidden or read-only") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    CHECK(output_of(shell(root, "for f in kcore keys timer_list interrupts sched_debug; do "
                                "test -e /proc/$f && stat -c '%F %t:%T' /proc/$f && cat /proc/$f; "
                                "done | sort -u")) == "character special file 1:3\n");
    CHECK(output_of(shell(root, "for d in /proc/acpi /proc/scsi /proc/asound /sys/firmware; do "
                                "test -d $d && ls $d; done; true")) == "");
    const auto sandbox = make_sandbox();
    for (const char* script :
         {"echo x > /proc/sys/kernel/hostname", "echo 1 > /proc/sys/vm/drop_caches", "touch /sys/x",
          "mkdir /sys/kernel/x", "touch /sys/firmware/x",
          "echo 1 > /proc/irq/default_smp_affinity"}) {
        CAPTURE(std::string(script));
        const auto outcome = run(*sandbox, shell(root, script));
        REQUIRE(outcome.status);
        CHECK(outcome.status->code != 0);
        CHECK(outcome.err.find("Read-only file system") != std::string::npos);
    }
}

TEST_CASE("/dev is Docker's") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    const std::string core = ::access("/proc/kcore", F_OK) == 0 ? "core\n" : "";
    CHECK(output_of(shell(root, "ls /dev")) ==
          core + "fd\nfull\nmqueue\nnull\nptmx\npts\nrandom\nshm\n"
                 "stderr\nstdin\nstdout\ntty\nurandom\nzero\n");
    CHECK(output_of(shell(
              root, "cd /dev; stat -c '%n %F %a %t:%T %u' null zero full random urandom tty")) ==
          "null character special file 666 1:3 0\n"
          "zero character special file 666 1:5 0\n"
          "full character special file 666 1:7 0\n"
          "random character special file 666 1:8 0\n"
          "urandom character special file 666 1:9 0\n"
          "tty character special file 666 5:0 0\n");
    CHECK(output_of(shell(root,
                          "echo gone > /dev/null; head -c 3 /dev/zero | wc -c; "
                          "head -c 5 /dev/urandom | wc -c; ls /dev/pts; stat -L -c %F /dev/ptmx; "
                          "echo x > /dev/shm/f && cat /dev/shm/f")) ==
          "3\n5\nptmx\ncharacter special file\nx\n");
    const auto size_of_shm = [&](std::optional<std::uint64_t> size) {
        auto spec = shell(root, "df -k /dev/shm | grep -v Filesystem | tr -s ' ' | cut -d' ' -f2");
        spec.shm_size = size;
        return output_of(spec);
    };
    CHECK(size_of_shm({}) == "65536\n");
    CHECK(size_of_shm(1U << 20U) == "1024\n");
}

TEST_CASE("resolv.conf and hosts are injected read-only and leave no trace") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    const auto inject = [&](const std::string& script) {
        auto spec = shell(root, script);
        spec.resolv_conf = "nameserver 192.0.2.1\n";
        spec.hosts = "127.0.0.1 localhost\n";
        return spec;
    };
    const auto show = "cat /etc/resolv.conf /etc/hosts; stat -c '%a %u' /etc/hosts; "
                      "(echo x > /etc/hosts) 2>/dev/null || echo refused";
    const auto shown = "nameserver 192.0.2.1\n127.0.0.1 localhost\n644 0\nrefused\n";
    SUBCASE("where there is no /etc") {
        set_mtime(root, ".", 1000);
        const auto before = mtime_of(root, ".");
        CHECK(output_of(inject(show)) == shown);
        CHECK(root.listing() == Paths{});
        CHECK(mtime_of(root, ".") == before);
    }
    SUBCASE("where the image has its own") {
        root.mkdir("etc");
        root.write("etc/hosts", "image's\n");
        root.write("etc/resolv.conf", "");
        set_mtime(root, "etc", 1000);
        const auto before = mtime_of(root, "etc");
        CHECK(output_of(inject(show)) == shown);
        CHECK(root.listing() == Paths{"etc", "etc/hosts", "etc/resolv.conf"});
        CHECK(fs::read_file_at(root.fd(), "etc/hosts").value() == "image's\n");
        CHECK(mtime_of(root, "etc") == before);
        auto spec = inject("cat /etc/hosts");
        spec.hosts.reset();
        CHECK(output_of(spec) == "image's\n");
    }
    SUBCASE("where resolv.conf is a dangling link") {
        root.mkdir("etc");
        root.symlink("../run/systemd/resolve/stub.conf", "etc/resolv.conf");
        CHECK(output_of(inject(show)) == shown);
        CHECK(root.listing() == Paths{"etc", "etc/resolv.conf"});
        CHECK(fs::stat_at(root.fd(), "etc/resolv.conf").value().st_size == 32);
    }
    SUBCASE("where /etc is a link, absolute and out of the root") {
        root.symlink("/../../private/etc", "etc");
        CHECK(output_of(inject(show)) == shown);
        CHECK(root.listing() == Paths{"etc"});
    }
    SUBCASE("what the step puts beside them stays") {
        CHECK(output_of(inject(
                  "echo x > /etc/mine; touch /made; touch -d '2001-01-01 00:00:00' /etc")) == "");
        CHECK(root.listing() == Paths{"etc", "etc/mine", "made"});
        CHECK((fs::stat_at(root.fd(), "etc").value().st_mode & 07777U) == 0755);
        CHECK(mtime_of(root, "etc") == 978'307'200'000'000'000);
    }
    SUBCASE("when the command cannot be executed") {
        auto spec = inject("");
        spec.argv = {"missing"};
        CHECK(error_of(spec) == "exec: \"missing\": executable file not found in $PATH");
        CHECK(root.listing() == Paths{});
    }
}

TEST_CASE(
    "a root that points its mount points elsewhere is refused and nothing outside is touched") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    SUBCASE("/proc is a link") {
        root.mkdir("etc");
        root.symlink("../../etc", "proc");
        CHECK(error_of(shell(root, "true")) ==
              "/proc is a symbolic link in the image; it must be a directory");
        CHECK(root.listing() == Paths{"etc", "proc"});
    }
    SUBCASE("/dev is a file") {
        root.write("dev", "x");
        CHECK(error_of(shell(root, "true")) ==
              "cannot use /dev as a mount point: it is not a directory");
    }
    SUBCASE("/etc/hosts is a directory") {
        root.mkdir("etc/hosts");
        auto spec = shell(root, "true");
        spec.hosts = "";
        CHECK(error_of(spec) ==
              "cannot mount on /etc/hosts: cannot use /etc/hosts as a mount point: it is a "
              "directory, not a file");
    }
    SUBCASE("links in a circle") {
        root.symlink("two", "one");
        root.symlink("one", "two");
        auto spec = shell(root, "true");
        spec.mounts = {{"/one/x", TmpfsMount{}}};
        CHECK(error_of(spec).find("Too many levels of symbolic links") != std::string::npos);
    }
}

TEST_CASE("binds, tmpfs and files are mounted where a step wants them") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    const auto source = fs::TempDir::create("/tmp", "mybuild-source-").value();
    REQUIRE(fs::write_file_atomic(source.fd(), "file", "content\n"));
    const auto file = fs::open_at(source.fd(), "file", O_PATH).value();
    SUBCASE("a directory, read-only") {
        auto spec =
            shell(root, "cat /deep/er/src/file; touch /deep/er/src/x 2>/dev/null || echo refused");
        spec.mounts = {{"/deep/er/src", BindMount{source.fd()}}};
        CHECK(output_of(spec) == "content\nrefused\n");
    }
    SUBCASE("a directory, writable") {
        auto spec = shell(root, "echo new > /src/made");
        spec.mounts = {{"/src", BindMount{source.fd(), false}}};
        CHECK(output_of(spec) == "");
        CHECK(fs::read_file_at(source.fd(), "made").value() == "new\n");
    }
    SUBCASE("a file over a file of the image") {
        root.mkdir("data");
        root.write("data/config", "image's\n");
        auto spec = shell(root, "cat /data/config");
        spec.mounts = {{"/data/config", BindMount{file.get()}}};
        CHECK(output_of(spec) == "content\n");
        CHECK(fs::read_file_at(root.fd(), "data/config").value() == "image's\n");
        CHECK(root.listing() == Paths{"data", "data/config"});
        return;
    }
    SUBCASE("a detached mount") {
        const auto detached = mount::mount_tmpfs({{}, 0750, 0}).value();
        auto spec = shell(root, "stat -c %a /t; echo kept > /t/f");
        spec.mounts = {{"/t", BindMount{detached.get(), false}}};
        CHECK(output_of(spec) == "750\n");
        CHECK(fs::read_file_at(detached.get(), "f").value() == "kept\n");
    }
    SUBCASE("tmpfs with size and mode") {
        auto spec = shell(
            root, "stat -c %a /t /u; df -k /t | grep -v Filesystem | tr -s ' ' | cut -d' ' -f2");
        spec.mounts = {{"/t", TmpfsMount{1U << 20U, 0700}}, {"/u", TmpfsMount{}}};
        CHECK(output_of(spec) == "700\n1777\n1024\n");
    }
    SUBCASE("a secret") {
        auto spec = shell(root, "stat -c '%a %u %g' /run/secrets/key; cat /run/secrets/key");
        spec.mounts = {{"/run/secrets/key", FileMount{"hush\n", 0400, 12, 34}}};
        spec.uid = 12;
        CHECK(output_of(spec) == "400 12 34\nhush\n");
    }
    SUBCASE("inside one another, whatever the order") {
        auto spec = shell(root, "cat /a/b/c/f /a/file; ls /a/b");
        spec.mounts = {{"/a/b/c/f", FileMount{"deep\n"}},
                       {"/a/b", TmpfsMount{}},
                       {"/a", BindMount{source.fd(), false}}};
        CHECK(output_of(spec) == "deep\ncontent\nc\n");
    }
    SUBCASE("below the sandbox's own mounts") {
        auto spec = shell(root, "stat -f -c %T /dev/mine; cat /etc/hosts");
        spec.hosts = "ours\n";
        spec.mounts = {{"/dev/mine", TmpfsMount{}}, {"/etc/hosts", FileMount{"theirs\n", 0644}}};
        CHECK(output_of(spec) == "tmpfs\ntheirs\n");
    }
    SUBCASE("not below a read-only bind that lacks the place") {
        auto spec = shell(root, "true");
        spec.mounts = {{"/a", BindMount{source.fd()}}, {"/a/missing", TmpfsMount{}}};
        CHECK(error_of(spec) == "cannot mount on /a/missing: Read-only file system");
    }
    CHECK(root.listing() == Paths{});
}

TEST_CASE(
    "a detached overlay serves as the root, and the upper directory gets only what the step did") {
    SKIP_WITHOUT_SANDBOX();
    const Root lower;
    lower.mkdir("etc");
    lower.write("etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    const auto layers = fs::TempDir::create("/tmp", "mybuild-layers-").value();
    REQUIRE(fs::make_dirs_at(layers.fd(), "upper"));
    REQUIRE(fs::make_dirs_at(layers.fd(), "work"));
    const auto upper = fs::open_at(layers.fd(), "upper", O_RDONLY | O_DIRECTORY).value();
    const auto work = fs::open_at(layers.fd(), "work", O_RDONLY | O_DIRECTORY).value();
    const auto overlay = mount::mount_overlay({{lower.fd()}, upper.get(), work.get(), true});
    REQUIRE_MESSAGE(overlay, render(overlay.error()));
    auto spec = shell(lower, "echo new > /made; rm /etc/passwd");
    spec.root = overlay->get();
    spec.resolv_conf = "x";
    CHECK(output_of(spec) == "");
    CHECK(fs::list_dir(upper.get()).value() == Paths{"etc", "made"});
    const auto etc = fs::open_at(upper.get(), "etc", O_RDONLY | O_DIRECTORY).value();
    CHECK(fs::list_dir(etc.get()).value() == Paths{"passwd"}); // its whiteout
    CHECK(S_ISCHR(fs::stat_at(upper.get(), "etc/passwd").value().st_mode));
    CHECK(fs::read_file_at(overlay->get(), "made").value() == "new\n");
    CHECK(lower.listing() == Paths{"etc", "etc/passwd"});
}
