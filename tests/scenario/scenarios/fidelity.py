"""What was built is what is imported, attribute by attribute, for every kind of entry a file system has."""
import os
import shutil
import subprocess

from harness import flask, trees
from harness.core import PROJECT, check, contains, equal
from harness.images import Archive, load_busybox
from harness.peers import Docker, Podman, umoci_unpack

HERE = PROJECT / "tests/scenario"
DOCKERFILE = """\
FROM mybuild.example/python-flask:bookworm
COPY make_tree.py trees.py /
RUN python3 /make_tree.py make /tree && python3 /trees.py /tree >/made
RUN python3 /make_tree.py change /tree && python3 /trees.py /tree >/changed
RUN python3 /trees.py /tree >/seen-later
ENV tool=mybuild
LABEL a.b="c d" empty=""
EXPOSE 80 53/udp
VOLUME /data
USER 65534:65534
WORKDIR /tree
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=5s --retries=2 CMD true
ENTRYPOINT ["python3"]
CMD ["/trees.py", "/tree"]
"""


def same(actual, expected, what):
    lines = trees.differences(expected, actual)
    check(not lines, f"{what}: expected and found differ:\n  " + "\n  ".join(lines))


def in_go(description):
    """What an importer written in Go can know: its tar reader drops extended attributes without a value."""
    for attributes in description.values():
        if "xattrs" in attributes:
            attributes["xattrs"] = {key: value for key, value in attributes["xattrs"].items() if value}
    return description


def build(s):
    """Builds the tree by RUN; the archive is shared by the tests of this file."""
    archive = s.shared / "fidelity.tar"
    if not archive.exists():
        flask.load(s)
        context = s.context("tree", {"Dockerfile": DOCKERFILE})
        shutil.copy(HERE / "image/make_tree.py", context)
        shutil.copy(HERE / "harness/trees.py", context)
        s.mybuild("-t", "tree", "-o", f"type=oci,dest={archive}", context, timeout=600)
    return archive


def contents(archive, name):
    """The text of a file that one of the layers brings."""
    image = Archive(archive)
    for number in range(len(image.manifest["layers"])):
        if name in image.entries(number):
            return image.content(number, name).decode()
    raise AssertionError(name)


def test_next_step_sees_what_the_last_left(s):
    archive = build(s)
    same(trees.parse(contents(archive, "seen-later")), trees.parse(contents(archive, "changed")), "the next step")


def test_umoci(s):
    rootfs = umoci_unpack(s, build(s))
    same(trees.describe(rootfs / "tree"), in_go(trees.parse((rootfs / "changed").read_text())), "umoci's tree")


def test_podman(s):
    archive = build(s)
    podman = Podman(s)
    podman.run("load", "-i", archive)
    seen = podman.run("run", "--rm", "--network=host", "--user", "0", "tree")
    same(trees.parse(seen.out), in_go(trees.parse(contents(archive, "changed"))), "Podman's tree")
    config = podman.json("inspect", "tree")[0]
    equal(config["User"], "65534:65534", "User in Podman")
    equal(config["Config"]["StopSignal"], "SIGQUIT", "StopSignal in Podman")


def test_docker(s):
    archive = build(s)
    docker = Docker(s)
    docker.run("load", "-i", archive)
    seen = docker.run("run", "--rm", "--network=host", "--user", "0", "tree")
    same(trees.parse(seen.out), in_go(trees.parse(contents(archive, "changed"))), "Docker's tree")
    config = docker.json("inspect", "tree")[0]["Config"]
    contains(str(config["Env"]), "tool=mybuild", "Env in Docker")
    equal({key: config[key] for key in ("User", "WorkingDir", "Entrypoint", "Cmd", "StopSignal")},
          {"User": "65534:65534", "WorkingDir": "/tree", "Entrypoint": ["python3"], "Cmd": ["/trees.py", "/tree"],
           "StopSignal": "SIGQUIT"}, "config in Docker")
    equal(config["Labels"], {"a.b": "c d", "empty": ""}, "Labels in Docker")
    equal(sorted(config["ExposedPorts"]), ["53/udp", "80/tcp"], "ExposedPorts in Docker")
    equal(config["Volumes"], {"/data": {}}, "Volumes in Docker")
    equal(config["Healthcheck"], {"Test": ["CMD-SHELL", "true"], "Interval": 5_000_000_000, "Retries": 2},
          "Healthcheck in Docker")


