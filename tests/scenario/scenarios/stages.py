"""Several stages: what is built, what is not, and what at the same time."""
from harness.core import check, contains, equal, lacks
from harness.images import Archive, load_busybox
from harness.meeting import Meeting
from harness.transcript import Transcript

BASE = "FROM mybuild.example/busybox:1"


def out(s, name, *args):
    """Builds and returns the root file system as a directory."""
    s.mybuild(*args, "-o", f"type=local,dest={s.path(name)}")
    return s.path(name)


def test_copy_from_stage(s):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": f"""\
{BASE} AS builder
RUN mkdir /out && echo made >/out/result && ln -s result /out/link && chmod 750 /out/result && chown 7:8 /out/result
FROM scratch
COPY --from=builder /out/ /
COPY --from=0 /etc/passwd /passwd
"""})
    root = out(s, "root", context)
    equal(sorted(path.name for path in root.iterdir()), ["link", "passwd", "result"], "entries")
    equal((root / "result").read_text(), "made\n", "/result")
    equal(oct((root / "result").stat().st_mode & 0o7777), "0o750", "mode of /result")
    check((root / "link").is_symlink(), "/link is no symlink")


def test_unused_stage_is_not_built(s):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": f"""\
{BASE} AS unused
RUN exit 1
{BASE} AS used
RUN echo used >/used
FROM used
RUN echo last >/last
"""})
    run = s.mybuild(context)
    lacks(run.out, "exit 1")
    check(Transcript(run).built, "no image was built")


def test_target(s):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": f"""\
{BASE} AS first
RUN echo first >/first
{BASE} AS Second
RUN echo second >/second
FROM first
RUN exit 1
"""})
    first = out(s, "first", "--target", "first", context)
    check((first / "first").exists() and not (first / "second").exists(), "not the first stage")
    check((out(s, "second", "--target", "second", context) / "second").exists(), "not the second stage")
    wrong = s.mybuild("--target", "secnd", context, check=1)
    contains(wrong.err, "secnd", "standard error")
    contains(wrong.err.lower(), "second", "the hint")


def test_independent_stages_run_at_the_same_time(s):
    """Two stages are in the middle of a step before either may go on."""
    load_busybox(s)
    meeting = Meeting(s)
    context = s.context("c", {"Dockerfile": f"""\
{BASE} AS a
RUN {meeting.wait} && echo a >/heard
{BASE} AS b
RUN {meeting.wait} && echo b >/heard
{BASE}
COPY --from=a /heard /a
COPY --from=b /heard /b
"""})
    build = s.start(s.program, "--network", "host", context, log="log")
    for go_on in [meeting.arrival() for _ in range(2)]:
        go_on()
    equal(build.wait(timeout=180), 0, "exit code")


def test_copy_from_image(s):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": "FROM scratch\nCOPY --from=mybuild.example/busybox:1 /etc/passwd /etc/\n"})
    contains((out(s, "root", context) / "etc/passwd").read_text(), "root:x:0:0", "/etc/passwd")


def test_stage_on_stage_shares_layers(s):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": f"{BASE} AS a\nRUN echo a >/a\nFROM a AS b\nRUN echo b >/b\n"})
    s.mybuild("-o", f"type=oci,dest={s.path('b.tar')}", context)
    s.mybuild("-o", f"type=oci,dest={s.path('a.tar')}", "--target", "a", context)
    a, b = (Archive(s.path(name)).config["rootfs"]["diff_ids"] for name in ("a.tar", "b.tar"))
    equal(b[:len(a)], a, "lower layers")
    equal(len(b), 3, "layers")


def test_failure_in_one_stage_ends_the_other(s):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": f"""\
{BASE} AS slow
RUN sleep 300
{BASE} AS broken
RUN exit 3
{BASE}
COPY --from=slow /etc/passwd /1
COPY --from=broken /etc/passwd /2
"""})
    run = s.mybuild(context, check=None, timeout=60)
    equal(run.code, 3, f"exit code\n{run}\n")
