#include "base/render.hpp"
#include "tests/unit/runtime/fixture.hpp"

#include <csignal>
#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace mybuild;
using namespace mybuild::runtime;
using namespace mybuild::runtime::testing;

TEST_CASE("the exit status is what a shell gives") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    const auto sandbox = make_sandbox();
    struct Case {
        const char* script;
        ExitStatus status;
    };
    const Case cases[] = {
        {"true", {0, false, 0}},
        {"false", {1, false, 0}},
        {"exit 42", {42, false, 0}},
        {"exit 255", {255, false, 0}},
        {"kill -0 $$", {0, false, 0}},
        {"no-such-program", {127, false, 0}},
        {"/etc", {126, false, 0}},
        {"sh -c 'kill -9 $$'; exit $?", {137, false, 0}},
        {"sh -c 'kill -15 $$'; exit $?", {143, false, 0}},
    };
    root.mkdir("etc");
    for (const auto& each : cases) {
        CAPTURE(std::string(each.script));
        const auto outcome = run(*sandbox, shell(root, each.script));
        REQUIRE(outcome.status);
        CHECK(*outcome.status == each.status);
    }
}

TEST_CASE("standard output and standard error come separately and whole") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    const auto sandbox = make_sandbox();
    const auto mixed =
        run(*sandbox, shell(root, "echo one; echo two >&2; echo three; echo four >&2"));
    CHECK(mixed.out == "one\nthree\n");
    CHECK(mixed.err == "two\nfour\n");

    const auto big = run(*sandbox, shell(root, "yes 0123456789abcde | head -c 10485760; echo end"));
    REQUIRE(big.out.size() == 10485760 + 4);
    CHECK(big.out.substr(0, 32) == "0123456789abcde\n0123456789abcde\n");
    CHECK(big.out.ends_with("0123456789abcde\nend\n"));
}

TEST_CASE("the environment and the arguments are exactly those given") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    auto spec = shell(root, "");
    spec.argv = {"/bin/env"};
    spec.env = {"A=1", "SPACE=a b  c", "EMPTY=", "LINES=x\ny"};
    CHECK(output_of(spec) == "A=1\nSPACE=a b  c\nEMPTY=\nLINES=x\ny\n");

    spec.argv = {"/bin/printf", "[%s]", "", "a b", "$HOME", "*"};
    CHECK(output_of(spec) == "[][a b][$HOME][*]");
}

TEST_CASE("a program is looked up along PATH of the given environment") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    root.mkdir("first");
    root.mkdir("second");
    root.mkdir("first/tool"); // a directory is passed over
    root.write("second/tool", "#!/bin/sh\necho second\n", 0755);
    root.write("second/script", "#!/no/such/interpreter\n", 0755);
    root.write("second/plain", "text", 0644);
    root.write("second/binary",
               "\x7f"
               "ELF",
               0755);
    const auto sandbox = make_sandbox();
    auto spec = shell(root, "");
    spec.env = {"PATH=/nowhere:/first:/second:/bin"};
    spec.argv = {"tool"};
    CHECK(output_of(spec) == "second\n");

    struct Case {
        const char* name;
        const char* message;
        int code;
    };
    const Case cases[] = {
        {"foo", "exec: \"foo\": executable file not found in $PATH", 127},
        {"first", "exec: \"first\": executable file not found in $PATH", 127},
        {"", "exec: \"\": executable file not found in $PATH", 127},
        {"/bin/foo", "exec: \"/bin/foo\": no such file or directory", 127},
        {"script", "exec: \"script\": no such file or directory", 127},
        {"plain", "exec: \"plain\": permission denied", 126},
        {"/first", "exec: \"/first\": is a directory", 126},
        {"binary", "exec: \"binary\": exec format error", 126},
        {"/bin/busybox/x", "exec: \"/bin/busybox/x\": no such file or directory", 127},
    };
    for (const auto& each : cases) {
        CAPTURE(std::string(each.name));
        spec.argv = {each.name};
        const auto outcome = run(*sandbox, spec);
        REQUIRE(!outcome.status);
        CHECK(outcome.status.error().code == ErrorCode::command_failed);
        CHECK(outcome.status.error().message == each.message);
        CHECK(outcome.status.error().exit_code == each.code);
    }
}

TEST_CASE("an impossible request is refused before anything runs") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    const auto sandbox = make_sandbox();
    auto spec = shell(root, "true");
    SUBCASE("no command") {
        spec.argv.clear();
    }
    SUBCASE("a relative working directory") {
        spec.cwd = "src";
    }
    SUBCASE("a NUL byte") {
        spec.env.push_back(std::string("A=\0b", 4));
    }
    SUBCASE("no host name") {
        spec.hostname.clear();
    }
    SUBCASE("a host name that is too long") {
        spec.hostname.assign(65, 'x');
    }
    const auto outcome = run(*sandbox, spec);
    REQUIRE(!outcome.status);
    CHECK(outcome.status.error().code == ErrorCode::invalid);
    CHECK(root.listing().empty());
}

