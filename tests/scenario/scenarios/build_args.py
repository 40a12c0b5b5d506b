"""Build arguments that have a meaning of their own."""
import os

from harness import trees
from harness.core import check, contains, equal
from harness.images import Archive, load_busybox
from harness.repositories import GitServer, Repository
from harness.tars import tar_of
from harness.transcript import Transcript
from harness.web import Web

BASE = "FROM mybuild.example/busybox:1"
NAME, EPOCH = "SOURCE_DATE_EPOCH", 1_000_000_000


def times(config):
    return [entry.get("created") for entry in config["history"]], config["created"]


def test_source_date_epoch(s):
    """As a build arg or a global ARG; the build arg wins, and an empty one takes the ARG away."""
    load_busybox(s)
    lines = f"ARG {NAME}={EPOCH}\n{BASE}\nENV a=1\nRUN echo x >/x\nWORKDIR /made\nENV b=2\n"
    context = s.context("c", {"Dockerfile": lines})

    def build(name, *args, env=None):
        archive = s.path(name + ".tar")
        s.mybuild("-o", f"type=oci,dest={archive}", *args, context, env=env)
        return times(Archive(archive).config)

    base = "2020-09-13T12:26:40Z"
    history, created = build("by-arg")
    equal(history, [base] + ["2001-09-09T01:46:40Z"] * 4, "history")
    equal(created, "2001-09-09T01:46:40Z", "created")
    history, created = build("given", "--build-arg", f"{NAME}=0")
    equal((set(history[1:]), created), ({"1970-01-01T00:00:00Z"}, "1970-01-01T00:00:00Z"), "of the build arg")
    equal(build("of-environment", env={NAME: "0"}), (history, created), "of the environment's variable")
    equal(build("both", "--build-arg", f"{NAME}=0", env={NAME: "7"}), (history, created), "of both")
    history, created = build("reset", "--build-arg", f"{NAME}=")
    equal([time > base for time in (*history[1:], created)], [True] * 5, "of a build without an epoch is later")
    # Nothing was executed again, and the same epoch gives the same image.
    equal(build("again"), build("by-arg"), "times")
    bad = s.mybuild("--build-arg", f"{NAME}=soon", context, check=2)
    contains(bad.err, "invalid SOURCE_DATE_EPOCH: soon")


def test_source_date_epoch_of_a_base_alone(s):
    """The image's own time is not later; the base's history stays."""
    load_busybox(s)
    context = s.context("c", {"Dockerfile": f"{BASE}\n"})
    s.mybuild("--build-arg", f"{NAME}=5", "-o", f"type=oci,dest={s.path('a.tar')}", context)
    equal(times(Archive(s.path("a.tar")).config), (["2020-09-13T12:26:40Z"], "1970-01-01T00:00:05Z"), "times")


def test_source_date_epoch_of_files(s):
    """Where the file system itself is written, all files have it."""
    context = s.context("c", {"Dockerfile": "FROM scratch\nCOPY f /d/\n", "f": "x"})
    s.mybuild("--build-arg", f"{NAME}={EPOCH}", "-o", f"type=local,dest={s.path('root')}", context)
    found = trees.describe(s.path("root"))
    equal({os.fsdecode(name): entry["mtime"] for name, entry in found.items()}, {"d": EPOCH, "d/f": EPOCH}, "times")


def epoch_of(s, dockerfile, *args):
    """What a stage gets as SOURCE_DATE_EPOCH, and the created time of its image."""
    archive = s.path("epoch.tar")
    where = s.context("epoch", {"Dockerfile": f"{dockerfile}FROM scratch\nARG {NAME}\nLABEL e=x${NAME}\n"})
    s.mybuild("-o", f"type=oci,dest={archive}", *args, where)
    config = Archive(archive).config
    return config["config"]["Labels"]["e"], config["created"]


