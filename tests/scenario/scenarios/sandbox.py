"""What a RUN sees and may do, next to what it sees and may do under Docker."""
import os
import re
import signal
import time

from harness.core import check, contains, equal, lacks, processes_below, wait_for
from harness.images import Archive, busybox_archive, load_busybox
from harness.peers import Docker

BASE = "FROM mybuild.example/busybox:1\n"

# Everything that should be the same in each builder, one fact a line.
FACTS = r"""
echo "id: $(id)"
echo "caps: $(grep -E 'Cap(Inh|Prm|Eff|Bnd|Amb)' /proc/self/status | tr -s '\t\n' ' ')"
echo "seccomp: $(grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status | tr -s '\t\n' ' ')"
echo "umask: $(umask)"
echo "cwd: $(pwd)"
echo "environment: $(env | grep -v -E '^(HOSTNAME|SHLVL|_)=' | sort | tr '\n' ' ')"
echo "pid: $$, parent $(cut -d ' ' -f 4 /proc/$$/stat)"
echo "dev: $(ls /dev | tr '\n' ' ')"
for device in null zero full random urandom tty; do
    echo "device $device: $(stat -c '%a %F %t:%T %u:%g' /dev/$device)"
done
for link in fd stdin stdout stderr ptmx; do echo "link $link: $(readlink /dev/$link)"; done
for mount in /proc /dev /dev/pts /sys /dev/mqueue /dev/shm /proc/bus /proc/fs /proc/irq /proc/sys /proc/acpi \
    /proc/keys /proc/timer_list /sys/firmware /etc/resolv.conf /etc/hosts; do
    echo "mount $mount: $(awk -v m=$mount '$2 == m { print $3, $4 }' /proc/mounts | tail -n 1 |
        grep -o -E '^[a-z0-9]+ |\b(ro|rw|nosuid|nodev|noexec)\b' | tr '\n' ' ')"
done
for file in /proc/kcore /proc/keys /proc/timer_list; do
    [ ! -e $file ] || echo "masked $file: $(head -c 1 $file 2>/dev/null | wc -c)"
done
echo "firmware: $(ls /sys/firmware | wc -l)"
for path in /proc/sys/kernel/hostname /proc/sysrq-trigger /sys/power/state /proc/irq/default_smp_affinity; do
    (echo x >$path) 2>/dev/null && echo "$path: written" || echo "$path: refused"
done
touch /sys/x 2>/dev/null && echo "sys: written" || echo "sys: refused"
mount -t tmpfs tmpfs /tmp 2>/dev/null && echo "mount: done" || echo "mount: refused"
unshare -m true 2>/dev/null && echo "unshare: done" || echo "unshare: refused"
mknod /tmp/node c 1 3 && echo "mknod: done" || echo "mknod: refused"
chroot / true && echo "chroot: done" || echo "chroot: refused"
hostname x 2>/dev/null && echo "sethostname: done" || echo "sethostname: refused"
date -s 2001-01-01 2>/dev/null >/dev/null && echo "settime: done" || echo "settime: refused"
[ -t 0 ] && echo "stdin: terminal" || echo "stdin: $(cat | wc -c) bytes"
echo "open files: $(ls /proc/self/fd | wc -l)"
echo "ulimit core $(ulimit -c), stack $(ulimit -s)"
echo "localhost: $(grep -c localhost /etc/hosts)"
echo "nameservers: $(grep -c ^nameserver /etc/resolv.conf)"
"""

# Docker differs by design or by its cgroups; said here so that every other difference is found.
# The files of the step are read-only in memory, as BuildKit has them; the classic builder binds writable ones.
DIFFERS = ("open files:", "ulimit ", "localhost:", "mount /etc/hosts:",
           "mount /etc/resolv.conf:")


def facts(text):
    lines = [line for line in text.splitlines() if re.match(r"^[a-z/][^:]*: ", line)]
    # What hides a path carries nosuid here, too: one flag more than Docker's.
    return {line.split(": ")[0]: re.sub(r"(: tmpfs +ro) nosuid", r"\1", line).rstrip()
            for line in lines if not line.startswith(DIFFERS)}


def test_as_under_docker(s):
    docker = Docker(s)
    docker.run("load", "-i", busybox_archive(s))
    load_busybox(s)
    context = s.context("c", {"Dockerfile": BASE + "COPY facts /facts\nRUN sh /facts\n", "facts": FACTS})
    theirs = facts(docker.run("build", "--no-cache", "--network", "host", context, env={"DOCKER_BUILDKIT": "0"}).out)
    ours = facts(s.mybuild("--no-cache", context).out)
    lines = [f"Docker: {theirs.get(key)}\nours:   {ours.get(key)}" for key in sorted(theirs.keys() | ours.keys())
             if theirs.get(key) != ours.get(key)]
    check(not lines, "a RUN sees other things than under Docker:\n" + "\n".join(lines))


def test_no_trace_in_the_layer(s):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": BASE + "RUN cat /etc/resolv.conf /etc/hosts && ls /dev /proc /sys\n"
                              "RUN echo x >/only\n"})
    s.mybuild("-o", f"type=oci,dest={s.path('image.tar')}", context)
    image = Archive(s.path("image.tar"))
    equal(sorted(image.entries(1)), [], "entries of a step that only looked")
    equal(sorted(image.entries(2)), ["only"], "entries of a step that wrote one file")


def test_written_resolv_conf_stays_out(s):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": BASE + "RUN echo '1.2.3.4 there' >>/etc/hosts; echo x >>/etc/resolv.conf; true\n"})
    s.mybuild("-o", f"type=oci,dest={s.path('image.tar')}", context)
    equal(sorted(Archive(s.path("image.tar")).entries(1)), [], "entries")


