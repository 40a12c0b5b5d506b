"""Many steps in one stage."""
from harness.core import equal
from harness.images import Archive, load_busybox
from harness.transcript import Transcript


def build(s, count):
    load_busybox(s)
    lines = ["FROM mybuild.example/busybox:1"]
    # Every step adds a file of its own and one line to a common file, and takes an earlier file away.
    for n in range(1, count + 1):
        away = f" && rm /file{n - 10}" if n > 10 else ""
        lines.append(f"RUN echo {n} >/file{n} && echo {n} >>/log{away}")
    lines.append("COPY tail /tail")
    context = s.context("c", {"Dockerfile": "\n".join(lines) + "\n", "tail": "the end\n"})
    out, archive = s.path("out"), s.path("image.tar")
    first = Transcript(s.mybuild("-t", "deep", "-o", f"type=local,dest={out}", "-o", f"type=oci,dest={archive}", context,
                                 timeout=500))
    equal(first.total, count + 2, "steps")
    equal((out / "log").read_text(), "".join(f"{n}\n" for n in range(1, count + 1)), "/log")
    equal(sorted(p.name for p in out.glob("file*")), sorted(f"file{n}" for n in range(count - 9, count + 1)), "files")
    equal((out / "tail").read_text(), "the end\n", "/tail")
    image = Archive(archive)
    image.verify()
    equal(len(image.manifest["layers"]), count + 2, "layers")
    again = Transcript(s.mybuild("-t", "deep", context))
    equal(len(again.cached()), count + 1, "cached steps of the second build")


def test_30_steps(s):
    build(s, 30)


def test_200_steps(s):
    build(s, 200)
