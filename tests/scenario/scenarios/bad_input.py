"""What people get wrong, and what machines get wrong: a clear error, the place, an exit code, a sound store."""
import os
import random
import re
import tarfile

from harness.core import check, contains, equal, lacks
from harness.images import Archive, busybox_archive, layer, load_busybox, write_archive, write_tar
from harness.peers import free_port

BASE = "FROM mybuild.example/busybox:1\n"

# name: (Dockerfile, exit code, place, words of the error or its hint)
TABLE = {
    "unknown-instruction": (BASE + "COPPY a /a\n", 1, "Dockerfile:2:1", ["COPPY", "COPY"]),
    "unknown-instruction-in-small": (BASE + "\n\nrum ls\n", 1, "Dockerfile:4:1", ["rum", "RUN"]),
    "missing-copy-source": (BASE + "COPY a /a\nCOPY missing.txt /b\n", 1, "Dockerfile:3", ["missing.txt"]),
    "missing-add-source": (BASE + "ADD missing.txt /b\n", 1, "Dockerfile:2", ["missing.txt"]),
    "several-to-a-file": (BASE + "COPY a b /c\n", 1, "Dockerfile:2", ["/c"]),
    "outside-the-context": (BASE + "COPY ../../../../../../etc/shadow /b\n", 1, "Dockerfile:2", ["etc/shadow"]),
    "copy-without-destination": (BASE + "COPY a\n", 1, "Dockerfile:2", ["COPY"]),
    "missing-base": (f"FROM 127.0.0.1:{free_port()}/no/such:1\n", 1, "Dockerfile:1", ["no/such"]),
    "bad-base-name": ("FROM UPPER/case\n", 1, "Dockerfile:1", ["UPPER/case"]),
    "no-from": ("RUN ls\n", 1, "Dockerfile:1", ["FROM"]),
    "empty": ("", 1, "Dockerfile", ["empty"]),
    "blank": ("\n  \n# a comment\n", 1, "Dockerfile", []),
    "only-nul": ("\0" * 100, 1, "Dockerfile", []),
    "unterminated-quote": (BASE + 'ENV a="b\n', 1, "Dockerfile:2", []),
    "unterminated-variable": (BASE + "ENV a=${b\n", 1, "Dockerfile:2", []),
    "bad-json-is-shell": (BASE + 'RUN ["sh", "-c" "ls"]\n', 127, "Dockerfile:2", []),
    "unknown-flag": (BASE + "COPY --form=x a /a\n", 1, "Dockerfile:2", ["--form", "--from"]),
    "unknown-stage": (BASE + "COPY --from=9 a /a\n", 1, "Dockerfile:2", ["9"]),
    "itself-as-source": (BASE[:-1] + " AS it\nCOPY --from=it a /a\n", 1, "Dockerfile:2", ["it"]),
    "bad-port": (BASE + "EXPOSE 99999\n", 1, "Dockerfile:2", ["99999"]),
    "bad-user": (BASE + "COPY --chown=nobody-of-that-name a /a\n", 1, "Dockerfile:2", ["nobody-of-that-name"]),
    "unknown-user-of-run": (BASE + "USER nobody-of-that-name\nRUN id\n", 1, "Dockerfile", ["nobody-of-that-name"]),
    "failing-run": (BASE + "\nRUN echo one && \\\n    exit 7\n", 7, "Dockerfile:3", ["exit 7"]),
    "no-such-program": (BASE + 'RUN ["/no/such/program", "x"]\n', 127, "Dockerfile:2", ["/no/such/program"]),
    "run-on-scratch": ("FROM scratch\nRUN ls\n", None, "Dockerfile:2", ["/bin/sh"]),
}


def still_works(s):
    """A good build in the same store."""
    good = s.context("good", {"Dockerfile": BASE + "COPY a /a\nRUN cat /a >/b\n", "a": "a\n"})
    out = s.path("good-out")
    s.mybuild("--no-cache", "-o", f"type=local,dest={out}", good)
    equal((out / "b").read_text(), "a\n", "/b of a good build")


