"""A build killed at any moment: nothing half-written is ever used, and the store goes on."""
import os
import random
import signal
import subprocess
import time

from harness.core import check, equal, processes_below, wait_for
from harness.images import Archive, busybox_archive, load_busybox

DOCKERFILE = """\
FROM mybuild.example/busybox:1
RUN for i in $(seq 200); do echo $i >/small$i; done
COPY big /big
RUN cat /big /big >/bigger && rm /small1
COPY many /many
RUN find / -xdev -type f | grep -v '^/sums$' | sort | xargs md5sum >/sums
"""


def project(s):
    files = {"Dockerfile": DOCKERFILE, "big": random.Random(1).randbytes(8_000_000)}
    files.update({f"many/{n}": f"file {n}\n" for n in range(300)})
    return s.context("project", files)


def expected(s, context, name):
    """The sums that a build in a store nobody ever killed yields, and the seconds it takes."""
    began = time.monotonic()
    s.mybuild("-o", f"type=local,dest={s.path(name)}", context, store=s.path("quiet-store"))
    return (s.path(name) / "sums").read_text(), time.monotonic() - began


def killed_after(s, seconds, *args):
    process = subprocess.Popen([s.program, *map(str, args)], env=s.env(), cwd=s.dir, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_for(lambda: not processes_below(s.dir), "the end of what the killed build had started", 10)


def test_at_many_moments(s):
    context = project(s)
    load_busybox(s)
    load_busybox(s, store=s.path("quiet-store"))
    sums, seconds = expected(s, context, "quiet")
    for number in range(16):
        killed_after(s, seconds * number / 15, "-t", "killed", "-o", f"type=oci,dest={s.path('killed.tar')}", context)
        if number % 4 == 3:
            out = s.path(f"out{number}")
            s.mybuild("-t", "whole", "-o", f"type=local,dest={out}", context)
            equal((out / "sums").read_text(), sums, f"contents after kill {number}")
            with open(context / "big", "r+b") as file:  # so that the next ones have something to do
                file.write(os.urandom(16))
            sums, _ = expected(s, context, f"quiet{number}")
    s.mybuild("-t", "whole", "-o", f"type=oci,dest={s.path('whole.tar')}", context)
    Archive(s.path("whole.tar")).verify()
    s.mybuild("images")


def test_while_loading(s):
    archive = busybox_archive(s)
    for n in range(8):
        killed_after(s, 0.004 * n, "load", "-i", archive)
    load_busybox(s)
    s.mybuild(s.context("c", {"Dockerfile": "FROM mybuild.example/busybox:1\nRUN busybox true\n"}))


def test_space_of_the_dead_comes_back(s):
    """What killed builds leave behind does not pile up."""
    load_busybox(s)
    context = s.context("c", {"Dockerfile": "FROM mybuild.example/busybox:1\n"
                              "RUN dd if=/dev/zero of=/big bs=1M count=20 2>/dev/null; sleep 1000\n"})
    for _ in range(6):
        killed_after(s, 1, context)
    s.mybuild(s.context("d", {"Dockerfile": "FROM mybuild.example/busybox:1\nRUN true\n"}))
    used = int(s.run("du", "-sm", s.store).out.split()[0])
    check(used < 60, f"the store holds {used} MB after six killed builds of 20 MB each")
