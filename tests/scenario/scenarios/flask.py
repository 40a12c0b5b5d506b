"""The whole way: a real base image, a real project, and its app run by whoever imports the archive."""
import re

from harness import flask
from harness.core import PROJECT, check, contains, equal, wait_for
from harness.images import Archive
from harness.peers import Bundle, Docker, Podman, Redis, answers, free_port, get, skopeo, umoci_unpack
from harness.transcript import Transcript


def build(s):
    """Builds testdata/myflask in this test's store; returns the archive, which all tests share."""
    archive = s.shared / "myflask.tar"
    if not archive.exists():
        flask.load(s)
        first = Transcript(s.mybuild("-t", "myflask", ".", cwd=PROJECT / "testdata/myflask", timeout=900))
        equal(first.total, 4, "steps")
        second = Transcript(s.mybuild("-t", "myflask", "-o", f"type=oci,dest={archive}", ".",
                                      cwd=PROJECT / "testdata/myflask"))
        equal(second.cached(), [2, 3, 4], "cached steps of the second build")
    return archive


def app_environment(redis):
    port = free_port()
    return port, {"PORT": port, "REDIS_HOST": "127.0.0.1", "REDIS_PORT": redis.port}


def count_visits(port, process=None):
    """Fetches the page twice; the count must rise."""
    url = f"http://127.0.0.1:{port}/"
    wait_for(lambda: answers(url), "the app", 60, process)
    counts = []
    for _ in range(2):
        status, _, body = get(url)
        equal(status, 200, "HTTP status")
        text = body.decode()
        contains(text, "Hello World from Flask!", "the page")
        found = re.search(r"visited (\d+) times", text)
        check(found, f"the page counts no visits: {text}")
        counts.append(int(found[1]))
    equal(counts[1], counts[0] + 1, "the second count")


def test_archive(s):
    archive = Archive(build(s))
    archive.verify()
    config = archive.config["config"]
    equal(config["Cmd"], ["python3", "/app/main.py"], "Cmd")
    contains(str(config["ExposedPorts"]), "80/tcp", "ExposedPorts")
    equal(len(archive.manifest["layers"]), 4, "layers")
    check("app/main.py" in archive.entries(3), "the last layer lacks app/main.py")
    vim = archive.entries(1)
    check("usr/bin/vim.tiny" in vim, "the layer of the first RUN lacks vim.tiny")
    for path in ("etc/resolv.conf", "etc/hosts", "etc/hostname", "proc", "sys", "dev"):
        check(not any(name == path or name.startswith(path + "/") for name in vim),
              f"{path} has left a trace in the layer")


def test_podman(s):
    archive = build(s)
    podman, redis = Podman(s), Redis(s)
    contains(podman.run("load", "-i", archive).out, "myflask:latest")
    port, variables = app_environment(redis)
    options = [word for key, value in variables.items() for word in ("-e", f"{key}={value}")]
    podman.run("run", "-d", "--name", "web", "--network=host", *options, "myflask")
    count_visits(port)
    podman.run("rm", "-f", "-t", "1", "web")


def test_umoci_and_crun(s):
    archive = build(s)
    redis = Redis(s)
    rootfs = umoci_unpack(s, archive)
    port, variables = app_environment(redis)
    process = Bundle(s, rootfs, Archive(archive).config["config"], variables).start()
    count_visits(port, process)


def test_docker(s):
    archive = build(s)
    docker, redis = Docker(s), Redis(s)
    contains(docker.run("load", "-i", archive).out, "myflask:latest")
    equal(docker.json("inspect", "myflask")[0]["Id"], Archive(archive).image_id, "the image's id in Docker")
    port, variables = app_environment(redis)
    options = [word for key, value in variables.items() for word in ("-e", f"{key}={value}")]
    docker.run("run", "-d", "--name", "web", "--network=host", *options, "myflask")
    count_visits(port)
    docker.run("rm", "-f", "web")


def test_skopeo_reads_both_faces(s):
    archive = build(s)
    for transport in ("oci-archive", "docker-archive"):
        skopeo(s, "copy", "-q", f"{transport}:{archive}", f"dir:{s.path(transport)}")
    names = skopeo(s, "list-tags", f"docker-archive:{archive}").out
    contains(names, "myflask:latest", "the docker archive's names")


def test_without_redis_on_port_80(s):
    """As the README has it: port 80, a greeting and nothing else."""
    archive = build(s)
    s.need("unshare", "ip", "curl")
    rootfs = umoci_unpack(s, archive)
    # A network of its own, where port 80 is free whatever the machine runs.
    found = s.run("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec",
                  'ip link set lo up; mount -t proc proc "$1/proc"; chroot "$1" python3 /app/main.py >&2 & '
                  "curl --silent --retry 60 --retry-connrefused --retry-delay 1 http://127.0.0.1/",
                  "sh", rootfs, timeout=120)
    equal(found.out, "Hello World from Flask!\n", "the page")