def test_dockerfiles(s):
    load_busybox(s)
    for name, (text, code, place, words) in TABLE.items():
        context = s.context(name, {"Dockerfile": text, "a": "a\n", "b": "b\n"})
        run = s.mybuild(context, check=None, timeout=60)
        check(run.code == code if code is not None else run.code not in (0, 2), f"{name}: exit code\n{run}")
        contains(run.err, place, f"{name}: standard error")
        for word in words:
            contains(run.err, word, f"{name}: standard error")
        lacks(run.out, "Successfully", f"{name}: standard output")
        check("terminate called" not in run.err and "Assertion" not in run.err, f"{name}: a crash\n{run}")
    still_works(s)


def test_place_and_caret(s):
    """The line itself, and a caret under the place."""
    load_busybox(s)
    run = s.mybuild(s.context("c", {"Dockerfile": BASE + "COPPY a /a\n"}), check=1)
    check(re.search(r"COPPY a /a\n.*\^", run.err), f"no caret under the line:\n{run.err}")
    check(re.search(r"did you mean.*COPY", run.err), f"no hint:\n{run.err}")


def test_binary_noise(s):
    load_busybox(s)
    for seed in range(20):
        noise = random.Random(seed).randbytes(16 << (seed % 12))
        for text in (noise, BASE.encode() + noise, BASE.encode() + b"RUN " + noise.replace(b"\n", b"") + b"\n"):
            run = s.mybuild(s.context(f"noise-{seed}", {"Dockerfile": text}), check=None, timeout=60)
            told = "returned a non-zero code" in run.err  # by a shell, which has exit codes of its own
            check(run.code == 1 or (told and run.code > 0), f"exit code of noise {seed}: {run.code}\n{run}")
            check(run.code < 128, f"noise {seed} ends it by a signal\n{run}")
            check(run.err.strip(), f"noise {seed}: no error is told")
            check(not any(c in run.stderr for c in (b"\x1b", b"\0", b"\x07")),
                  f"noise {seed}: control characters reach the terminal: {run.stderr!r}")
    still_works(s)


def test_contexts(s):
    load_busybox(s)
    missing = s.mybuild(s.path("no-such-directory"), check=None)
    check(missing.code in (1, 2), f"exit code\n{missing}")
    contains(missing.err, "no-such-directory", "standard error")
    file = s.path("a-file")
    file.write_text("x")
    check(s.mybuild(file, check=None).code in (1, 2), "a file as context is accepted")
    empty = s.mybuild(s.context("empty", {}), check=1)
    contains(empty.err, "Dockerfile", "standard error")
    named = s.mybuild("-f", s.path("nowhere/Dockerfile"), s.context("c", {"Dockerfile": BASE}), check=1)
    contains(named.err, "nowhere/Dockerfile", "standard error")
    os.makedirs(s.path("dir/Dockerfile"))
    check(s.mybuild(s.path("dir"), check=None).code == 1, "a directory as Dockerfile is accepted")


def test_flags(s):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": BASE})
    for args, word in [(["--no-cach"], "--no-cach"), (["-o", "type=nonsense"], "nonsense"),
                       (["-o", "type=oci"], "dest"), (["--network", "bridge0"], "bridge0"),
                       (["-t", "a:b:c"], "a:b:c"), (["-t", "x@sha256:" + "0" * 64], "digest"),
                       (["--build-arg", "=x"], "build-arg"), (["--progress", "nonsense"], "nonsense")]:
        run = s.mybuild(*args, context, check=2)
        contains(run.err, word, f"standard error for {args}")
        equal(run.out, "", f"standard output for {args}")
    for command, word in [(["frobnicate"], "frobnicate"), (["rmi"], ""), (["tag", "a"], ""), (["save", "x"], "")]:
        check(s.mybuild(*command, check=None).code in (1, 2), f"exit code of {command}")


