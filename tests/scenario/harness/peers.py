"""Real counterparts, started by hand on loopback with their state in the test's own directory."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request

from .core import Failure, Skip, wait_for


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url, timeout=10):
    """(status, headers, body) of an HTTP GET."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def answers(url):
    """True when the URL answers at all."""
    try:
        return get(url, 2)[0] < 500
    except OSError:
        return False


class Registry:
    """Debian's docker-registry with a file system of its own."""

    def __init__(self, s):
        s.need("docker-registry", "skopeo")
        self.s, self.port, self.root = s, free_port(), s.path("registry")
        self.address = f"127.0.0.1:{self.port}"
        self.config = s.path("registry.yml")
        self.config.write_text(
            "version: 0.1\nlog: {level: info}\n"
            f"storage: {{filesystem: {{rootdirectory: {self.root}}}, delete: {{enabled: true}}}}\n"
            f"http: {{addr: '{self.address}'}}\n")
        self.start()

    def start(self):
        self.process = self.s.start("docker-registry", "serve", self.config, log="registry.log")
        wait_for(lambda: answers(f"http://{self.address}/v2/"), "docker-registry", process=self.process)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def push(self, archive, name, *options):
        """Puts an OCI archive there by skopeo; returns the reference."""
        skopeo(self.s, "copy", "-q", "--dest-tls-verify=false", *options, f"oci-archive:{archive}",
               f"docker://{self.address}/{name}")
        return f"{self.address}/{name}"

    def manifest(self, name):
        repository, _, tag = name.rpartition(":")
        request = urllib.request.Request(f"http://{self.address}/v2/{repository}/manifests/{tag}",
                                         headers={"Accept": "application/vnd.oci.image.manifest.v1+json, "
                                                  "application/vnd.docker.distribution.manifest.v2+json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer), answer.headers["Docker-Content-Digest"]

    def put_manifest(self, repository, tag, media_type, document):
        request = urllib.request.Request(f"http://{self.address}/v2/{repository}/manifests/{tag}",
                                         data=json.dumps(document).encode(), method="PUT",
                                         headers={"Content-Type": media_type})
        with urllib.request.urlopen(request) as answer:
            return answer.headers["Docker-Content-Digest"]

    def blob_file(self, digest):
        """The file in which the registry keeps a blob, for tests that damage it."""
        return self.root / "docker/registry/v2/blobs/sha256" / digest[7:9] / digest[7:] / "data"

    def log(self):
        return self.s.path("registry.log").read_text(errors="replace")


def short_directory(s):
    """A directory with a short name, for sockets and other paths that have a limit."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="mybuild-", dir="/run"))
    s.defer(lambda: shutil.rmtree(path, ignore_errors=True))
    return path


def skopeo(s, *args):
    s.need("skopeo")
    return s.run("skopeo", "--insecure-policy", "--tmpdir", s.dir, *args)


def umoci_unpack(s, archive, bundle="bundle"):
    """Unpacks an OCI archive as umoci does; returns the root file system's path."""
    s.need("umoci")
    layout = s.path(f"{bundle}-layout")
    skopeo(s, "copy", "-q", f"oci-archive:{archive}", f"oci:{layout}:v1")
    s.run("umoci", "unpack", "--image", f"{layout}:v1", s.path(bundle))
    return s.path(bundle, "rootfs")


class Podman:
    """Podman without a service manager, on state of its own."""

    def __init__(self, s):
        s.need("podman", "runc", "conmon")
        self.s = s
        self.conf = s.path("containers.conf")
        self.conf.write_text('[containers]\ndefault_ulimits=["nofile=1024:1024","nproc=1024:1024"]\n')
        self.runroot = short_directory(s)
        s.defer(lambda: self.run("rm", "-af", "-t", "1", check=None))

    def run(self, *args, **options):
        # --tmpdir of its own: two podmans of different roots would otherwise share their locks.
        return self.s.run("podman", "--runtime", "runc", "--root", self.s.path("podman/root"),
                          "--runroot", self.runroot, "--tmpdir", self.s.path("podman/tmp"),
                          "--cgroup-manager=cgroupfs", "--events-backend=none", *args,
                          env=self.s.env(CONTAINERS_CONF=self.conf), **options)

    def json(self, *args):
        return json.loads(self.run(*args).out)


class Docker:
    """Debian's dockerd with a directory of its own."""

    def __init__(self, s):
        s.need("dockerd", "containerd", "runc")
        if not os.path.exists("/usr/bin/docker"):
            raise Skip("no /usr/bin/docker here (scripts/install-deps peers installs it)")
        self.s = s
        run = short_directory(s)
        self.socket = run / "docker.sock"
        # dockerd leaves the mount of its idea of the host's network namespace behind.
        s.defer(lambda: s.run("umount", "--quiet", run / "exec/netns/default", check=None))
        self.process = s.start(
            "dockerd", "--data-root", s.path("docker"), "--exec-root", run / "exec",
            "-H", f"unix://{self.socket}", "--pidfile", run / "docker.pid", "--storage-driver", "overlay2",
            "--iptables=false", "--ip6tables=false", "--ip-masq=false", "--bridge=none",
            "--exec-opt", "native.cgroupdriver=cgroupfs", log="dockerd.log",
            env=s.env())
        try:
            wait_for(lambda: self.run("version", check=None).code == 0, "dockerd", 60, self.process)
        except Failure as failure:
            log = s.path("dockerd.log").read_text(errors="replace").splitlines()[-5:]
            raise Skip(f"dockerd does not start here: {failure}; {' | '.join(log)}") from None

    def run(self, *args, env=None, **options):
        return self.s.run("/usr/bin/docker", "-H", f"unix://{self.socket}", *args,
                          env=self.s.env(**(env or {})), **options)

    def json(self, *args):
        return json.loads(self.run(*args).out)


class Redis:
    def __init__(self, s):
        s.need("redis-server", "redis-cli")
        self.port = free_port()
        self.process = s.start("redis-server", "--port", self.port, "--bind", "127.0.0.1", "--save", "",
                               "--appendonly", "no", "--dir", s.dir, log="redis.log")
        wait_for(lambda: subprocess.run(["redis-cli", "-p", str(self.port), "ping"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
                                        ).stdout.strip() == b"PONG", "redis-server", process=self.process)


class Bundle:
    """A container of an unpacked image, run by crun without cgroups and on the host's network."""

    def __init__(self, s, rootfs, config, env=None):
        s.need("crun", "unshare")
        self.s = s
        self.dir = rootfs.parent
        self.state = short_directory(s)
        self.name = f"mybuild-test-{os.getpid()}-{free_port()}"
        command = (config.get("Entrypoint") or []) + (config.get("Cmd") or [])
        variables = list(config.get("Env") or []) + [f"{k}={v}" for k, v in (env or {}).items()]
        (self.dir / "config.json").write_text(json.dumps({
            "ociVersion": "1.0.2",
            "root": {"path": "rootfs"},
            "process": {"cwd": config.get("WorkingDir") or "/", "args": command, "env": variables,
                        "user": {"uid": 0, "gid": 0},
                        "capabilities": {key: ["CAP_NET_BIND_SERVICE", "CAP_SETUID", "CAP_SETGID", "CAP_CHOWN"]
                                         for key in ("bounding", "effective", "permitted")}},
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
                       {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
                        "options": ["nosuid", "mode=755"]}],
            "linux": {"namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts")]}}))

    def _command(self, *args):
        # crun refuses a v2 tree of cgroups beside v1 ones: it runs where there is none.
        without_v2 = "umount -q /sys/fs/cgroup/unified 2>/dev/null; exec \"$@\""
        return ["unshare", "--mount", "sh", "-c", without_v2, "sh",
                "crun", "--root", self.state, "--cgroup-manager=disabled", *args]

    def start(self):
        process = self.s.start(*self._command("run", "--bundle", self.dir, self.name), log="container.log")
        # The runtime does not pass a SIGKILL on: the container is ended first, then its runtime.
        self.s.defer(lambda: self.s.run(*self._command("delete", "--force", self.name), check=None))
        return process
