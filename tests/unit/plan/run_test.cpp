#include "tests/unit/plan/planned.hpp"

#include <doctest/doctest.h>

namespace mybuild::plan::test {

namespace {

/// The RunOp of the last instruction.
RunOp run_of(std::string_view text, const Given& given = {}) {
    return std::get<RunOp>(plan_text(text, given).last().op);
}

RunOp run_with(std::string_view flags) {
    return run_of("FROM a AS one\nFROM b\nWORKDIR /w\nENV v=val\nRUN " + std::string(flags) +
                  " true\n");
}

Words targets(const RunOp& op) {
    Words all;
    for (const Mount& mount : op.mounts)
        all.push_back(mount.target);
    return all;
}

} // namespace

TEST_CASE("the shell form runs SHELL with the text, unexpanded; the exec form runs as it is") {
    struct Case {
        std::string_view text;
        Words argv;
    };
    const Case cases[] = {
        {"FROM a\nENV x=1\nRUN echo $x  \"y\"\n", {"/bin/sh", "-c", "echo $x  \"y\""}},
        {"FROM a\nRUN a && \\\n  b\n", {"/bin/sh", "-c", "a &&   b"}},
        {"FROM a\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN x\n",
         {"/bin/bash", "-o", "pipefail", "-c", "x"}},
        {"FROM a\nENV x=1\nSHELL [\"/bin/bash\"]\nRUN [\"echo\", \"$x\", \"a b\"]\n",
         {"echo", "$x", "a b"}},
        {"FROM a AS one\nSHELL [\"/bin/bash\", \"-c\"]\nFROM one\nRUN x\n",
         {"/bin/bash", "-c", "x"}},
        {"FROM a\nRUN\n", {"/bin/sh", "-c", ""}},
        {"FROM a\nRUN []\n", {}},
        {"FROM a\nRUN ['x']\n", {"/bin/sh", "-c", "['x']"}},
    };
    for (const auto& [text, argv] : cases) {
        CAPTURE(text);
        CHECK(run_of(text).argv == argv);
    }
}

TEST_CASE("a RUN has the user and directory of its place") {
    const auto op = run_of("FROM a\nUSER u:g\nWORKDIR /w/\nRUN x\nUSER v\nRUN x\n");
    CHECK(op.user == "v");
    CHECK(op.working_dir == "/w");
    const auto first = plan_text("FROM a\nUSER u:g\nRUN x\nUSER v\n").op<RunOp>(1);
    CHECK(first.user == "u:g");
    CHECK(first.working_dir == "/");
    CHECK(first.network == "default");
    CHECK(first.security == "sandbox");
}

TEST_CASE("network and security as written") {
    const auto op =
        run_of("FROM a\nRUN --network=none --security=insecure x\n", {.allow_insecure = true});
    CHECK(op.network == "none");
    CHECK(op.security == "insecure");
    CHECK(run_of("FROM a\nRUN --network=host x\n", {.allow_host_network = true}).network == "host");
}

TEST_CASE("a Dockerfile takes neither the host's network nor root's privileges by itself") {
    const auto* host = "FROM a\nRUN --network=host x\n";
    const auto* insecure = "FROM a\nRUN --security=insecure x\n";
    CHECK(failure(host) == "2:15-18 network.host is not allowed");
    CHECK(failure(host, {.allow_insecure = true}) == "2:15-18 network.host is not allowed");
    CHECK(failure(insecure) == "2:16-23 security.insecure is not allowed");
    CHECK(failure(insecure, {.allow_host_network = true}) ==
          "2:16-23 security.insecure is not allowed");
    CHECK(failure("FROM a\nRUN --network=none --security=sandbox x\n") == "planned");
    CHECK(failure("FROM a AS unused\nRUN --network=host x\nFROM b\n") == "planned");
}

TEST_CASE("a lone heredoc is text for SHELL, or a script where it begins with #!") {
    const auto text = run_of("FROM a\nRUN <<E\necho $x\n\ttab\nE\n");
    CHECK(text.argv == Words{"/bin/sh", "-c", "echo $x\n\ttab\n"});
    CHECK(text.script_files.empty());

    const auto script = run_of("FROM a\nRUN <<-E\n\t#!/usr/bin/python3\n\tprint($x)\nE\n");
    CHECK(script.argv == Words{"/bin/sh", "-c", "/dev/pipes/E"});
    REQUIRE(script.script_files.size() == 1);
    CHECK(script.script_files[0].first == "E");
    CHECK(script.script_files[0].second == "#!/usr/bin/python3\nprint($x)\n");
}

TEST_CASE("heredocs among other text are left to the shell") {
    CHECK(run_of("FROM a\nRUN cat <<A > x && cat <<B\na $v\nA\nb\nB\n").argv ==
          Words{"/bin/sh", "-c", "cat <<A > x && cat <<B\na $v\nA\nb\nB"});
}

TEST_CASE("a script that cannot be a file") {
    CHECK(failure("FROM a\nRUN <<a/b\n#!/bin/sh\na/b\n") ==
          "2:5-9 a heredoc named a/b cannot be a script");
    CHECK(failure("FROM a\nRUN <<a/b\necho\na/b\n") == "planned");
}

TEST_CASE("mount targets are absolute and clean") {
    struct Case {
        std::string_view flags;
        std::string_view target;
    };
    const Case cases[] = {
        {"--mount=target=/x", "/x"},
        {"--mount=target=x", "/w/x"},
        {"--mount=target=../x/./y/", "/x/y"},
        {"--mount=type=bind", "/w"},
        {"--mount=type=cache,target=c", "/w/c"},
        {"--mount=type=tmpfs,target=/t//u", "/t/u"},
        {"--mount=type=cache,target=/$v", "/val"},
        {"--mount=type=secret,id=s", "/run/secrets/s"},
        {"--mount=type=secret,id=s,target=x/y", "/w/x/y"},
        {"--mount=type=secret,id=s,env=S", ""},
        {"--mount=type=ssh", "/run/buildkit/ssh_agent.0"},
        {"--mount=type=ssh,target=/s", "/s"},
        {"--mount=type=ssh,target=s", "/w/s"},
    };
    for (const auto& [flags, target] : cases) {
        CAPTURE(flags);
        CHECK(targets(run_with(flags)) == Words{std::string(target)});
    }
}

TEST_CASE("mounts are ordered by target; later ones of the same target stay later") {
    const auto op = run_with("--mount=target=/b/c,source=one --mount=target=/b "
                             "--mount=type=tmpfs,target=/a --mount=target=/b/c,source=two");
    CHECK(targets(op) == Words{"/a", "/b", "/b/c", "/b/c"});
    CHECK(op.mounts[2].source == "one");
    CHECK(op.mounts[3].source == "two");
}

TEST_CASE("origins stand beside their mounts") {
    const auto op = run_with("--mount=target=/z,from=one --mount=target=/y,from=img "
                             "--mount=target=/x --mount=type=cache,target=/c,from=scratch");
    CHECK(targets(op) == Words{"/c", "/x", "/y", "/z"});
    REQUIRE(op.mount_origins.size() == 4);
    CHECK(shown(op.mount_origins[0]) == "scratch");
    CHECK(shown(op.mount_origins[1]) == "scratch");
    CHECK(!op.mounts[1].from);
    CHECK(shown(op.mount_origins[2]) == "image img:latest linux/amd64");
    CHECK(shown(op.mount_origins[3]) == "stage 0");
}

TEST_CASE("an empty from= is none") {
    const auto op = run_with("--mount=target=/x,from=");
    CHECK(!op.mounts[0].from);
    CHECK(shown(op.mount_origins[0]) == "scratch");
}

TEST_CASE("mounts know where they are written, in whatever order they come") {
    const auto op = run_of("FROM a\nRUN --mount=target=/z --mount=target=/a true\n");
    REQUIRE(op.mount_spans.size() == 2);
    CHECK(op.mounts[0].target == "/a");
    CHECK(op.mount_spans[0].begin > op.mount_spans[1].end);
}

TEST_CASE("ssh mounts are numbered, and the first is the agent unless one is set") {
    const auto op = run_with("--mount=type=ssh,id=a --mount=type=tmpfs,target=/t "
                             "--mount=type=ssh,id=b");
    CHECK(targets(op) == Words{"/run/buildkit/ssh_agent.0", "/run/buildkit/ssh_agent.1", "/t"});
    CHECK(op.env.back() == "SSH_AUTH_SOCK=/run/buildkit/ssh_agent.0");
    const auto own = run_of("FROM a\nENV SSH_AUTH_SOCK=/mine\nRUN --mount=type=ssh x\n");
    CHECK(own.env.back() == "SSH_AUTH_SOCK=/mine");
    // It is in this step alone.
    const auto planned = plan_text("FROM a\nRUN --mount=type=ssh x\nRUN y\n");
    CHECK(planned.op<RunOp>(1).env == planned.config().env);
}

TEST_CASE("cache ids: the target as written unless one is given, and apart by name space") {
    CHECK(run_with("--mount=type=cache,target=c").mounts[0].id == "c");
    CHECK(run_with("--mount=type=cache,target=/c,id=$v").mounts[0].id == "val");
    const Given given{.build_args = {{"BUILDKIT_CACHE_MOUNT_NS", "team"}}};
    CHECK(run_of("FROM a\nRUN --mount=type=cache,target=/c,id=x y\n", given).mounts[0].id ==
          "team/x");
    CHECK(run_of("FROM a\nRUN --mount=type=secret,id=x y\n", given).mounts[0].id == "x");
}

TEST_CASE("mounts that cannot be") {
    struct Case {
        std::string_view text;
        std::string_view error;
    };
    const Case cases[] = {
        {"FROM a\nRUN --mount=target=/ x\n", "2:13-20 invalid mount target \"/\""},
        {"FROM a\nWORKDIR /\nRUN --mount=type=cache,target=. x\n",
         "3:13-31 invalid mount target \"/\""},
        {"FROM a\nRUN --mount=type=nope,target=/x x\n", "2:13-31 unsupported mount type \"nope\""},
        {"FROM a\nRUN --mount=target=/x,from=Upper x\n",
         "2:13-32 invalid reference format: Upper: repository name must be lowercase"},
        {"FROM a\nRUN --device=x y\n", "2:14-14 RUN --device is not supported"},
    };
    for (const auto& [text, error] : cases) {
        CAPTURE(text);
        CHECK(failure(text) == error);
    }
}

TEST_CASE("BUILDKIT_SANDBOX_HOSTNAME names the host that steps see") {
    CHECK(plan_text("FROM a\nRUN x\n").op<RunOp>(0).hostname.empty());
    CHECK(plan_text("FROM a\nRUN x\n", {.build_args = {{"BUILDKIT_SANDBOX_HOSTNAME", "foo"}}})
              .op<RunOp>(0)
              .hostname == "foo");
}

TEST_CASE("a RUN makes a layer and leaves the config alone") {
    const auto planned = plan_text("FROM a\nRUN x\n");
    CHECK(planned.step(0).makes_layer);
    CHECK(planned.step(0).keyword == "RUN");
    CHECK(planned.step(0).text == "RUN x");
    CHECK(planned.config().env == planned.target().base_config.env);
    CHECK(!planned.config().cmd);
}

} // namespace mybuild::plan::test
