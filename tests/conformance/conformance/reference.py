"""Building a case with the reference: docker with BuildKit, in a tree of a newer Debian (make-reference)."""
import json
import re
import shlex
import shutil
import subprocess

from harness import images
from harness.core import stop, wait_for

from . import case as cases
from . import call, result

FRONTEND = "mybuild.example/dockerfile-frontend:1"
FRONTEND_CONFIG = {"Entrypoint": ["/bin/dockerfile-frontend"], "Labels": {
    "moby.buildkit.frontend.network.none": "true",
    "moby.buildkit.frontend.caps": "moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,"
                                   "moby.buildkit.frontend.contexts,moby.buildkit.frontend.gitquerystring"}}

# In a mount namespace of its own, so that nothing is left mounted; its state is in memory and new each time. The v2 tree of a machine with both kinds
# of control groups would confuse runc.
START = r"""
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount --rbind /sys "$1/sys"
mount --rbind /dev "$1/dev"
umount -l "$1/sys/fs/cgroup/unified" 2>/dev/null
mount -t tmpfs tmpfs "$1/var/lib/docker"
rm -rf "$1/run/docker.pid" "$1/run/docker" "$1/run/docker-exec"
exec chroot "$@"
"""
DAEMON = ["/usr/sbin/dockerd", "--data-root", "/var/lib/docker", "--exec-root", "/run/docker-exec",
          "-H", "unix:///run/docker.sock", "--pidfile", "/run/docker.pid",
          "--feature", "containerd-snapshotter=true", "--storage-driver", "overlayfs",
          "--iptables=false", "--ip6tables=false", "--ip-masq=false", "--bridge=none",
          "--exec-opt", "native.cgroupdriver=cgroupfs"]


class NoFrontend(Exception):
    """A case asks for the newest frontend, and make-frontend has not built it."""


class Reference:
    """dockerd and its client in the tree; the cases are made in the tree's directory /cases."""

    def __init__(self, tree):
        self.tree = tree
        self.cases = tree / "cases"
        shutil.rmtree(self.cases, ignore_errors=True)
        self.cases.mkdir()
        (tree / "var/lib/docker").mkdir(exist_ok=True)
        with open(tree / "dockerd.log", "wb") as log:
            self.daemon = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private", "sh", "-c", START, "sh", tree, *DAEMON],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        wait_for(lambda: self.docker("version").returncode == 0, f"dockerd (its log: {tree}/dockerd.log)", 60,
                 self.daemon)

    def close(self):
        stop(self.daemon, patience=30)

    def load(self, archive):
        """Loads an archive that lies in the directory of the cases."""
        done = self.docker("load", "-i", f"/cases/{archive.name}")
        if done.returncode != 0:
            raise RuntimeError(f"{archive} cannot be loaded: {done.stderr.decode()}")

    def load_frontend(self):
        """Makes the newest frontend an image, if it is there."""
        program = self.tree / "dockerfile-frontend"
        self.has_frontend = program.exists()
        if self.has_frontend:
            layer = images.layer([("bin/dockerfile-frontend", {"mode": 0o755}, program.read_bytes())])
            archive = self.cases / "frontend.tar"
            images.write_archive(archive, FRONTEND, [layer], FRONTEND_CONFIG, compression="none")
            self.load(archive)

    def docker(self, *words, cwd="/", env=None, stdin=None):
        assigned = [f"{key}={value}" for key, value in (env or {}).items()]
        return subprocess.run(
            ["chroot", self.tree, "env", "-i", "-C", cwd, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
             "BUILDX_NO_DEFAULT_ATTESTATIONS=1", *assigned, "docker", *words],
            input=stdin if stdin is not None else b"", stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def about(self):
        """What is recorded of the reference itself."""
        version = json.loads(self.docker("version", "--format", "{{json .}}").stdout)
        buildx = self.docker("buildx", "version").stdout.decode().split()[1]
        return {"docker": version["Server"]["Version"], "buildx": buildx,
                "runc": next((c["Version"] for c in version["Server"].get("Components", []) if c["Name"] == "runc"), ""),
                "platform": f"{version['Server']['Os']}/{version['Server']['Arch']}"}

    def build(self, case, base, servers):
        newest = case.one("frontend") == "newest"
        if newest and not self.has_frontend:
            raise NoFrontend("needs the newest frontend: tests/conformance/make-frontend")
        frontend = ["--build-arg", f"BUILDKIT_SYNTAX={FRONTEND}"] if newest else []
        directory = self.cases / case.name
        places = servers.places(case.name)
        hide = {value: name for name, value in places.items()}
        cases.materialise(case, directory, places)
        inside = f"/cases/{case.name}/context"

        def run(words, stdin=None):
            words = [cases.fill(word, places) for word in words]
            network = [] if any(word.startswith("--network") for word in words) else ["--network=host"]
            return self.docker("buildx", "build", "--progress=plain", *network, *frontend, *words, cwd=inside, env=case.env,
                               stdin=stdin)

        for words in case.header.get("before", []):
            before = run(shlex.split(words))
            if before.returncode != 0:
                raise cases.BadCase(f"{case.name}: the build before it fails: {before.stderr.decode()}")
        if "call" in case.header:
            method = case.one("call")
            called = run([*case.words("args"), *call.words(method), case.one("context", ".")])
            shutil.rmtree(directory)
            if not called.stdout.strip():
                return failure(called.stderr.decode("utf-8", "replace"))
            return call.of_json(method, called.stdout)
        stdin = (directory / "context" / case.one("stdin")).read_bytes() if "stdin" in case.header else None
        done = run([*case.words("args"), "-o", f"type=oci,dest=/cases/{case.name}/image.tar",
                    case.one("context", ".")], stdin)
        if done.returncode == 0:
            found = result.of_image(directory / "image.tar", base, case.times, hide)
        else:
            found = result.hidden(failure(done.stderr.decode("utf-8", "replace")), hide)
        shutil.rmtree(directory)
        return found


# What is another text each time, or of the machine.
ACCIDENTS = [(r"of ref [0-9a-z]{25}::[0-9a-z]{25}", "of ref …"), (r"/var/lib/docker/buildkit/[^ ]*/buildkit\d+", "…"),
             (r"failed to do request: .*", "failed to do request: …")]
PLACE = re.compile(r"^(\S+):(\d+)\n-{20}\n((?:.*\n)*?)-{20}\n", re.MULTILINE)
MARKED = re.compile(r"^ *(\d+) \| >>>", re.MULTILINE)


def failure(stderr):
    """{"error": ...} of what buildx prints; lines: the first and the last that it marks."""
    message = re.findall(r"^ERROR: (.*)$", stderr, re.MULTILINE)
    if not message:
        raise RuntimeError(f"no error message in:\n{stderr}")
    text = re.sub(r"^failed to build: |failed to solve: ", "", message[-1])
    for pattern, name in ACCIDENTS:
        text = re.sub(pattern, name, text)
    error = {"message": text}
    place = PLACE.search(stderr)
    if place:
        lines = [int(number) for number in MARKED.findall(place[3])] or [int(place[2])]
        error["lines"] = [lines[0], lines[-1]]
    return {"error": error}
