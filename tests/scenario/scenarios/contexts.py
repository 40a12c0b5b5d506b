"""Where a build context and its Dockerfile come from."""
import bz2
import gzip
import json
import lzma
import os
import subprocess
import tarfile

from harness.core import check, contains, equal, lacks
from harness.images import Archive, load_busybox
from harness.tars import tar_of

BASE = "FROM mybuild.example/busybox:1\n"
SCRATCH = "FROM scratch\nCOPY . /\n"


def link(name, target, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


def zstd(data):
    return subprocess.run(["zstd", "-qc"], input=data, stdout=subprocess.PIPE, check=True).stdout


def built(s, *args, name="out.tar", **options):
    """The archive of a build."""
    out = s.path(name)
    s.mybuild("-o", f"type=oci,dest={out}", *args, **options)
    return Archive(out)


def test_a_dockerfile_on_standard_input_has_an_empty_context(s):
    image = built(s, "-", stdin=b"FROM scratch\nLABEL a=b\nCOPY <<x /\nhello\nx\n")
    equal(image.config["config"]["Labels"], {"a": "b"}, "labels")
    equal(image.content(0, "x"), b"hello\n", "the file of the heredoc")

    missing = s.mybuild("-", stdin=b"FROM scratch\nCOPY a /\n", check=1)
    contains(missing.err, "Dockerfile:2", "standard error")
    contains(missing.err, "-f - DIRECTORY", "standard error")
    nothing = s.mybuild("-", stdin=b"", check=1)
    contains(nothing.err, "the Dockerfile cannot be empty", "standard error")


def test_two_things_on_standard_input_are_refused(s):
    both = s.mybuild("-f", "-", "-", stdin=b"FROM scratch\n", check=2)
    contains(both.err, "invalid argument: can't use stdin for both build context and dockerfile")
    twice = s.mybuild("-f", "Dockerfile", "-", stdin=b"FROM scratch\n", check=2)
    contains(twice.err, "ambiguous Dockerfile source: both stdin and flag correspond to Dockerfiles")


def test_a_tar_on_standard_input(s):
    s.need("zstd")
    tar = tar_of({"Dockerfile": SCRATCH, "a/b": "b\n", "c": "c\n"}, uid=1000, gid=1000)
    packed = {"plain": tar, "gzip": gzip.compress(tar), "bzip2": bz2.compress(tar),
              "xz": lzma.compress(tar), "zstd": zstd(tar)}
    ids = set()
    for name, data in packed.items():
        image = built(s, "-", stdin=data, name=f"{name}.tar")
        entries = image.entries(0)
        equal(sorted(entries), ["Dockerfile", "a", "a/b", "c"], f"files of the {name} context")
        entry = entries["a/b"]
        equal((entry.uid, entry.gid, entry.mode, entry.mtime), (0, 0, 0o640, 1_000_000_000), "a/b")
        ids.add(image.image_id)
    equal(len(ids), 1, "the same image from all of them")
    again = s.mybuild("-", stdin=tar)
    contains(again.out, "Using cache")


def test_the_dockerfile_in_a_tar(s):
    tar = tar_of({"Dockerfile": "FROM nothing\n", "docker/my.Dockerfile": "FROM scratch\nCOPY a /\n",
                  "a": "a\n", "linked": link("linked", "docker/my.Dockerfile")})
    for name in ("docker/my.Dockerfile", "./docker//my.Dockerfile", "/docker/my.Dockerfile", "linked"):
        image = built(s, "-f", name, "-", stdin=tar)
        equal(list(image.entries(0)), ["a"], f"files with -f {name}")
    missing = s.mybuild("-f", "other", "-", stdin=tar, check=1)
    contains(missing.err, "failed to read dockerfile: open other: no such file or directory")
    contained = s.mybuild("-", stdin=tar_of({"a": "a\n", "Containerfile": SCRATCH}))
    contains(contained.out, "Successfully built")
    broken = s.mybuild("-", stdin=tar_of({"Dockerfile": "FROM scratch\nCOPPY a /\n"}), check=1)
    contains(broken.err, "Dockerfile:2:1")


def test_the_ignore_file_of_a_tar_filters_it(s):
    files = {"Dockerfile": SCRATCH, "a.log": "", "d/b": "b\n", "d/c": "c\n", "keep": ""}
    tar = tar_of(files | {".dockerignore": "*.log\nd\n!d/c\nDockerfile\n"})
    equal(sorted(built(s, "-", stdin=tar).entries(0)), [".dockerignore", "d", "d/c", "keep"], "files")
    own = tar_of(files | {".dockerignore": "*\n", "Dockerfile.dockerignore": "keep\n*ockerfile*\n.*\n"})
    equal(sorted(built(s, "-", stdin=own).entries(0)), ["a.log", "d", "d/b", "d/c"], "files")


def test_links_in_a_tar_stay_inside(s):
    s.path("outside").write_text("secret\n")
    tar = tar_of({"Dockerfile": "FROM scratch\nCOPY out out2 in /\nCOPY dir /dir\n",
                  "etc/passwd": "mine\n", "deep/file": "deep\n",
                  "out": link("out", "../../../../../../etc/passwd"),
                  "out2": link("out2", "/etc/passwd"),
                  "in": link("in", "deep/file"),
                  "dir/hard": link("dir/hard", "deep/file", tarfile.LNKTYPE),
                  "dir/soft": link("dir/soft", "hard")})
    image = built(s, "-", stdin=tar)
    for name, content in (("out", b"mine\n"), ("out2", b"mine\n"), ("in", b"deep\n")):
        equal(image.content(0, name), content, name)
    equal(image.content(1, "dir/hard"), b"deep\n", "the hard link")
    equal(image.entries(1)["dir/soft"].linkname, "hard", "a link that is copied")

    for name in ("../outside", "a/../../outside"):
        climbing = s.mybuild("-", stdin=tar_of({"Dockerfile": SCRATCH, name: "x"}), check=1)
        contains(climbing.err, f"the name {name} leads out of the archive", f"{name}: standard error")
    check(s.path("outside").read_text() == "secret\n", "a file outside was changed")


def test_damaged_archives(s):
    tar = tar_of({"Dockerfile": SCRATCH, "big": os.urandom(100_000)})
    squeezed = gzip.compress(tar)
    for name, data in {"cut off": tar[:60_000], "gzip cut off": squeezed[:60_000],
                       "gzip of no tar": gzip.compress(b"FROM scratch\n"),
                       "gzip damaged": squeezed[:50_000] + b"\0" * 100 + squeezed[50_100:],
                       "compressed nothing": gzip.compress(b"")}.items():
        run = s.mybuild("-", stdin=data, check=1)
        contains(run.err, "standard input", f"{name}: standard error")
        lacks(run.err, "internal", f"{name}: standard error")
    s.mybuild("-", stdin=tar)
    left = [path for path in (s.store / "work").rglob("*")]
    equal(left, [], "what is left in the store's work directory")


def test_a_dockerfile_on_standard_input_with_a_directory(s):
    context = s.context("project", {"Dockerfile": "FROM nothing\n", "a": "a\n", "b.log": "",
                                    ".dockerignore": "*.log\nDockerfile\n.dockerignore\n"})
    image = built(s, "-f", "-", context, stdin=SCRATCH.encode())
    equal(list(image.entries(0)), ["a"], "files")


def test_a_named_directory(s):
    """In the place of an image in FROM, --from and mounts, with an ignore file of its own."""
    load_busybox(s)
    src = s.context("src", {"a": "a\n", "b.log": "", "d/c": "c\n", ".dockerignore": "*.log\n.dockerignore\n"})
    (src / "d/c").chmod(0o755)
    context = s.context("project", {"Dockerfile": "FROM src AS base\nCOPY --from=src d /e\n"})
    image = built(s, "--build-context", "src=src", context, name="one.tar", cwd=s.dir)
    image.verify()
    equal(sorted(image.entries(0)), ["a", "d", "d/c"], "files of the base")
    equal(image.entries(0)["d/c"].mode, 0o755, "the mode of d/c")
    equal(sorted(image.entries(1)), ["e", "e/c"], "files of the copy")
    equal(image.config["config"]["Env"][0][:5], "PATH=", "the environment of an image from files alone")

    again = s.mybuild("--build-context", "src=src", context, cwd=s.dir)
    contains(again.out, "Using cache")
    os.utime(src / "a")
    touched = s.mybuild("--build-context", "src=src", context, cwd=s.dir)
    equal(touched.out, again.out, "the output after touching a file")
    (src / "d/c").write_text("changed\n")
    changed = s.mybuild("--build-context", "src=src", context, cwd=s.dir)
    lacks(changed.out, "Using cache")

    missing = s.mybuild("--build-context", "src=nowhere", context, check=1, cwd=s.dir)
    contains(missing.err, "failed to get build context src")
    ignored = s.context("ignored", {"Dockerfile": "FROM scratch\nCOPY --from=src b.log /\n"})
    run = s.mybuild("--build-context", f"src={src}", ignored, check=1)
    contains(run.err, "Dockerfile:2")
    contains(run.err, "not found in the build context src")


def test_a_run_on_a_named_directory(s):
    load_busybox(s)
    root = s.path("rootfs")
    out = s.path("busybox.tar")
    s.mybuild("-o", f"type=local,dest={root}", s.context("p", {"Dockerfile": BASE}))
    context = s.context("project", {"Dockerfile": "FROM tree\nRUN echo made >/made\n"})
    image = built(s, "--build-context", f"tree={root}", context, name=out.name)
    equal(image.content(1, "made"), b"made\n", "what the step wrote")


def test_named_images(s):
    load_busybox(s)
    context = s.context("project", {"Dockerfile": "FROM nowhere.example/base AS base\nRUN echo x >/x\n"
                                                  "FROM scratch\nCOPY --from=base /x /x\n"
                                                  "COPY --from=tools /bin/busybox /b\n"})
    image = built(s, "--build-context", "nowhere.example/base=docker-image://mybuild.example/busybox:1",
                  "--build-context", "tools=docker-image://mybuild.example/busybox:1", context)
    equal(image.content(0, "x"), b"x\n", "/x")
    stage = built(s, "--build-context", "base=docker-image://mybuild.example/busybox:1", "--target", "base", context)
    lacks(json.dumps(stage.config["history"]), "echo x", "the history of a stage that was replaced")
    empty = s.mybuild("--build-context", "base=docker-image://scratch", "--build-context",
                      "tools=docker-image://scratch", context, check=1)
    contains(empty.err, '"/x" not found')


def test_an_oci_layout(s):
    s.need("skopeo")
    load_busybox(s)
    s.mybuild("-t", "one", "-o", f"type=oci,dest={s.path('one.tar')}",
              s.context("c1", {"Dockerfile": BASE + "LABEL n=1\nCOPY <<f /\none\nf\n"}))
    s.mybuild("-t", "two", "-o", f"type=oci,dest={s.path('two.tar')}",
              s.context("c2", {"Dockerfile": BASE + "LABEL n=2\nCOPY <<f /\ntwo\nf\n"}))
    layout = s.path("layout")
    for tag in ("one", "two"):
        s.run("skopeo", "copy", f"oci-archive:{s.path(tag + '.tar')}", f"oci:{layout}:{tag}")
    digests = [entry["digest"] for entry in json.loads((layout / "index.json").read_text())["manifests"]]
    context = s.context("project", {"Dockerfile": "FROM base\nRUN cat /f >/g\n"})
    for spec, content in ((":one", b"one\n"), (":two", b"two\n"), (f"@{digests[1]}", b"two\n")):
        image = built(s, "--build-context", f"base=oci-layout://{layout}{spec}", context, name="g.tar",
                      store=s.path(f"fresh-{content.decode().strip()}"))
        equal(image.content(2, "g"), content, f"/g from {spec}")
    both = s.mybuild("--build-context", f"base=oci-layout://{layout}", context, check=1)
    contains(both.err, "several images")
    none = s.mybuild("--build-context", f"base=oci-layout://{layout}:three", context, check=1)
    contains(none.err, "no image :three")
    contains(none.err, ":one, :two")
    names = s.mybuild("images", store=s.path("fresh-one"))
    lacks(names.out, "oci-layout", "the list of images")
    (layout / "blobs/sha256" / digests[0][7:]).write_text("{}")
    damaged = s.mybuild("--build-context", f"base=oci-layout://{layout}:one", context, check=1,
                        store=s.path("damaged"))
    contains(damaged.err, "damaged")


def test_wrong_named_contexts(s):
    context = s.context("project", {"Dockerfile": "FROM scratch\n"})
    for value, words in {"src": "expected key=value", "UPPER=x": "invalid context name UPPER",
                         "scratch=x": "cannot be replaced", "a=ftp://h/x": "unsupported context source"}.items():
        run = s.mybuild("--build-context", value, context, check=2)
        contains(run.err, words)
