"""The equipment itself: each counterpart, on an image written by hand, before mybuild has a part in it."""
from harness.core import contains, equal
from harness.images import BUSYBOX, BUSYBOX_CONFIG, Archive, busybox_archive
from harness.peers import Bundle, Docker, Podman, Redis, Registry, umoci_unpack


def test_archive_reader(s):
    archive = Archive(busybox_archive(s))
    archive.verify()
    equal(archive.entries(0)["bin/sh"].linkname, "busybox", "target of /bin/sh")


def test_podman(s):
    podman = Podman(s)
    contains(podman.run("load", "-i", busybox_archive(s)).out, BUSYBOX)
    equal(podman.run("run", "--rm", "--network=host", BUSYBOX, "echo", "hello").out, "hello\n", "podman run")


def test_docker(s):
    docker = Docker(s)
    contains(docker.run("load", "-i", busybox_archive(s)).out, BUSYBOX)
    equal(docker.run("run", "--rm", "--network=host", BUSYBOX, "echo", "hello").out, "hello\n", "docker run")


def test_umoci_and_crun(s):
    rootfs = umoci_unpack(s, busybox_archive(s))
    container = Bundle(s, rootfs, dict(BUSYBOX_CONFIG, Cmd=["sh", "-c", "echo hello >/answer"])).start()
    equal(container.wait(30), 0, "exit code of crun")
    equal((rootfs / "answer").read_text(), "hello\n", "what the container wrote")


def test_registry(s):
    registry = Registry(s)
    registry.push(busybox_archive(s), "library/busybox:1")
    manifest, digest = registry.manifest("library/busybox:1")
    contains(str(manifest), "tar+gzip", "the manifest")
    contains(digest, "sha256:", "its digest")


def test_redis(s):
    redis = Redis(s)
    equal(s.run("redis-cli", "-p", redis.port, "incr", "n").out.strip(), "1", "redis-cli incr")