TEST_CASE("the working directory is entered, and made for the user where missing") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    root.mkdir("there");
    root.symlink("there", "link");
    root.symlink("nowhere", "dangling");
    const auto sandbox = make_sandbox();
    auto spec = shell(root, "pwd -P; stat -c '%a %u %g' . ..");
    spec.uid = 1000;
    spec.gid = 1001;
    spec.cwd = "/link/new/deep";
    CHECK(output_of(spec) == "/there/new/deep\n755 1000 1001\n755 1000 1001\n");
    spec.cwd = "/there";
    CHECK(output_of(spec) == "/there\n755 0 0\n755 0 0\n");

    for (const char* cwd : {"/dangling", "/bin/busybox", "/bin/busybox/x"}) {
        spec.cwd = cwd;
        const auto outcome = run(*sandbox, spec);
        REQUIRE(!outcome.status);
        CHECK(outcome.status.error().message.starts_with("cannot enter the working directory: "));
    }
}

TEST_CASE("cancelling kills the whole tree") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    root.mkdir("w");
    const auto sandbox = make_sandbox();
    std::stop_source source;
    /// Asks for the stop as soon as the tree of processes is known to exist.
    class StopOnOutput final : public OutputSink {
      public:
        explicit StopOnOutput(std::stop_source& stop) : m_stop(stop) {}
        void write(Stream, std::string_view) noexcept override { m_stop.request_stop(); }

      private:
        std::stop_source& m_stop;
    } sink(source);
    const auto spec =
        shell(root, "trap '' TERM INT; (trap '' TERM; sleep 1000) & setsid sleep 1000 & "
                    "echo started; wait");
    const auto status = sandbox->run(spec, sink, source.get_token());
    REQUIRE(!status);
    CHECK(status.error().code == ErrorCode::cancelled);

    const auto late = run(*sandbox, spec, source.get_token());
    REQUIRE(!late.status);
    CHECK(late.status.error().code == ErrorCode::cancelled);
    CHECK(late.out.empty());
}

TEST_CASE("a command that left a child behind ends with its first process") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    const auto sandbox = make_sandbox();
    const auto background =
        run(*sandbox, shell(root, "sleep 1000 & setsid sleep 1000 & echo done"));
    REQUIRE(background.status);
    CHECK(background.status->code == 0);
    CHECK(background.out == "done\n");

    const auto orphans =
        run(*sandbox, shell(root, "for i in 1 2 3; do sh -c 'true & exit 0'; done; exit 3"));
    REQUIRE(orphans.status);
    CHECK(orphans.status->code == 3);
}

TEST_CASE("several commands run at once without seeing each other") {
    SKIP_WITHOUT_SANDBOX();
    const auto sandbox = make_sandbox();
    constexpr int threads = 4;
    constexpr int rounds = 15;
    std::vector<std::string> problems(threads);
    {
        std::vector<std::jthread> workers;
        for (int id = 0; id < threads; ++id) {
            workers.emplace_back([&, id] {
                const Root root;
                for (int round = 0; round < rounds && problems[id].empty(); ++round) {
                    auto spec =
                        shell(root, "echo $ID; echo $$; hostname; set -- /proc/[0-9]*; echo $#; "
                                    "exit $ID");
                    spec.env.push_back("ID=" + std::to_string(id));
                    spec.hostname = "host" + std::to_string(id);
                    const auto outcome = run(*sandbox, spec);
                    const auto text = std::to_string(id);
                    if (!outcome.status)
                        problems[id] = render(outcome.status.error());
                    else if (outcome.status->code != id ||
                             outcome.out != text + "\n1\nhost" + text + "\n1\n")
                        problems[id] = outcome.out + outcome.err;
                }
            });
        }
    }
    for (const auto& problem : problems)
        CHECK(problem == "");
}

TEST_CASE("signals that the builder ignores or blocks are the command's to have") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    const auto before = ::signal(SIGPIPE, SIG_IGN);
    auto spec = shell(root, "");
    spec.argv = {"/bin/grep", "-E", "Sig(Blk|Ign|Cgt)", "/proc/self/status"};
    const auto text = output_of(spec);
    ::signal(SIGPIPE, before);
    CHECK(text ==
          "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000000000\n");
}

TEST_CASE("no descriptor of the builder reaches the command") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    // Inherited from whoever started the builder, so without O_CLOEXEC.
    const Fd leaked(::open("/etc", O_RDONLY | O_DIRECTORY));
    const Fd high(::fcntl(leaked.get(), F_DUPFD, 500));
    auto spec = shell(root, "");
    spec.argv = {"/bin/ls", "/proc/self/fd"};
    CHECK(output_of(spec) == "0\n1\n2\n3\n"); // 3 is the directory being listed
    spec =
        shell(root, "readlink /proc/self/fd/0; cat; echo ok > /dev/stdout; echo no > /dev/stderr");
    spec.uid = 1000;
    CHECK(output_of(spec) == "/dev/null\nok\n");
}

TEST_CASE("the caller's working directory, umask and signal mask stay as they are") {
    SKIP_WITHOUT_SANDBOX();
    const Root root;
    const auto mask = ::umask(077);
    const auto text = output_of(shell(root, "umask; touch /file; stat -c %a /file"));
    const auto after = ::umask(mask);
    CHECK(text == "0022\n644\n");
    CHECK(after == 077);
}