def test_source_date_epoch_of_a_stage(s):
    """A stage of one ADD stands for the time of what it fetches, whether it is built or not."""
    web = Web(s, {"/dated": b"x", "/undated": b"x", "/old.tar": tar_of({"d/f": "x"}, mtime=1_100_000_000)})
    web.dates["/dated"] = EPOCH
    repository = Repository(s, "r")
    repository.commit({"f": "x\n"})
    git = GitServer(s).url("r")
    year_2001, year_2004 = "2001-09-09T01:46:40Z", "2004-11-09T11:33:20Z"
    given = ("--build-arg", f"{NAME}=source")
    for add, expected in (
        (web.url("/dated"), (f"x{EPOCH}", year_2001)),
        (web.url("/old.tar"), ("x1100000000", year_2004)),
        (git, (f"x{EPOCH}", year_2001)),
    ):
        equal(epoch_of(s, f"FROM scratch AS Source\nARG there=/\nADD {add} $there\n", *given), expected, f"of {add}")
        equal(epoch_of(s, f"ARG {NAME}=source\nFROM scratch AS source\nADD {add} /\n"), expected, f"of {add}, by ARG")
        equal(epoch_of(s, "", "--build-arg", f"{NAME}=it", f"--build-context=it={add}"), expected, f"of the context {add}")
    equal(epoch_of(s, f"FROM scratch AS source\nADD {web.url('/undated')} /\n", *given)[0], "x", "of a file without a time")
    equal(epoch_of(s, "", "--build-arg", f"{NAME}=it", f"--build-context=it={s.context('it', {'f': 'x'})}")[0], "x",
          "of a directory")


def test_what_a_stage_for_source_date_epoch_must_not_have(s):
    url = "http://127.0.0.1:1/f"
    for stage, wanted in (
        ("FROM mybuild.example/none:1 AS source\nADD {url} /\n", "must use FROM scratch"),
        ("FROM scratch AS source\nADD {url} /\nENV a=b\n", "unsupported ENV instruction"),
        ("FROM scratch AS source\nADD {url} /\nADD {url} /\n", "must contain exactly one remote ADD"),
        ("FROM scratch AS source\nARG a\n", "must contain exactly one remote ADD"),
        ("FROM scratch AS source\nADD {url} {url} /\n", "must contain exactly one remote ADD source"),
        ("FROM scratch AS source\nADD f /\n", "source must be a single HTTP(S) or Git ADD"),
        ("FROM scratch AS source\nADD {url} /\n", "cannot connect to"),
    ):
        where = s.context("bad", {"Dockerfile": stage.format(url=url) + "FROM scratch\n", "f": "x"})
        failed = s.mybuild("--build-arg", f"{NAME}=source", where, check=1)
        contains(failed.err, wanted)
        contains(failed.err, "Dockerfile:1")


def test_another_source_date_epoch_is_in_what_workdir_makes(s):
    """A store that has built with another time makes the image that a new one makes; what follows is cached."""
    load_busybox(s)
    context = s.context("c", {"Dockerfile": f"{BASE}\nWORKDIR /made\nCOPY f .\nRUN cat f\n", "f": "x\n"})
    os.utime(context / "f", (EPOCH, EPOCH))

    def build(*args, store=None):
        archive = s.path("image.tar")
        run = s.mybuild("-o", f"type=oci,dest={archive}", *args, context, store=store)
        return Transcript(run), Archive(archive)

    times = []
    for args in ([], ["--build-arg", f"{NAME}=5"], ["--build-arg", f"{NAME}={EPOCH}"], ["--build-arg", f"{NAME}=5"]):
        transcript, image = build(*args)
        times.append(image.entries(1)["made"].mtime)
        if len(times) > 1:
            check({3, 4} <= set(transcript.cached()), f"steps 3 and 4 ran again with {args}: {transcript.cached()}")
    equal(times[1:], [5, EPOCH, 5], "times of the directory")
    check(times[0] > EPOCH, "the time of a build without an epoch is not now")
    equal(transcript.cached(), [2, 3, 4], "cached steps with the epoch of an earlier build")


def test_host_name(s):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": f"{BASE}\nRUN hostname >/name && grep $(hostname) /etc/hosts >/hosts\n"})
    for given, expected in [([], "buildkitsandbox"), (["--build-arg", "BUILDKIT_SANDBOX_HOSTNAME=other"], "other")]:
        root = s.path(expected)
        s.mybuild(*given, "-o", f"type=local,dest={root}", context)
        equal((root / "name").read_text().strip(), expected, "host name")
        contains((root / "hosts").read_text(), "127.0.0.1")


def test_removed(s):
    context = s.context("c", {"Dockerfile": "FROM scratch\n"})
    s.mybuild("--build-arg", "BUILDKIT_DISABLE_FILEOP=false", context)
    run = s.mybuild("--build-arg", "BUILDKIT_DISABLE_FILEOP=1", context, check=2)
    contains(run.err, "was removed in BuildKit 0.11")
