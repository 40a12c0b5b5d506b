#include "fixture.hpp"
#include "runtime/linux/seccomp.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace mybuild;
using namespace mybuild::runtime;
using namespace mybuild::runtime::testing;

namespace {

/// Lines that a status file shows for a program that is executed at once, with no shell in between.
std::string status_lines(const Root& root, SandboxSpec spec, const char* pattern) {
    spec.root = root.fd();
    spec.argv = {"/bin/grep", "-E", pattern, "/proc/self/status"};
    return output_of(spec);
}

} // namespace

TEST_CASE("capabilities are Docker's default set for root, and cleared for another user") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    CHECK(status_lines(root, {}, "^(Cap|NoNewPrivs|Seccomp:)") == "CapInh:\t0000000000000000\n"
                                                                  "CapPrm:\t00000000a80425fb\n"
                                                                  "CapEff:\t00000000a80425fb\n"
                                                                  "CapBnd:\t00000000a80425fb\n"
                                                                  "CapAmb:\t0000000000000000\n"
                                                                  "NoNewPrivs:\t0\n"
                                                                  "Seccomp:\t2\n");
    SandboxSpec user;
    user.uid = 1000;
    CHECK(status_lines(root, user, "^(Cap)") == "CapInh:\t0000000000000000\n"
                                                "CapPrm:\t0000000000000000\n"
                                                "CapEff:\t0000000000000000\n"
                                                "CapBnd:\t00000000a80425fb\n"
                                                "CapAmb:\t0000000000000000\n");
}

TEST_CASE("an insecure step has every capability and no filter") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    SandboxSpec insecure;
    insecure.insecure = true;
    const auto text = status_lines(root, insecure, "^(CapEff|Seccomp:)");
    CHECK(text.find("a80425fb") == std::string::npos);
    CHECK(text.find("Seccomp:\t0\n") != std::string::npos);

    auto spec =
        shell(root, "test -w /proc/sys/kernel/hostname && mkdir /m && mount -t tmpfs none /m && "
                    "grep ' /sys ' /proc/self/mountinfo | cut -d' ' -f6 | cut -d, -f1");
    spec.insecure = true;
    CHECK(output_of(spec) == "rw\n");
}

TEST_CASE("user, group and supplementary groups are those given") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    SandboxSpec spec;
    spec.uid = 1000;
    spec.gid = 1001;
    spec.groups = {1001, 7, 70000};
    CHECK(status_lines(root, spec, "^(Uid|Gid|Groups)") == "Uid:\t1000\t1000\t1000\t1000\n"
                                                           "Gid:\t1001\t1001\t1001\t1001\n"
                                                           "Groups:\t7 1001 70000 \n");
    CHECK(status_lines(root, {}, "^(Uid|Gid|Groups)") == "Uid:\t0\t0\t0\t0\n"
                                                         "Gid:\t0\t0\t0\t0\n"
                                                         "Groups:\t \n");
}

TEST_CASE("a setuid program gets its owner's rights") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    root.mkdir("etc");
    root.write("etc/passwd", "root::0:0::/:/bin/sh\nuser::1000:1000::/:/bin/sh\n");
    root.write("bin/su", fs::read_file_at(root.fd(), "bin/busybox").value(), 0755);
    const auto sandbox = make_sandbox();
    auto spec = shell(root, "/bin/su root -c 'id -u'");
    spec.uid = spec.gid = 1000;
    CHECK(run(*sandbox, spec).out == "");
    REQUIRE(::fchmodat(root.fd(), "bin/su", 04755, 0) == 0);
    const auto outcome = run(*sandbox, spec);
    CHECK(outcome.out == "0\n");
    CHECK(outcome.err == "");
}

TEST_CASE("the command is PID 1 of its namespace, leads a session and sees only itself") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    CHECK(output_of(
              shell(root, "echo $$; set -- /proc/[0-9]*; echo $#; cut -d' ' -f4-8 /proc/1/stat")) ==
          "1\n1\n0 1 1 0 -1\n");
}