def test_network(s):
    load_busybox(s)
    line = "RUN ip -o link | wc -l >/links; ip -o addr >/addresses\n"
    for mode in ("none", "host"):
        context = s.context(mode, {"Dockerfile": BASE + line})
        out = s.path(f"out-{mode}")
        s.mybuild("--network", mode, "-o", f"type=local,dest={out}", context)
        links = int((out / "links").read_text())
        if mode == "none":
            equal(links, 1, "network interfaces with --network none")
            contains((out / "addresses").read_text(), "127.0.0.1", "addresses (loopback is up)")
        else:
            equal(links, len(os.listdir("/sys/class/net")), "network interfaces with --network host")


def test_output_is_streamed(s):
    """What a step says is seen while it still runs."""
    load_busybox(s)
    context = s.context("c", {"Dockerfile": BASE + "RUN echo first; echo error >&2; sleep 300\n"})
    log = s.path("log")
    with open(log, "wb") as output:
        process = s.start(s.program, context, stdout=output, log="errors")
    wait_for(lambda: b"\nfirst\n" in log.read_bytes(), "the step's output", 30, process)
    wait_for(lambda: b"\nerror\n" in log.read_bytes() + s.path("errors").read_bytes() or
             s.path("errors").read_bytes().startswith(b"error"), "the step's errors", 30, process)
    process.send_signal(signal.SIGINT)
    equal(process.wait(20), 130, "exit code after Ctrl-C")


def interrupted(s, number, code):
    load_busybox(s)
    # Children that ignore what can be ignored, in sessions of their own.
    context = s.context("c", {"Dockerfile": BASE + "RUN trap '' INT TERM HUP; setsid sh -c 'trap \"\" INT TERM; "
                              "while true; do sleep 1000; done' & echo started; while true; do sleep 1000; done\n"})
    log = s.path("log")
    with open(log, "wb") as output:
        process = s.start(s.program, context, stdout=output)
    wait_for(lambda: b"started" in log.read_bytes(), "the step", 30, process)
    began = time.monotonic()
    process.send_signal(number)
    equal(process.wait(30), code, "exit code")
    check(time.monotonic() - began < 10, "the end took more than ten seconds")
    wait_for(lambda: not processes_below(s.dir), f"the end of all processes: {processes_below(s.dir)}", 5)
    lacks(log.read_text(), "Successfully")
    good = s.context("good", {"Dockerfile": BASE + "RUN echo good >/good\n"})
    s.mybuild(good)


def test_ctrl_c_ends_everything(s):
    interrupted(s, signal.SIGINT, 130)


def test_sigterm_ends_everything(s):
    interrupted(s, signal.SIGTERM, 143)


def test_daemons_do_not_outlive_the_step(s):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": BASE + "RUN setsid sleep 1000 >/dev/null 2>&1 & echo left one behind\nRUN echo next\n"})
    s.mybuild(context, timeout=60)
    check(not processes_below(s.dir), f"left: {processes_below(s.dir)}")


def test_output_of_a_daemon_does_not_hold_the_step(s):
    """A child that keeps standard output open does not keep the build waiting."""
    load_busybox(s)
    s.mybuild(s.context("c", {"Dockerfile": BASE + "RUN sleep 1000 & echo done\n"}), timeout=60)


def test_much_output(s):
    load_busybox(s)
    run = s.mybuild(s.context("c", {"Dockerfile": BASE + "RUN seq 300000; seq 300000 >&2\n"}), timeout=120)
    numbers = [line for line in run.all.splitlines() if line.isdigit() and len(line) < 12]
    check(len(numbers) >= 600_000, f"{len(numbers)} lines of 600000 arrived")


def test_users(s):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": BASE + """\
USER user
WORKDIR /work
RUN id >/tmp/1; echo $HOME >>/tmp/1; touch /tmp/mine
USER 1234:50
RUN id >/tmp/2
USER user:staff
RUN id >/tmp/3; grep Cap /proc/self/status | tr -s '\\t\\n' ' ' >/tmp/4
"""})
    out = s.path("out")
    s.mybuild("-o", f"type=local,dest={out}", context)
    equal((out / "tmp/1").read_text(), "uid=1000(user) gid=1000(user) groups=50(staff),1000(user)\n/home/user\n", "USER user")
    equal((out / "tmp/2").read_text(), "uid=1234 gid=50(staff) groups=50(staff)\n", "USER 1234:50")
    equal((out / "tmp/3").read_text(), "uid=1000(user) gid=50(staff) groups=50(staff)\n", "USER user:staff")
    contains((out / "tmp/4").read_text(), "CapEff: 0000000000000000", "capabilities of a user")
    equal((out / "work").stat().st_uid, 1000, "owner of a WORKDIR made by a user")


def test_environment(s):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": BASE + "ARG A=1\nARG B\nENV C=3\nRUN env | sort >/env\n"})
    out = s.path("out")
    s.mybuild("--build-arg", "B=2", "-o", f"type=local,dest={out}", context, env={"LEAK": "yes", "DISPLAY": ":0"})
    text = (out / "env").read_text()
    for line in ("A=1", "B=2", "C=3", "HOME=/root",
                 "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"):
        contains(text, line + "\n", "the environment")
    for name in ("LEAK", "DISPLAY", "MYBUILD", "TMPDIR", "LANG", "ASAN"):
        lacks(text, name + "=", "the environment")