def test_outputs_of_the_root_file_system(s):
    """type=tar keeps everything; type=local everything but what only an image can say."""
    build(s)
    if not (s.store).exists():  # another test has made the archive in a store that is gone
        s.mybuild("load", "-i", s.shared / "fidelity.tar")
        context = s.context("again", {"Dockerfile": "FROM tree\n"})
    else:
        context = s.path("tree")
    s.mybuild("-o", f"type=tar,dest={s.path('root.tar')}", "-o", f"type=local,dest={s.path('local')}", context)
    expected = trees.parse((s.path("local") / "changed").read_text())
    s.path("tar").mkdir()
    subprocess.run(["tar", "--numeric-owner", "--xattrs", "--xattrs-include=*", "-p", "-C", s.path("tar"),
                    "-xf", s.path("root.tar")], check=True)
    same(trees.describe(s.path("tar") / "tree"), expected, "type=tar")
    same(trees.describe(s.path("local") / "tree"), expected, "type=local")


def test_layers_hold_changes_only(s):
    archive = Archive(build(s))
    changed = archive.entries(3)
    for name in ("tree/changedir-untouched", "tree/plain", "tree/change-same", "tree/short-lived",
                 "tree/.wh.short-lived"):
        check(name not in changed, f"{name} is in the layer of a step that left it alone")
    for name in ("tree/.wh.change-gone", "tree/.wh.changedir-gone", "tree/.wh.hard-b"):
        check(name in changed, f"{name} is missing")
    for name in changed:
        check("trusted.overlay" not in str(changed[name].pax_headers), f"{name} has an xattr of overlayfs")
    equal([name for name in changed if not name.startswith(("tree", "changed"))], [], "entries of nobody")
    equal([name for name in archive.entries(4) if name != "seen-later"], [], "entries beside the one new file")


def test_copy_from_context(s):
    """Types, modes, bytes, targets and times are the context's; owners are root, or as --chown says."""
    load_busybox(s)
    context = s.context("c", {"Dockerfile": """\
FROM scratch
COPY tree /tree
COPY --chown=12:34 tree /owned
COPY --chmod=640 tree/file /modes/file
"""})
    tree = context / "tree"
    tree.mkdir()
    (tree / "file").write_bytes(b"file\n")
    (tree / "empty").write_bytes(b"")
    (tree / "executable").write_bytes(b"#!/bin/sh\n")
    (tree / "executable").chmod(0o755)
    (tree / "private").mkdir(mode=0o700)
    (tree / "private/secret").write_bytes(b"s")
    (tree / "private/secret").chmod(0o600)
    (tree / "link").symlink_to("file")
    (tree / "dangling").symlink_to("/no/where")
    (tree / "to-directory").symlink_to("private")
    os.mkdir(os.fsencode(tree) + b"/\xff\xfe")
    with open(os.fsencode(tree) + b"/\xff\xfe/" + b"n" * 255, "wb") as file:
        file.write(b"n")
    os.utime(tree / "file", ns=(0, 1_234_567_890_999_999_999))
    for name in ("file", "executable", "private"):
        os.chown(tree / name, 1234, 1234)
    archive = s.path("image.tar")
    s.mybuild("-t", "copied", "-o", f"type=oci,dest={archive}", context)
    rootfs = umoci_unpack(s, archive)
    for name, owner in (("tree", (0, 0)), ("owned", (12, 34))):
        expected = trees.describe(tree)
        for path in expected.values():
            path["owner"] = owner
            path.pop("same file as", None)
        actual = trees.describe(rootfs / name)
        for path, attributes in list(expected.items()) + list(actual.items()):
            if attributes["kind"] in ("dir", "link"):
                attributes.pop("mtime")  # builders differ here; files' times are what make looks at
        same(actual, expected, f"/{name}")
    equal(oct((rootfs / "modes/file").stat().st_mode & 0o7777), "0o640", "mode of a copy with --chmod")


def test_copy_from_stage_keeps_everything(s):
    flask.load(s)
    context = s.context("c", {"Dockerfile": """\
FROM mybuild.example/python-flask:bookworm AS made
COPY make_tree.py trees.py /
RUN python3 /make_tree.py make /tree && rm -r /tree/deep && python3 /trees.py /tree >/made
FROM scratch
COPY --from=made /tree /tree
COPY --from=made /made /made
"""})
    shutil.copy(HERE / "image/make_tree.py", context)
    shutil.copy(HERE / "harness/trees.py", context)
    archive = s.path("image.tar")
    s.mybuild("-t", "copied", "-o", f"type=oci,dest={archive}", context, timeout=600)
    rootfs = umoci_unpack(s, archive)
    actual, expected = trees.describe(rootfs / "tree"), in_go(trees.parse((rootfs / "made").read_text()))
    for description in (actual, expected):
        for attributes in description.values():
            if attributes["kind"] in ("dir", "link"):
                attributes.pop("mtime")
    same(actual, expected, "/tree")