def test_damaged_archives(s):
    """Each damage is told, nothing of it stays, and the good archive loads afterwards."""
    good = Archive(busybox_archive(s))
    blobs = [name for name in good.files if name.startswith("blobs/")]

    def damaged(name, files):
        path = s.path(f"{name}.tar")
        write_tar(path, files)
        run = s.mybuild("load", "-i", path, check=1, timeout=60)
        check(run.err.strip(), f"{name}: no error is told")
        equal(s.mybuild("images", "-q").out, "", f"images after loading {name}")

    for number, name in enumerate(blobs):
        data = good.files[name]
        middle = len(data) // 2
        flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1:]
        damaged(f"flipped-{number}", {**good.files, name: flipped})
        damaged(f"short-{number}", {**good.files, name: data[:-1]})
        damaged(f"missing-{number}", {k: v for k, v in good.files.items() if k != name})
    for name in ("index.json", "manifest.json"):
        only = {k: v for k, v in good.files.items() if k == name or k.startswith("blobs/") or k == "oci-layout"}
        damaged(f"bad-{name}", {**only, name: b'{"schemaVersion":2,"manifests":[{"digest":"../../etc/passwd"}]}'})
        damaged(f"no-json-{name}", {**only, name: b"\xff{{{"})
    damaged("nothing", {})
    damaged("something-else", {"hello.txt": b"hello"})
    whole = busybox_archive(s).read_bytes()
    for length in (0, 1, 511, 512, 5000, len(whole) // 2):
        s.path("cut.tar").write_bytes(whole[:length])
        s.mybuild("load", "-i", s.path("cut.tar"), check=1)
    s.path("noise").write_bytes(random.Random(2).randbytes(100_000))
    s.mybuild("load", "-i", s.path("noise"), check=1)
    s.mybuild("load", "-i", s.path("no-such-file"), check=1)
    load_busybox(s)
    still_works(s)


def test_hostile_layer(s):
    """A layer that wants out of its root: nothing outside is touched, and the store stays sound."""
    outside = s.path("outside")
    outside.mkdir()
    (outside / "file").write_text("mine\n")
    up = "../" * 30
    hostile = {
        "dot-dot": [(f"{up}{outside}/file", {}, b"owned")],
        "absolute": [(f"{outside}/file", {}, b"owned")],
        "symlink": [("a", {"type": tarfile.SYMTYPE, "linkname": str(outside)}, b""), ("a/file", {}, b"owned")],
        "hard-link": [("a", {"type": tarfile.LNKTYPE, "linkname": f"{up}{outside}/file"}, b""), ("a", {}, b"owned")],
        "whiteout": [("a", {"type": tarfile.SYMTYPE, "linkname": str(outside)}, b""), ("a/.wh.file", {}, b"")],
        "whiteout-dots": [("x/.wh...", {}, b"")],
    }
    for name, entries in hostile.items():
        path = s.path(f"{name}.tar")
        write_archive(path, f"mybuild.example/hostile-{name}:1", [layer(entries)])
        if s.mybuild("load", "-i", path, check=None).code == 0:
            context = s.context(name, {"Dockerfile": f"FROM mybuild.example/hostile-{name}:1\n"})
            s.mybuild("-o", f"type=local,dest={s.path('out-' + name)}", context, check=None)
        equal((outside / "file").read_text(), "mine\n", f"a file outside, after {name}")
        equal(sorted(os.listdir(outside)), ["file"], f"the directory outside, after {name}")
    load_busybox(s)
    still_works(s)


def test_no_space_left(s):
    """A store on a file system that is too small: told as such, and sound again when there is room."""
    small = s.path("small")
    small.mkdir()
    s.run("mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", small)
    s.defer(lambda: s.run("umount", small))
    s.store = small / "store"
    load_busybox(s)
    for name, text in {"run": BASE + "RUN dd if=/dev/zero of=/big bs=1M count=100\n",
                       "copy": BASE + "COPY big /big\n"}.items():
        context = s.context(f"full-{name}", {"Dockerfile": text})
        with open(context / "big", "wb") as file:
            file.write(random.Random(3).randbytes(30_000_000))
        run = s.mybuild(context, check=None)
        check(run.code not in (0, 2), f"exit code\n{run}")
        contains(run.all.lower(), "no space left", f"output of {name}")
        contains(run.err, "Dockerfile:2", f"standard error of {name}")
    s.mybuild("images")
    s.run("mount", "-o", "remount,size=200m", small)
    still_works(s)


def test_store_that_is_none(s):
    """A store of another version, a file in its place, one that may not be written."""
    context = s.context("c", {"Dockerfile": "FROM scratch\nCOPY Dockerfile /\n"})
    s.path("file").write_text("x")
    told = s.mybuild(context, store=s.path("file"), check=1)
    contains(told.err, str(s.path("file")), "standard error")
    foreign = s.path("foreign")
    foreign.mkdir()
    (foreign / "precious").write_text("mine\n")
    s.mybuild(context, store=foreign, check=None)
    equal((foreign / "precious").read_text(), "mine\n", "a file in a foreign directory")
