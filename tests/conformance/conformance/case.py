"""A case: what is built, and how. docs/testing.md describes the format of a case's file."""
import dataclasses
import os
import pathlib
import re
import shlex
import subprocess
import time

FIXED_TIME = 1_700_000_000  # of every file of a context, unless the case's setup gives it another
SECTION = re.compile(r"^-- (?P<name>\S+)(?: (?P<mode>[0-7]{3,4})| -> (?P<target>\S+))? --$")
HEADER = re.compile(r"^(?P<key>[a-z]+): *(?P<value>.*)$")
KEYS = {"args", "before", "call", "context", "env", "frontend", "stdin", "times"}


class BadCase(Exception):
    """The case's file is not as it should be."""


@dataclasses.dataclass
class Case:
    """One case as its file says it; nothing is made yet."""

    name: str
    header: dict  # key: [value, ...]
    sections: list  # [(name, mode or None, link target or None, text)]

    def words(self, key):
        return [word for line in self.header.get(key, []) for word in shlex.split(line)]

    def one(self, key, default=None):
        values = self.header.get(key, [default])
        if len(values) != 1:
            raise BadCase(f"{self.name}: {key} is there more than once")
        return values[0]

    @property
    def env(self):
        return dict(word.split("=", 1) for word in self.words("env"))

    @property
    def times(self):
        """Paths (without leading slash) whose time of change counts."""
        return {word.lstrip("/") for word in self.words("times")}


def parse(name, text):
    header, sections, lines = {}, [], None
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        start = SECTION.match(line.rstrip("\n"))
        if start:
            lines = []
            sections.append((start["name"], start["mode"], start["target"], lines))
        elif lines is not None:
            lines.append(line)
        elif line.strip() and not line.startswith("#"):
            found = HEADER.match(line.rstrip("\n"))
            if not found or found["key"] not in KEYS:
                raise BadCase(f"{name}: line {number} is neither a comment nor one of {', '.join(sorted(KEYS))}: {line}")
            header.setdefault(found["key"], []).append(found["value"])
    if not sections:
        raise BadCase(f"{name}: there is no section")
    return Case(name, header, [(section, mode, target, "".join(body)) for section, mode, target, body in sections])


def load(directory, wanted=()):
    """Every case below the directory, or those whose names are wanted or start with `wanted/`."""
    files = {file.relative_to(directory).with_suffix("").as_posix(): file
             for file in sorted(pathlib.Path(directory).rglob("*.case"))}
    for name in wanted:
        if not any(selects(name, known) for known in files):
            raise BadCase(f"no case {name} in {directory}")
    return [parse(name, file.read_text()) for name, file in files.items()
            if not wanted or any(selects(prefix, name) for prefix in wanted)]


def selects(wanted, name):
    return name == wanted or name.startswith(wanted.rstrip("/") + "/")


def materialise(case, directory, places):
    """Makes the case's files below the directory (its context is directory/context) and returns the context.
    `places` maps @NAME@ in the case's texts to what stands for it in this run."""
    context = pathlib.Path(directory, "context")
    context.mkdir(parents=True)
    setup = None
    for name, mode, target, text in case.sections:
        text = fill(text, places)
        if name == "setup":
            setup = text
            continue
        path = context / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if target:
            path.symlink_to(target)
        elif name.endswith("/"):
            path.mkdir(exist_ok=True)
            path.chmod(int(mode or "755", 8))
        else:
            path.write_text(text)
            path.chmod(int(mode or "644", 8))
    if setup:
        run_setup(case, context, setup)
    settle_times(directory)
    return context


def run_setup(case, context, script):
    env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent",
           "LC_ALL": "C.UTF-8", "TZ": "UTC", "GIT_CONFIG_NOSYSTEM": "1",
           "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "init.defaultBranch", "GIT_CONFIG_VALUE_0": "main",
           "TAR_OPTIONS": f"--sort=name --mtime=@{FIXED_TIME} --owner=0 --group=0 --numeric-owner --format=gnu"}
    for who in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{who}_NAME": "n", f"GIT_{who}_EMAIL": "n@example", f"GIT_{who}_DATE": f"{FIXED_TIME} +0000"}
    done = subprocess.run(["sh", "-euc", script], cwd=context, env=env, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise BadCase(f"{case.name}: its setup fails:\n{done.stdout.decode(errors='replace')}")


def settle_times(directory):
    """Gives FIXED_TIME to whatever was made just now; times that the setup chose are in the past. The fraction of
    the second is this run's own: buildx takes a file of the name, size and time of an earlier context for that."""
    made = os.stat(directory).st_ctime - 86400
    fraction = time.time_ns() % 1_000_000_000
    for parent, folders, files in os.walk(os.fsencode(directory), topdown=False):
        for name in [*folders, *files, b"."]:
            path = os.path.join(parent, name)
            seconds = os.lstat(path).st_mtime_ns // 1_000_000_000
            chosen = (FIXED_TIME if seconds > made else seconds) * 1_000_000_000 + fraction
            os.utime(path, ns=(chosen, chosen), follow_symlinks=False)


def fill(text, places):
    for name, value in places.items():
        text = text.replace(f"@{name}@", value)
    return text