TEST_CASE("the host name is the step's and is in /etc/hostname") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    CHECK(output_of(shell(root, "hostname; cat /etc/hostname")) ==
          "buildkitsandbox\nbuildkitsandbox\n");
    auto spec = shell(root, "hostname; cat /etc/hostname");
    spec.hostname = "other";
    CHECK(output_of(spec) == "other\nother\n");
}

TEST_CASE("the network is the host's, or for none only a loopback device that is up") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    auto spec = shell(root, "readlink /proc/self/ns/net");
    char host[64] = {};
    REQUIRE(::readlink("/proc/self/ns/net", host, sizeof host - 1) > 0);
    CHECK(output_of(spec) == std::string(host) + "\n");
    spec.network = NetworkMode::none;
    CHECK(output_of(spec) != std::string(host) + "\n");
    spec =
        shell(root, "ls /sys/class/net; ip -o link | grep -c LOOPBACK,UP; grep -c : /proc/net/dev");
    spec.network = NetworkMode::none;
    CHECK(output_of(spec) == "lo\n1\n1\n");
}

TEST_CASE("the seccomp profile refuses what Docker's refuses and lets the rest pass") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    const auto sandbox = make_sandbox();
    struct Case {
        const char* script;
        const char* message;
    };
    const Case refused[] = {
        {"unshare -m true", "unshare: unshare(0x20000): Operation not permitted\n"},
        {"unshare -U true", "unshare: unshare(0x10000000): Operation not permitted\n"},
        {"mount -t tmpfs none /bin", "mount: permission denied (are you root?)\n"},
        {"umount /proc", "umount: can't unmount /proc: Operation not permitted\n"},
        {"hostname x", "hostname: sethostname: Operation not permitted\n"},
    };
    for (const auto& each : refused) {
        CAPTURE(std::string(each.script));
        const auto outcome = run(*sandbox, shell(root, each.script));
        REQUIRE(outcome.status);
        CHECK(outcome.status->code != 0);
        CHECK(outcome.err == each.message);
    }
    CHECK(output_of(shell(root, "mkdir /c /c/bin && mknod /c/n c 1 3 && chown 1:2 /c/n && "
                                "dd if=/bin/busybox of=/c/bin/busybox 2>/dev/null && "
                                "chmod 755 /c/bin/busybox && chroot /c /bin/busybox echo in")) ==
          "in\n");
}

TEST_CASE("the compiled filter is kept, checked and compiled anew when damaged") {
    const auto dir = fs::TempDir::create("/tmp", "mybuild-seccomp-").value();
    const auto compiled = compile_seccomp();
    REQUIRE(compiled);
    const auto same = [&](const Result<SeccompProgram>& program) {
        return program && program->code().size() == compiled->code().size() &&
               std::equal(program->code().begin(), program->code().end(), compiled->code().begin(),
                          [](const sock_filter& one, const sock_filter& other) {
                              return one.code == other.code && one.jt == other.jt &&
                                     one.jf == other.jf && one.k == other.k;
                          });
    };
    CHECK(same(load_seccomp(dir.path())));
    const auto names = fs::list_dir(dir.fd()).value();
    REQUIRE(names.size() == 1);
    CHECK(names[0].starts_with("seccomp-"));
    const auto good = fs::read_file_at(dir.fd(), names[0]).value();
    CHECK(good.size() == 32 + compiled->code().size() * sizeof(sock_filter));
    CHECK(same(load_seccomp(dir.path())));

    auto flipped = good;
    flipped[40] ^= 1;
    for (const auto& damaged : {flipped, good.substr(0, good.size() / 2), std::string()}) {
        REQUIRE(fs::write_file_atomic(dir.fd(), names[0], damaged));
        CHECK(same(load_seccomp(dir.path())));
        CHECK(fs::read_file_at(dir.fd(), names[0]).value() == good); // mended
    }
    CHECK(same(load_seccomp(dir.path() + "/missing")));
}

TEST_CASE("mapped ids are refused, not ignored") {
    SandboxOptions options;
    options.uid_map = {{0, 100000, 65536}};
    const auto sandbox = make_linux_sandbox(options);
    REQUIRE(!sandbox);
    CHECK(sandbox.error().code == ErrorCode::unsupported);
}
