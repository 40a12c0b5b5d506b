"""Flags that say what all RUN steps get, and what a Dockerfile may ask for."""
from harness.core import contains, equal
from harness.images import load_busybox
from harness.transcript import Transcript

BASE = "FROM mybuild.example/busybox:1\n"


def build(s, text, *args, **options):
    return Transcript(s.mybuild(*args, s.context("c", {"Dockerfile": BASE + text}), **options))


def output(s, text, *args):
    return [line for step in build(s, text, "--no-cache", *args).steps for line in step.output]


def test_entitlements(s):
    """What a Dockerfile cannot take for itself is refused before anything runs."""
    load_busybox(s)
    host = "RUN echo first\nRUN --network=host true\n"
    insecure = "RUN echo first\nRUN --security=insecure grep CapEff /proc/self/status\n"
    for text, name, allow in ((host, "network.host", ["--allow", "network.host"]),
                              (insecure, "security.insecure", ["--allow", "security.insecure"])):
        run = s.mybuild(s.context("c", {"Dockerfile": BASE + text}), check=1)
        for words in (f"{name} is not allowed", "Dockerfile:3:", f"--allow {name}"):
            contains(run.err, words)
        equal(run.out.count("first"), 0, "steps that ran")
        build(s, text, *allow)
    build(s, host, "--network", "host")
    build(s, "RUN --network=none true\nRUN --security=sandbox true\n")
    run = s.mybuild("--allow", "network.hosts", s.path("c"), check=2)
    contains(run.err, "did you mean network.host?")


def test_an_unused_stage_asks_for_nothing(s):
    load_busybox(s)
    build(s, "RUN true\n" + BASE + "RUN --security=insecure true\n", "--target", "0", check=1)
    build(s, "RUN true\n" + BASE[:-1] + " AS other\nRUN --security=insecure true\n" + BASE + "RUN true\n")


def test_networks(s):
    load_busybox(s)
    devices = "ls /sys/class/net"
    equal(output(s, f"RUN --network=none {devices}\n"), ["lo"], "devices without a network")
    equal(output(s, f"RUN {devices}\n", "--network", "none"), ["lo"], "devices without a network by default")


def test_added_hosts(s):
    load_busybox(s)
    text = "RUN grep -v localhost /etc/hosts; true\n"
    flags = ["--add-host", "db:10.1.2.3", "--add-host", "six=[fe80::1]", "--add-host", "me:host-gateway"]
    equal(output(s, text, *flags), ["10.1.2.3\tdb", "fe80::1\tsix", "127.0.0.1\tme"], "/etc/hosts")
    equal(build(s, text, *flags).cached(), [2], "cached steps")
    equal(build(s, text, "--add-host", "db:10.1.2.4").cached(), [], "cached steps with another address")


def test_sizes_and_limits(s):
    load_busybox(s)
    text = "RUN df -k /dev/shm | tail -n 1 | tr -s ' ' | cut -d ' ' -f 2; ulimit -n; ulimit -Hn; ulimit -c\n"
    flags = ["--shm-size", "1m", "--ulimit", "nofile=512:1024", "--ulimit", "core=-1"]
    equal(output(s, text, *flags), ["1024", "512", "1024", "unlimited"], "limits")
    equal(build(s, text).cached(), [2], "limits are in no key: cached steps without them")
    for wrong in (["--shm-size", "big"], ["--ulimit", "nofiles=1"], ["--ulimit", "nofile=2:1"], ["--add-host", "db"],
                  ["--add-host", "db:nowhere"]):
        s.mybuild(*wrong, s.path("c"), check=2)
