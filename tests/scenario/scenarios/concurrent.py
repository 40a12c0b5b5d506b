"""Several builds on one store at the same time."""
import subprocess
import time

from harness.core import Run, check, equal
from harness.images import Archive, busybox_archive, load_busybox


def together(s, commands, timeout=300):
    """Runs all command lines at once, checks that each succeeds, and returns the runs."""
    began = time.monotonic()
    processes = [subprocess.Popen([s.program, *map(str, args)], env=s.env(), cwd=s.dir, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE) for args in commands]
    runs = []
    for args, process in zip(commands, processes):
        out, err = process.communicate(timeout=timeout)
        runs.append(Run([s.program, *args], process.returncode, out, err, time.monotonic() - began))
    s.no_sanitizer_report()
    for run in runs:
        check(run.code == 0, f"one of several at the same time fails:\n{run}")
    return runs


def test_the_same_build(s):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": "FROM mybuild.example/busybox:1\n"
                              "RUN sleep 0.2; echo a >/a\nCOPY f /f\nRUN cat /a /f >/b\n", "f": "f\n"})
    together(s, [["-t", f"name{n}", "-o", f"type=local,dest={s.path(f'out{n}')}", context] for n in range(6)])
    for n in range(6):
        equal((s.path(f"out{n}") / "b").read_text(), "a\nf\n", "/b")
    names = {line.split()[0] for line in s.mybuild("images").out.splitlines()[1:]}
    check({f"name{n}" for n in range(6)} <= names, f"names: {names}")


def test_different_builds(s):
    load_busybox(s)
    commands = []
    for n in range(6):
        lines = "".join(f"RUN echo {n}-{i} >/{i}\n" for i in range(6))
        context = s.context(f"c{n}", {"Dockerfile": f"FROM mybuild.example/busybox:1\nCOPY f /f\n{lines}", "f": f"{n}\n"})
        commands.append(["-t", "shared-name", "-o", f"type=oci,dest={s.path(f'{n}.tar')}", context])
    together(s, commands)
    for n in range(6):
        image = Archive(s.path(f"{n}.tar"))
        image.verify()
        equal(image.content(1, "f").decode(), f"{n}\n", "/f")
        equal([image.content(2 + i, str(i)).decode() for i in range(6)], [f"{n}-{i}\n" for i in range(6)], "files")


def test_builds_beside_everything_else(s):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": "FROM mybuild.example/busybox:1\nRUN echo a >/a\nRUN echo b >/b\n"})
    s.mybuild("-t", "one", context)
    together(s, [["--no-cache", "-t", "one", context], ["images"], ["load", "-i", busybox_archive(s)],
                 ["save", "one", "-o", s.path("one.tar")], ["history", "one"], ["inspect", "one"],
                 ["tag", "one", "two"], ["--no-cache", "-t", "three", context], ["images"]])
    Archive(s.path("one.tar")).verify()


def test_first_use_of_a_store(s):
    """The store itself is made by whoever comes first."""
    archive = busybox_archive(s)
    together(s, [["load", "-i", archive] for _ in range(8)])
    s.mybuild(s.context("c", {"Dockerfile": "FROM mybuild.example/busybox:1\nRUN true\n"}))
