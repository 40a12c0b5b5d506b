"""What a build prints when it is not on a terminal: the classic form, as people know it from Docker."""
import json
import os
import re

from harness import flask
from harness.core import PROJECT, check, contains, equal, lacks
from harness.golden import compare, same_text
from harness.images import busybox_archive, load_busybox
from harness.peers import Docker
from harness.transcript import Transcript, masked

# Nearly every instruction, with a comment, a continuation and a global ARG.
SMALL = """\
ARG VERSION=1
FROM mybuild.example/busybox:1 AS base
# a comment
ENV greeting="hello world"
RUN echo "$greeting" && \\
    echo on two lines
WORKDIR /app
COPY . .
LABEL a=b c="d e"
ADD hello.txt /added/
USER user
EXPOSE 80
VOLUME /data
ONBUILD RUN echo trigger
STOPSIGNAL SIGTERM
HEALTHCHECK CMD true
SHELL ["/bin/sh","-ec"]
CMD ["cat", "hello.txt"]
"""


def small(s):
    return s.context("small", {"Dockerfile": SMALL, "hello.txt": "hello\n"})


def test_small(s):
    load_busybox(s)
    context = small(s)
    first = s.mybuild("-t", "small", context)
    equal(first.err, "", "standard error of the first build")
    compare("small.first", masked(first.out))
    second = s.mybuild("-t", "small", context)
    equal(second.err, "", "standard error of the second build")
    compare("small.second", masked(second.out))
    equal(Transcript(second).ids(), Transcript(first).ids(), "step ids")


def test_same_as_docker(s):
    docker = Docker(s)
    docker.run("load", "-i", busybox_archive(s))
    load_busybox(s)
    context = small(s)
    for time in ("first", "second"):
        theirs = docker.run("build", "-t", "small", context, env={"DOCKER_BUILDKIT": "0"})
        ours = s.mybuild("-t", "small", context)
        text = re.sub(r"^Sending build context.*\n", "", masked(theirs.out).replace("\r", ""))
        same_text(masked(ours.out), text, f"what Docker prints in the {time} build")


def test_myflask(s):
    flask.load(s)
    context = PROJECT / "testdata/myflask"
    for time in ("first", "second"):
        run = s.mybuild("-t", "myflask", ".", cwd=context, timeout=900)
        # What apt says differs from day to day; that it says something is told in one line.
        text = re.sub(r"(?ms)(^ ---> Running in <id>\n)(.*?)(^Removing intermediate)",
                      lambda m: m[1] + ("(output of apt)\n" if "Setting up" in m[2] else m[2]) + m[3],
                      masked(run.out))
        compare(f"myflask.{time}", text)


def test_last_id_is_the_image(s):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": "FROM mybuild.example/busybox:1\nRUN echo a >/a\nENV x=y\n"})
    iid = s.path("iid")
    transcript = Transcript(s.mybuild("--iidfile", iid, "-t", "one", "-t", "two:2", "-t", "one:latest", context))
    equal(transcript.tags, ["one:latest", "two:2"], "names, each once")
    check(re.fullmatch(r"sha256:[0-9a-f]{64}", iid.read_text()), f"iidfile has {iid.read_text()!r}")
    equal(iid.read_text()[7:19], transcript.built, "the image's id")


def test_quiet(s):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": "FROM mybuild.example/busybox:1\nRUN echo a >/a\n"})
    iid = s.path("iid")
    quiet = s.mybuild("-q", "--iidfile", iid, context)
    equal(quiet.out, iid.read_text() + "\n", "output of -q")
    equal(quiet.err, "", "standard error of -q")


def test_output_of_commands_is_kept_as_it_is(s):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": "FROM mybuild.example/busybox:1\n"
                              "RUN printf 'no newline'; echo to stderr >&2; printf 'a\\rb\\n\\303\\244\\n'\n"})
    run = s.mybuild(context)
    contains(run.all, "no newline")
    contains(run.all, "to stderr")
    contains(run.all, "a\rb\nä\n")


def test_exit_codes(s):
    load_busybox(s)
    base = "FROM mybuild.example/busybox:1\n"
    failing = s.mybuild(s.context("a", {"Dockerfile": base + "RUN exit 42\n"}), check=42)
    contains(failing.err, "The command '/bin/sh -c exit 42' returned a non-zero code: 42", "standard error")
    contains(failing.err, "Dockerfile:2", "standard error")
    lacks(failing.out, "Successfully")
    s.mybuild(s.context("b", {"Dockerfile": base + "COPY nothing /\n"}), check=1)
    s.mybuild(s.context("c", {"Dockerfile": base + 'RUN ["/no/such/program"]\n'}), check=127)
    s.mybuild(s.context("d", {"Dockerfile": base + "RUN sh -c 'kill -9 $$'; exit $?\n"}), check=137)
    s.mybuild("--no-such-flag", s.path("a"), check=2)
    s.mybuild("--progress", "sparkling", s.path("a"), check=2)
    s.mybuild(s.path("a"), s.path("b"), check=2)
    s.mybuild("build", check=2)
    s.mybuild("-t", "UPPER CASE", s.path("a"), check=2)


def test_versions_and_help(s):
    check(re.fullmatch(r"mybuild \d+\.\d+\.\d+\S*\n", s.mybuild("--version").out), "--version")
    for command in ("build", "images", "tag", "rmi", "pull", "load", "save", "inspect", "history"):
        text = s.mybuild(command, "--help").out
        contains(text.lower(), "example", f"{command} --help")
        contains(text, f"mybuild {command}", f"{command} --help")
    contains(s.mybuild("--help").out, "history", "--help")


def test_dockerfile_names(s):
    load_busybox(s)
    base = "FROM mybuild.example/busybox:1\n"
    both = s.context("both", {"Dockerfile": base + "ENV it=dockerfile\n", "Containerfile": base + "ENV it=containerfile\n",
                              "other": base + "ENV it=other\n"})
    contains(s.mybuild(both).out, "it=dockerfile")
    contains(s.mybuild("-f", both / "other", both).out, "it=other")
    contains(s.mybuild("-f", "-", both, stdin=(base + "ENV it=stdin\n").encode()).out, "it=stdin")
    os.unlink(both / "Dockerfile")
    contains(s.mybuild("build", both).out, "it=containerfile")
    os.unlink(both / "Containerfile")
    missing = s.mybuild(both, check=1)
    contains(missing.err, "Dockerfile", "standard error")


def test_rawjson(s):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": "FROM mybuild.example/busybox:1\nRUN echo hello from the step\n"})
    run = s.mybuild("--progress=rawjson", context)
    lines = [json.loads(line) for line in run.all.splitlines()]
    check(lines, "--progress=rawjson prints nothing")
