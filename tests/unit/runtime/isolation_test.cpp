#include "runtime/linux/caps.hpp"
#include "runtime/linux/seccomp.hpp"
#include "tests/unit/runtime/fixture.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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

TEST_CASE("the host name is the step's, and /etc/hostname the image's") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    CHECK(output_of(shell(root, "hostname; ls -A /etc 2>/dev/null | wc -l")) ==
          "buildkitsandbox\n0\n");
    auto spec = shell(root, "hostname; mkdir -p /etc; echo mine > /etc/hostname");
    spec.hostname = "other";
    CHECK(output_of(spec) == "other\n");
    CHECK(fs::read_file_at(root.fd(), "etc/hostname").value() == "mine\n");
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

TEST_CASE("the filter answers each call as Docker's profile does") {
    SKIP_WITHOUT_SANDBOX();
    struct Case {
        const char* name;
        long number;
        long arguments[3];
        const char* answer;
    };
    // Arguments are chosen so that the kernel itself would answer otherwise.
    constexpr long bad = 1; // an address that is not mapped
    const Case cases[] = {
        {"getppid", SYS_getppid, {}, "ok"},
        {"unshare", SYS_unshare, {0}, "EPERM"},
        {"setns", SYS_setns, {-1, 0}, "EPERM"},
        {"mount", SYS_mount, {bad, bad, bad}, "EPERM"},
        {"umount2", SYS_umount2, {bad}, "EPERM"},
        {"fsopen", SYS_fsopen, {bad}, "EPERM"},
        {"open_tree", SYS_open_tree, {-1, bad, 0}, "EPERM"},
        {"pivot_root", SYS_pivot_root, {bad, bad}, "EPERM"},
        {"keyctl", SYS_keyctl, {-1}, "EPERM"},
        {"add_key", SYS_add_key, {bad, bad}, "EPERM"},
        {"bpf", SYS_bpf, {-1}, "EPERM"},
        {"perf_event_open", SYS_perf_event_open, {bad}, "EPERM"},
        {"io_uring_setup", SYS_io_uring_setup, {0, bad}, "EPERM"},
        {"userfaultfd", SYS_userfaultfd, {-1}, "EPERM"},
        {"open_by_handle_at", SYS_open_by_handle_at, {-1, bad, 0}, "EPERM"},
        {"init_module", SYS_init_module, {bad}, "EPERM"},
        {"kexec_load", SYS_kexec_load, {0, -1}, "EPERM"},
        {"reboot", SYS_reboot, {0, 0, 0}, "EPERM"},
        {"sethostname", SYS_sethostname, {bad, -1}, "EPERM"},
        {"clock_settime", SYS_clock_settime, {-1, bad}, "EPERM"},
        {"clone into a namespace", SYS_clone, {0x10000000 | 0x40000000}, "EPERM"},
        {"clone3", SYS_clone3, {bad, 0}, "ENOSYS"},
        {"personality, a query", SYS_personality, {0xffffffff}, "ok"},
        {"personality, no randomisation", SYS_personality, {0x0040000}, "EPERM"},
        {"socket of a virtual machine", SYS_socket, {40, 1, 0}, "EPERM"},
        {"socket of a file system", SYS_socket, {1, 1, 0}, "ok"},
        {"a call of the future", 700, {}, "ENOSYS"},
        {"chroot", SYS_chroot, {bad}, "EFAULT"},
        {"ptrace", SYS_ptrace, {0, 0, 0}, "ok"},
        {"openat2", SYS_openat2, {-1, bad, bad}, "EINVAL"},
    };
    std::string expected;
    for (const auto& each : cases)
        expected += std::string(each.name) + ": " + each.answer + "\n";
    const auto program = compile_seccomp().value();
    CHECK(in_fork([&] {
              if (child_install_seccomp(program.code().data(), program.code().size()) != 0)
                  return std::string("not installed");
              std::string answers;
              for (const auto& each : cases) {
                  const auto& args = each.arguments;
                  const bool done = ::syscall(each.number, args[0], args[1], args[2], 0, 0, 0) >= 0;
                  const char* answer = done ? "ok" : ::strerrorname_np(errno);
                  answers += std::string(each.name) + ": " + answer + "\n";
              }
              return answers;
          }) == expected);
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

TEST_CASE("without privilege there is one clear error with a hint") {
    const auto text = in_fork([] {
        if (::geteuid() == 0) ::syscall(SYS_setresuid, 65534, 65534, 65534);
        const auto sandbox = make_linux_sandbox({});
        if (sandbox) return std::string("a sandbox");
        return sandbox.error().message + "\n" + sandbox.error().hint +
               (sandbox.error().code == ErrorCode::denied ? "" : "\nwrong code");
    });
    CHECK(text ==
          "RUN needs the privilege to make namespaces and mounts (CAP_SYS_ADMIN), which this "
          "process does not have\nrun mybuild as root, for example with sudo");
}

TEST_CASE("where device nodes cannot be made the host's are bound") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    auto spec = shell(
        root, "cd /dev; stat -c '%n %t:%T' null tty; echo x > null; "
              "stat -c %t:%T /proc/keys; cut -d' ' -f5 /proc/self/mountinfo | grep -c '^/dev/'");
    const auto text = in_fork([&] {
        const auto without = permitted_capabilities() & ~(std::uint64_t{1} << CAP_MKNOD);
        if (child_set_capabilities(without) != 0) return std::string("cannot drop a capability");
        const auto sandbox = make_linux_sandbox({});
        const auto outcome = run(**sandbox, spec);
        return outcome.status ? outcome.out + outcome.err : outcome.status.error().message;
    });
    CHECK(text == "null 1:3\ntty 5:0\n1:3\n9\n"); // six devices, pts, shm, mqueue
}

TEST_CASE("a step dies with its builder") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    REQUIRE(::mkfifoat(root.fd(), "alive", 0600) == 0);
    const auto spec = shell(root, "exec 3> /alive; echo up >&3; setsid sleep 1000 & sleep 1000");
    const auto builder = ::fork();
    REQUIRE(builder >= 0);
    if (builder == 0) {
        const auto sandbox = make_linux_sandbox({});
        static_cast<void>(run(**sandbox, spec));
        ::_exit(0);
    }
    const auto alive = fs::open_at(root.fd(), "alive", O_RDONLY).value();
    char up[3] = {};
    REQUIRE(::read(alive.get(), up, sizeof up) == 3);
    REQUIRE(::kill(builder, SIGKILL) == 0);
    REQUIRE(::waitpid(builder, nullptr, 0) == builder);
    CHECK(fs::read_all(alive.get()).value() == ""); // comes to its end when no writer lives
}

TEST_CASE("mapped ids are refused, not ignored") {
    SandboxOptions options;
    options.uid_map = {{0, 100000, 65536}};
    const auto sandbox = make_linux_sandbox(options);
    REQUIRE(!sandbox);
    CHECK(sandbox.error().code == ErrorCode::unsupported);
}
