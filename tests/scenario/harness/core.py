"""A scenario test: its directory, its store, the programs it runs, and how it ends."""
import contextlib
import dataclasses
import os
import pathlib
import shutil
import signal
import subprocess
import time

PROJECT = pathlib.Path(__file__).resolve().parents[3]
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Skip(Exception):
    """The machine cannot show this; the message says why."""


class Failure(AssertionError):
    """Something is not as it should be; the message says what."""


def check(condition, message):
    if not condition:
        raise Failure(message)


def equal(actual, expected, what):
    if actual != expected:
        raise Failure(f"{what}: expected {expected!r}, got {actual!r}")


def contains(text, needle, what="the output"):
    if needle not in text:
        raise Failure(f"{what} lacks {needle!r}:\n{text}")


def lacks(text, needle, what="the output"):
    if needle in text:
        raise Failure(f"{what} has {needle!r}:\n{text}")


@dataclasses.dataclass
class Run:
    """A program that has ended."""

    argv: list
    code: int
    stdout: bytes
    stderr: bytes
    seconds: float

    @property
    def out(self):
        return self.stdout.decode("utf-8", "replace")

    @property
    def err(self):
        return self.stderr.decode("utf-8", "replace")

    @property
    def all(self):
        return self.out + self.err

    def __str__(self):
        return (f"$ {' '.join(map(str, self.argv))}\nexit code {self.code}\n"
                f"-- stdout --\n{self.out}-- stderr --\n{self.err}")


class Scenario:
    """One test: a directory and a store of its own, and everything it started."""

    def __init__(self, directory, mybuild, shared):
        self.dir = pathlib.Path(directory)
        self.program = str(mybuild)
        self.shared = pathlib.Path(shared)
        self.store = self.dir / "store"
        self._cleanup = contextlib.ExitStack()
        (self.dir / "home").mkdir(parents=True)
        (self.dir / "sanitizer").mkdir()

    # -- files ---------------------------------------------------------------------------------------

    def path(self, *parts):
        return self.dir.joinpath(*parts)

    def context(self, name, files):
        """Makes a build context from {relative path: text or bytes}; returns its path."""
        root = self.path(name)
        root.mkdir(parents=True, exist_ok=True)
        for relative, content in files.items():
            file = root / relative
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
            file.chmod(0o644)
        return root

    # -- programs ------------------------------------------------------------------------------------

    def need(self, *programs):
        for program in programs:
            if not shutil.which(program, path=SEARCH_PATH):
                raise Skip(f"no {program} here (scripts/install-deps peers installs it)")

    def env(self, **extra):
        """The whole environment of a program: nothing of the caller's leaks in."""
        env = {
            "PATH": SEARCH_PATH,
            "HOME": str(self.path("home")),
            "LANG": "C.UTF-8",
            "TMPDIR": str(self.dir),
            "MYBUILD_ROOT": str(self.store),
            "ASAN_OPTIONS": f"exitcode=99:log_path={self.path('sanitizer', 'asan')}",
            "UBSAN_OPTIONS": f"print_stacktrace=1:exitcode=99:log_path={self.path('sanitizer', 'ubsan')}",
            "TSAN_OPTIONS": f"exitcode=99:log_path={self.path('sanitizer', 'tsan')}",
        }
        env.update({key: str(value) for key, value in extra.items()})
        return env

    def run(self, *argv, check=0, cwd=None, env=None, stdin=None, timeout=300):
        """Runs a program to its end. `check` is the exit code it shall have; None: any."""
        argv = [str(word) for word in argv]
        began = time.monotonic()
        process = subprocess.Popen(argv, cwd=cwd or self.dir, env=env or self.env(),
                                   stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        try:
            out, err = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            raise Failure(f"still running after {timeout} s:\n"
                          f"{Run(argv, process.returncode, out, err, timeout)}") from None
        done = Run(argv, process.returncode, out, err, time.monotonic() - began)
        if check is not None and done.code != check:
            raise Failure(f"exit code {done.code}, expected {check}:\n{done}")
        return done

    def mybuild(self, *args, store=None, env=None, **options):
        """Runs mybuild with this test's store, or another."""
        variables = self.env(**(env or {}))
        if store is not None:
            variables["MYBUILD_ROOT"] = str(store)
        done = self.run(self.program, *args, env=variables, **options)
        self.no_sanitizer_report()
        return done

    def start(self, *argv, cwd=None, env=None, log=None, stdout=None):
        """Starts a program that the end of the test ends; returns its Popen."""
        output = open(self.path(log or "background.log"), "ab")
        process = subprocess.Popen([str(word) for word in argv], cwd=cwd or self.dir, env=env or self.env(),
                                   stdin=subprocess.DEVNULL, stdout=stdout or output, stderr=output,
                                   start_new_session=True)
        output.close()
        self.defer(lambda: stop(process))
        return process

    def defer(self, function):
        """Runs the function when the test ends, last come first served."""
        self._cleanup.callback(function)

    # -- the end -------------------------------------------------------------------------------------

    def no_sanitizer_report(self):
        for report in self.path("sanitizer").iterdir():
            raise Failure(f"a sanitizer reports:\n{report.read_text(errors='replace')}")

    def finish(self):
        """Ends what was started; afterwards nothing may be left running or mounted."""
        self._cleanup.close()
        self.no_sanitizer_report()
        # A server's process for one connection ends when it finds the connection closed.
        with contextlib.suppress(Failure):
            wait_for(lambda: not processes_below(self.dir), "all processes to end", seconds=10)
        left = processes_below(self.dir)
        check(not left, f"processes are left: {left}")
        mounts = mounts_below(self.dir)
        check(not mounts, f"mounts are left: {mounts}")

    def abandon(self):
        """After a failure: ends what was started and leaves the files for whoever looks into it."""
        with contextlib.suppress(Exception):
            self._cleanup.close()


def stop(process, patience=10):
    """Ends a process by its id, politely at first."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def wait_for(condition, what, seconds=30, process=None):
    """Waits until the condition holds; a process that dies meanwhile is a failure."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if process is not None and process.poll() is not None:
            raise Failure(f"{what}: the process ended with code {process.returncode}")
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def processes_below(directory):
    """[(pid, command line)] of processes whose root or working directory lies below the directory."""
    found = []
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            places = [os.readlink(f"{entry.path}/{link}") for link in ("root", "cwd", "exe")]
            if any(place.startswith(f"{directory}/") for place in places):
                command = pathlib.Path(entry.path, "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found.append((int(entry.name), command))
    return found


def mounts_below(directory):
    with open("/proc/self/mountinfo") as table:
        return [line.split()[4] for line in table if line.split()[4].startswith(f"{directory}/")]
