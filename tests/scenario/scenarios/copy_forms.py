"""COPY and ADD in all their forms, WORKDIR and ONBUILD, as far as it takes a real tree to see them."""
import contextlib
import io
import os
import socket
import stat
import subprocess
import tarfile

from harness import trees
from harness.core import check, contains, equal, lacks
from harness.images import BUSYBOX_CONFIG, Archive, busybox_layer, load_busybox, write_archive
from harness.transcript import Transcript

BASE = "FROM mybuild.example/busybox:1"


def make(root, paths):
    """Makes files (`a/b`), directories (`a/b/`) and links (`a -> b`) below root."""
    for text in paths:
        path, arrow, target = text.partition(" -> ")
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if arrow:
            place.symlink_to(target)
        elif path.endswith("/"):
            place.mkdir(exist_ok=True)
        else:
            place.write_text(path)
    return root


def build(s, name, lines, paths=(), prepare=None, args=(), fails=None):
    """Builds a Dockerfile on a context of `paths`; returns the root file system's directory, or the failed run."""
    context = s.context(name, {"Dockerfile": lines})
    make(context, paths)
    if prepare:
        prepare(context)
    root = s.path(name + ".root")
    run = s.mybuild("-o", f"type=local,dest={root}", *args, context, check=1 if fails else 0)
    if not fails:
        return root
    contains(run.err, fails, "standard error")
    contains(run.err, "Dockerfile:", "standard error")
    return run


def names(root):
    """All paths below a directory; directories end with a slash, links show their target."""
    found = []
    for path, entry in trees.describe(root).items():
        end = {"dir": "/", "link": " -> " + os.fsdecode(entry.get("target", b""))}.get(entry["kind"], "")
        found.append(os.fsdecode(path) + end)
    return found


def mode(path):
    return oct(stat.S_IMODE(os.lstat(path).st_mode))


def owner(path):
    info = os.lstat(path)
    return info.st_uid, info.st_gid


# -- naming and merging ------------------------------------------------------------------------------------------


def test_names_of_results(s):
    """dockerfile-language.md, 6.9 "Result naming"."""
    table = [
        ("COPY f /new", ["new"]),
        ("COPY f /new/", ["new/", "new/f"]),
        ("COPY f /a/b/new", ["a/", "a/b/", "a/b/new"]),
        ("COPY f .", ["f"]),
        ("COPY f ./sub/../x/", ["x/", "x/f"]),
        ("COPY f ../../up", ["up"]),
        ("COPY d /new", ["new/", "new/g", "new/in/", "new/in/h"]),
        ("COPY d/ /new/", ["new/", "new/g", "new/in/", "new/in/h"]),
        ("COPY d/. /new/.", ["new/", "new/g", "new/in/", "new/in/h"]),
        ("COPY d .", ["g", "in/", "in/h"]),
        ("COPY f l /new/", ["new/", "new/f", "new/g", "new/in/", "new/in/h"]),
        ("COPY l/in/h /x/", ["x/", "x/h"]),
        ("COPY d/* /x/", ["x/", "x/g", "x/h"]),
        ("COPY *.none /x/", []),
        ("COPY *.none f /x/", ["x/", "x/f"]),
        ('COPY ["f", "with blank", "/a dir/"]', ["a dir/", "a dir/f", "a dir/with blank"]),
        ("COPY --from=first f /other", ["other"]),
        ("COPY --from=first / /all", ["all/", "all/d/", "all/d/g", "all/d/in/", "all/d/in/h", "all/f"]),
        ("COPY --from=scratch . /nothing", ["nothing/"]),
        ("ADD f d /new/", ["new/", "new/f", "new/g", "new/in/", "new/in/h"]),
        ("WORKDIR /w\nCOPY f .", ["w/", "w/f"]),
        ("WORKDIR /w\nCOPY f sub/", ["w/", "w/sub/", "w/sub/f"]),
        ("WORKDIR /w\nWORKDIR v\nCOPY f ..", ["w/", "w/f", "w/v/"]),
        ("COPY f /x\nCOPY d/g /x", ["x"]),
        ("COPY f /x/\nCOPY d /x", ["x/", "x/f", "x/g", "x/in/", "x/in/h"]),
        ("COPY d /x\nCOPY f /x/in", ["x/", "x/g", "x/in/", "x/in/f", "x/in/h"]),
    ]
    lines = "FROM scratch AS first\nCOPY f /f\nCOPY d /d\n"
    for number, (steps, _) in enumerate(table):
        lines += f"FROM scratch AS t{number}\n{steps}\n"
    context = make(s.context("c", {"Dockerfile": lines, ".dockerignore": "Dockerfile\n"}),
                   ["f", "with blank", "d/g", "d/in/h", "l -> d"])
    for number, (steps, expected) in enumerate(table):
        root = s.path(f"root{number}")
        s.mybuild("-q", "--target", f"t{number}", "-o", f"type=local,dest={root}", context)
        equal(names(root), expected, steps)


def test_what_cannot_be_copied_over(s):
    """Errors stand at the source, and say what Docker says."""
    paths = ["f", "g", "d/f/x", "d/x", "t/f"]
    for number, (steps, message, line) in enumerate([
            ("COPY f /x\nCOPY d /x", "cannot copy to non-directory: /x", 3),
            ("COPY f /x\nCOPY d /x/", "mkdir /x: not a directory", 3),
            ("COPY f /x\nCOPY g /x/", "mkdir /x: not a directory", 3),
            ("COPY f /x\nCOPY g /x/y", "mkdir /x: not a directory", 3),
            ("COPY t /x/\nCOPY d /x/", "cannot copy to non-directory: /x/f", 3),
            ("COPY d /x/\nCOPY t /x/", "cannot replace to directory /x/f with file", 3),
            ("COPY d/f /x/x/\nCOPY d/x /x/", "cannot replace to directory /x/x with file", 3),
            ("COPY f g /x", "When using COPY with more than one source file", 2),
            ("ADD f g /x", "When using ADD with more than one source file", 2),
            ("COPY [fg] /x", "When using COPY with more than one source file", 2),
            ("COPY none /x", '"/none" not found in the build context', 2),
            ("COPY f none /x/", '"/none" not found in the build context', 2),
            ("COPY [a /x", "syntax error in pattern", 2),
            ("COPY none/* /x/", '"/none" not found in the build context', 2),
            ("COPY --from=0 none /x", '"/none" not found in the stage 0', 3)]):
        if "--from" in steps:
            steps = "FROM scratch\n" + steps
        run = build(s, f"c{number}", f"FROM scratch\n{steps}\n", paths, fails=message)
        contains(run.err, f"Dockerfile:{line}:", steps)


def test_links_in_the_destination(s):
    """Links are followed inside the stage, the last component's too; nothing leaves the root."""
    load_busybox(s)
    root = build(s, "c", f"""\
{BASE}
RUN mkdir -p /real /deep/er && ln -s /real /abs && ln -s deep/er rel && ln -s ../../../../real /deep/up && \\
    ln -s /missing/target /dangling && ln -s /missing/dir /dangling-dir && echo old >/old && ln -s old /to-file && \\
    ln -s ../old /real/inner && mkdir /real/d && ln -s d /real/d-link
COPY f /abs/one
COPY f /abs/
COPY f /rel/two
COPY f /deep/up/three
COPY f /dangling
COPY f /dangling-dir/
COPY f /to-file
COPY d /abs
COPY f /real/inner
""", ["f", "d/f", "d/inner"])
    equal((root / "real/one").read_text(), "f", "/real/one")
    equal((root / "deep/er/two").read_text(), "f", "/deep/er/two")
    equal((root / "real/three").read_text(), "f", "/real/three")
    equal((root / "missing/target").read_text(), "f", "/missing/target")
    equal((root / "missing/dir/f").read_text(), "f", "/missing/dir/f")
    check((root / "to-file").is_symlink() and (root / "abs").is_symlink(), "a link was replaced")
    equal((root / "old").read_text(), "f", "/old, over its link")
    check(not (root / "real/inner").is_symlink(), "a link below a merged directory was followed")
    for number, (steps, message) in enumerate([
            ("RUN ln -s /loop /loop\nCOPY f /loop", "too many symbolic links"),
            ("RUN mkdir /x && ln -s /etc /x/d\nCOPY . /x", "cannot copy to non-directory: /x/d")]):
        build(s, f"e{number}", f"{BASE}\n{steps}\n", ["f", "d/f"], fails=message)


def test_hard_links_within_one_source(s):
    def prepare(context):
        os.link(context / "d/a", context / "d/b")
        os.link(context / "d/a", context / "c")

    root = build(s, "c", "FROM scratch\nCOPY d /one\nCOPY d/a d/b c /two/\nCOPY d/* /three/\n", ["d/a"], prepare)
    inodes = {name: os.lstat(root / name).st_ino for name in
              ("one/a", "one/b", "two/a", "two/b", "two/c", "three/a", "three/b")}
    equal(inodes["one/a"], inodes["one/b"], "inodes of names of one directory")
    equal(len(set(inodes.values())), 6, "inodes")
    root = build(s, "s", "FROM scratch AS a\nCOPY d /d\nFROM scratch\nCOPY --from=a /d /x\nCOPY --from=a /d /y\n",
                 ["d/a"], lambda context: os.link(context / "d/a", context / "d/b"))
    equal(os.lstat(root / "x/a").st_ino, os.lstat(root / "x/b").st_ino, "inodes of names in a stage")
    check(os.lstat(root / "x/a").st_ino != os.lstat(root / "y/a").st_ino, "two copies are one file")


# -- metadata ----------------------------------------------------------------------------------------------------


def test_metadata(s):
    """dockerfile-language.md, 6.9 "Metadata"."""
    def prepare(context):
        os.chmod(context / "d", 0o700)
        os.chmod(context / "d/sub", 0o2750)
        os.chown(context / "d/f", 12, 34)
        os.chmod(context / "d/f", 0o4751)
        os.utime(context / "d/f", (1_000_000_000, 1_000_000_000))
        os.utime(context / "d", (1_100_000_000, 1_100_000_000))
        os.utime(context / "d/sub", (1_200_000_000, 1_200_000_000))

    load_busybox(s)
    root = build(s, "c", f"""\
{BASE} AS owners
RUN mkdir -p /d/sub && echo x >/d/f && chown -R 5:6 /d && chmod 711 /d/sub && chmod 6755 /d/f
{BASE}
RUN mkdir -p /was/sub && chmod 1777 /was && chown 7:8 /was /was/sub
COPY d /new/dir
COPY d /was
COPY --from=owners /d /from
COPY --from=owners --chown=1:2 /d /owned
""", ["d/f", "d/sub/g"], prepare)
    equal((mode(root / "new"), owner(root / "new")), ("0o755", (0, 0)), "a made parent")
    equal((mode(root / "new/dir"), owner(root / "new/dir")), ("0o755", (0, 0)), "a made destination")
    equal(int(os.lstat(root / "new/dir").st_mtime), 1_100_000_000, "its time")
    equal((mode(root / "new/dir/f"), owner(root / "new/dir/f")), ("0o4751", (0, 0)), "a file of the context")
    equal(int(os.lstat(root / "new/dir/f").st_mtime), 1_000_000_000, "its time")
    equal(mode(root / "new/dir/sub"), "0o2750", "a directory of the context")
    equal((mode(root / "was"), owner(root / "was")), ("0o1777", (7, 8)), "a destination that was there")
    equal((mode(root / "was/sub"), owner(root / "was/sub")), ("0o2750", (0, 0)), "a directory on both sides")
    equal(int(os.lstat(root / "was/sub").st_mtime), 1_200_000_000, "its time")
    equal((owner(root / "from"), owner(root / "from/f"), mode(root / "from/f")), ((0, 0), (5, 6), "0o6755"),
          "what comes from a stage keeps its owners")
    equal((owner(root / "owned"), owner(root / "owned/sub"), owner(root / "owned/f")), ((1, 2),) * 3, "--chown")


def test_chmod(s):
    def prepare(context):
        os.chmod(context / "d/x", 0o700)
        os.chmod(context / "d/f", 0o600)
        os.chmod(context / "d/s", 0o751)

    root = build(s, "c", """\
FROM scratch
ARG bits=g=u
COPY --chmod=640 d /octal/in
COPY --chmod=4755 d/f /bits/in/
COPY --chmod=u=rwX,go=rX d /big-x
COPY --chmod=+x d /plus-x
COPY --chmod=$bits d /copied
COPY --chmod=a-r,o+t d/f /sticky/
ADD --chmod=0400 d/f /added
COPY --chmod= d/f /empty
""", ["d/f", "d/x", "d/s/g", "d/l -> f"], prepare)
    table = {
        "octal": "0o640", "octal/in": "0o640", "octal/in/f": "0o640", "octal/in/s": "0o640", "octal/in/l": "0o777",
        "bits": "0o755", "bits/in": "0o755", "bits/in/f": "0o4755",
        "big-x": "0o755", "big-x/f": "0o644", "big-x/x": "0o755", "big-x/s": "0o755", "big-x/s/g": "0o644",
        "plus-x": "0o755", "plus-x/f": "0o711", "plus-x/x": "0o711",
        "copied/f": "0o660", "copied/x": "0o770", "copied/s": "0o771",
        "sticky": "0o755", "sticky/f": "0o200", "added": "0o400", "empty": "0o600",
    }
    equal({name: mode(root / name) for name in table}, table, "modes")
    build(s, "e", "FROM scratch\nCOPY --chmod=u=q d /\n", ["d/f"], fails="invalid chmod parameter: 'u=q'")


def test_chown(s):
    """Names are looked up in the stage that is copied to, as it is at that step."""
    load_busybox(s)
    root = build(s, "c", f"""\
{BASE}
COPY --chown=user f /user
COPY --chown=user:staff f /user-staff
COPY --chown=:staff f /staff
COPY --chown=user: f /user-0
COPY --chown=77 f /id
COPY --chown=77:88 f /ids
COPY --chown=root f /root-name
COPY --chown=1000:root f /id-root
RUN echo late:x:555:666:::/ >>/etc/passwd && echo lates:x:777: >>/etc/group
COPY --chown=late:lates d /new/dir
ADD --chown=late x.tar /unpacked/dir
WORKDIR /made
USER user
WORKDIR /mine/deep
USER 1234
WORKDIR by-id
USER nobody-knows
WORKDIR unknown
""", ["f", "d/f", "d/l -> f"], lambda context: write_tar(context / "x.tar", [("in/f", {"mode": 0o644}, b"x")]))
    table = {"user": (1000, 1000), "user-staff": (1000, 50), "staff": (0, 50), "user-0": (1000, 0), "id": (77, 77),
             "ids": (77, 88), "root-name": (0, 0), "id-root": (1000, 0), "new": (555, 777), "new/dir": (555, 777),
             "new/dir/f": (555, 777), "new/dir/l": (555, 777), "unpacked": (555, 666), "unpacked/dir": (555, 666),
             "unpacked/dir/in": (0, 0), "unpacked/dir/in/f": (555, 666), "made": (0, 0), "mine": (1000, 1000),
             "mine/deep": (1000, 1000), "mine/deep/by-id": (1234, 1234), "mine/deep/by-id/unknown": (0, 0)}
    equal({name: owner(root / name) for name in table}, table, "owners")
    for number, (base, chown, message) in enumerate([
            (BASE, "nobody-knows", "can't find uid for user nobody-knows: no such user: nobody-knows"),
            (BASE, "root:nope", "can't find gid for group nope: no such group: nope"),
            (BASE, "a:b:c", "invalid user specification: a:b:c"),
            (BASE, "4294967296", "out of range"),
            ("FROM scratch", "user", "invalid user index: -1"),
            ("FROM scratch", "1:staff", "invalid group index: -1")]):
        run = build(s, f"e{number}", f"{base}\nCOPY --chown={chown} f /\n", ["f"], fails=message)
        contains(run.err, "Dockerfile:2:14", "the place of the error")
    build(s, "e-link", f"{BASE}\nCOPY --link --chown=user f /\n", ["f"], fails="invalid user index: -1")


def test_special_files(s):
    def prepare(context):
        os.mkfifo(context / "d/fifo", 0o640)
        os.mknod(context / "d/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        os.chmod(context / "d/null", 0o606)
        with socket.socket(socket.AF_UNIX) as server, contextlib.chdir(context):
            server.bind("d/socket")
        os.setxattr(context / "d/f", "user.note", b"kept")
        os.symlink("/etc/passwd", context / "d/out")

    load_busybox(s)
    root = build(s, "c", f"""\
{BASE} AS made
COPY d /d
RUN mkfifo /d/second && mknod /d/zero c 1 5 && chmod 600 /d/zero
FROM scratch
COPY --from=made /d /d
COPY d/fifo /alone
""", ["d/f"], prepare)
    found = {os.fsdecode(path): entry for path, entry in trees.describe(root).items()}
    equal({name: found["d/" + name]["kind"] for name in ("fifo", "second", "null", "zero", "socket", "out")},
          {"fifo": "fifo", "second": "fifo", "null": "char", "zero": "char", "socket": "file", "out": "link"}, "kinds")
    equal((found["d/fifo"]["mode"], found["d/null"]["mode"], found["d/zero"]["device"], found["d/socket"]["size"]),
          ("0o640", "0o606", (1, 5), 0), "attributes")
    equal(found["alone"]["kind"], "fifo", "/alone")
    equal(found["d/f"]["xattrs"], {"user.note": b"kept"}, "extended attributes")


# -- --parents, --exclude, --link --------------------------------------------------------------------------------


def test_parents(s):
    paths = ["test/a/b/c/d/e/bay", "test/a/b/c/d/foo", "test/a/b2/c/d/e/bar", "test/a/b/c2/d/e/baz",
             "test/a/b/c2/d/e2/baz"]
    table = [
        ("test/a/b/./c/d", ["c/", "c/d/", "c/d/e/", "c/d/e/bay", "c/d/foo"]),
        ("test/a/b/c/d/.", ["test/", "test/a/", "test/a/b/", "test/a/b/c/", "test/a/b/c/d/", "test/a/b/c/d/e/",
                            "test/a/b/c/d/e/bay", "test/a/b/c/d/foo"]),
        ("/test/a/./b/./c/d/foo", ["b/", "b/c/", "b/c/d/", "b/c/d/foo"]),
        ("test/a/b*/./c/**/e", ["c/", "c/d/", "c/d/e/", "c/d/e/bar", "c/d/e/bay"]),
        ("test/a/b/c*/./d/**/baz test/a/b*/./c/**/bar",
         ["c/", "c/d/", "c/d/e/", "c/d/e/bar", "d/", "d/e/", "d/e/baz", "d/e2/", "d/e2/baz"]),
        ("test/a/b3*/c", []),
        ("--exclude=**/e test/a/b/./c", ["c/", "c/d/", "c/d/foo"]),
    ]
    lines = "".join(f"FROM scratch AS t{number}\nCOPY --parents {sources} /out/\n"
                    for number, (sources, _) in enumerate(table))
    for number, (sources, expected) in enumerate(table):
        root = build(s, f"c{number}", lines, paths, args=("--target", f"t{number}"))
        equal(names(root / "out"), expected, sources)
    build(s, "e", "FROM scratch\nCOPY --parents test/none /out/\n", paths, fails='"/test/none" not found')


def test_parents_keep_attributes(s):
    def prepare(context):
        os.chmod(context / "a", 0o750)
        os.chmod(context / "a/b", 0o701)
        os.setxattr(context / "a/b", "user.note", b"b")
        os.utime(context / "a/b", (1_000_000_000, 1_000_000_000))

    load_busybox(s)
    root = build(s, "c", f"""\
{BASE} AS had
RUN mkdir -p /x/a/b /y && chmod 777 /x/a /x/a/b && chown -R 7:8 /x
COPY --parents a/b/f /x
COPY --parents --chown=3:4 a/b/f /y
""", ["a/b/f"], prepare)
    equal((mode(root / "x/a"), owner(root / "x/a")), ("0o750", (7, 8)), "a parent that was there takes the mode alone")
    equal((mode(root / "y/a"), owner(root / "y/a")), ("0o750", (3, 4)), "a new parent")
    equal((mode(root / "y/a/b"), owner(root / "y/a/b"), int(os.lstat(root / "y/a/b").st_mtime)),
          ("0o701", (3, 4), 1_000_000_000), "a new parent")
    equal(os.getxattr(root / "y/a/b", "user.note"), b"b", "its attribute")


def test_exclude(s):
    paths = ["d/a.txt", "d/b.go", "d/sub/c.txt", "d/sub/d.go", "d/tmp/e", "home.txt", "home.go"]
    lines = """\
FROM scratch AS first
COPY --exclude=*.txt d /one/
COPY --exclude=**/*.txt --exclude=tmp d /two/
COPY --exclude=* --exclude=!sub/d.go d /three/
ADD --exclude=sub d /four/
COPY --exclude=*.txt hom* /five/
FROM scratch AS more
COPY d /d
FROM scratch AS last
COPY --from=more --exclude=d/tmp --exclude=d/sub / /six/
"""
    root = build(s, "c", lines, paths, args=("--target", "first"))
    equal(names(root), ["five/", "five/home.go", "four/", "four/a.txt", "four/b.go", "four/tmp/", "four/tmp/e",
                        "one/", "one/b.go", "one/sub/", "one/sub/c.txt", "one/sub/d.go", "one/tmp/", "one/tmp/e",
                        "three/", "three/sub/", "three/sub/d.go", "two/", "two/b.go", "two/sub/", "two/sub/d.go"],
          "what is left")
    equal(names(build(s, "e", lines, paths)), ["six/", "six/d/", "six/d/a.txt", "six/d/b.go"], "of a stage")
    run = build(s, "f", "FROM scratch\nCOPY --exclude=[ d /\n", paths, fails="syntax error in pattern")
    contains(run.err, "Dockerfile:2:16", "the place of the error")


def test_link_makes_an_independent_layer(s):
    load_busybox(s)

    def dockerfile(before):
        return (f"{BASE}\nRUN {before}\nCOPY --link f /tmp/f\nCOPY --link d /to-dir/\n"
                "COPY --link --chown=5:6 f /made/by/link\nADD --link x.tar /unpacked\n")

    def prepare(context):
        write_tar(context / "x.tar", [("in", {}, b"x")])

    one = build(s, "one", dockerfile("mkdir /real && ln -s /real /to-dir"), ["f", "d/g"], prepare)
    equal(mode(one / "tmp"), "0o755", "the mode of /tmp, made anew")
    check(not (one / "to-dir").is_symlink() and (one / "to-dir/g").exists(), "/to-dir was followed")
    equal(names(one / "real"), [], "what a link led to")
    equal((owner(one / "made"), owner(one / "made/by/link")), ((5, 6), (5, 6)), "owners")
    equal((one / "unpacked/in").read_text(), "x", "/unpacked/in")
    # On other layers below: the same layers, from the cache.
    context = s.context("two", {"Dockerfile": dockerfile("echo other >/other")})
    make(context, ["f", "d/g"])
    prepare(context)
    for name in ("f", "d", "d/g", "x.tar"):
        info = os.stat(s.path("one", name))
        os.utime(context / name, ns=(info.st_atime_ns, info.st_mtime_ns))
    run = s.mybuild("-o", f"type=oci,dest={s.path('two.tar')}", context)
    steps = Transcript(run).steps
    equal([step.cached for step in steps[2:]], [True] * 4, "cached")
    s.mybuild("-o", f"type=oci,dest={s.path('one.tar')}", s.path("one"))
    diff_ids = [Archive(s.path(name)).config["rootfs"]["diff_ids"] for name in ("one.tar", "two.tar")]
    equal(diff_ids[0][2:], diff_ids[1][2:], "layers")
    check(diff_ids[0][1] != diff_ids[1][1], "the layers below are the same")


def test_link_with_chmod_is_an_ordinary_copy(s):
    load_busybox(s)
    root = build(s, "c", f"{BASE}\nRUN mkdir /real && ln -s /real /l\nCOPY --link --chmod=640 f /l/\n", ["f"])
    check((root / "l").is_symlink(), "the link was not followed")
    equal(mode(root / "real/f"), "0o640", "mode")


# -- heredocs ----------------------------------------------------------------------------------------------------


def test_heredoc_files(s):
    root = build(s, "c", """\
FROM scratch
ENV v=1
COPY <<one /
v is $v
one
COPY --chmod=750 --chown=3:4 <<-two <<'three' f /d/
	tab \\$v
	two
$v
three
ADD <<four /exact
plain text
four
""", ["f"])
    equal((root / "one").read_text(), "v is 1\n", "/one")
    equal((mode(root / "one"), owner(root / "one")), ("0o644", (0, 0)), "/one")
    check(os.lstat(root / "one").st_mtime > 1_600_000_000, "a heredoc has the time of its making")
    equal([(root / name).read_text() for name in ("d/two", "d/three", "exact")],
          ["tab $v\n", "$v\n", "plain text\n"], "contents")
    equal({(mode(root / "d" / name), owner(root / "d" / name)) for name in ("two", "three", "f")},
          {("0o750", (3, 4))}, "attributes")


# -- ADD of archives ---------------------------------------------------------------------------------------------


def write_tar(path, entries, end=True):
    """A tar of [(name, {TarInfo fields}, content)]."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, fields, content in entries:
            info = tarfile.TarInfo(name)
            info.mtime, info.size = 1_600_000_000, len(content)
            for key, value in fields.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(content))
        size = tar.offset
    path.write_bytes(buffer.getvalue() if end else buffer.getvalue()[:size - 300])


LINK, SYMLINK, DIRECTORY = ({"type": kind} for kind in (tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE))


def test_archives_of_every_compression(s):
    s.need("gzip", "bzip2", "xz", "zstd")

    def prepare(context):
        write_tar(context / "plain", [("f", {"uid": 3, "gid": 4, "mode": 0o640}, b"x" * 5000)])
        for program in ("gzip", "bzip2", "xz", "zstd"):
            packed = subprocess.run([program, "-c", context / "plain"], stdout=subprocess.PIPE, check=True).stdout
            (context / program).write_bytes(packed)
        (context / "no-tar.gz").write_bytes(subprocess.run(
            ["gzip", "-c"], input=b"text", stdout=subprocess.PIPE, check=True).stdout)
        write_tar(context / "empty.tar", [])

    programs = ("plain", "gzip", "bzip2", "xz", "zstd")
    root = build(s, "c", "FROM scratch\n" + "".join(f"ADD {name} /{name}\n" for name in programs) + """\
ADD no-tar.gz empty.tar text /files/
ADD --unpack=false gzip /as-it-is
ADD --unpack=true gzip /unpacked
COPY gzip /copied
ADD z* /wild/
""", ["text"], prepare)
    for name in (*programs, "unpacked", "wild"):
        equal((mode(root / name / "f"), owner(root / name / "f"), (root / name / "f").stat().st_size),
              ("0o640", (3, 4), 5000), name)
        equal(mode(root / name), "0o755", name)
        equal(int(os.lstat(root / name / "f").st_mtime), 1_600_000_000, f"time in {name}")
    equal(names(root / "files"), ["empty.tar", "no-tar.gz", "text"], "what is no archive")
    check((root / "as-it-is").is_file() and (root / "copied").is_file(), "was unpacked")


def test_archives_over_what_is_there(s):
    """Dir over dir merges and takes the archive's attributes; anything else replaces what was there."""
    load_busybox(s)

    def prepare(context):
        write_tar(context / "x.tar", [
            ("./", {**DIRECTORY, "mode": 0o700, "uid": 9}, b""),
            ("./both/", {**DIRECTORY, "mode": 0o711, "uid": 3}, b""),
            ("both/new", {}, b"new"),
            ("was-dir", {}, b"file"),
            ("was-file/", DIRECTORY, b""),
            ("was-link/", {**DIRECTORY, "mode": 0o755}, b""),
            ("was-link/f", {}, b"f"),
            ("linked", {**SYMLINK, "linkname": "../../outside"}, b""),
            ("var/run/implied", {}, b"implied"),
            ("first", {"mode": 0o600}, b"first"),
            ("second", {**LINK, "linkname": "first"}, b""),
            ("of-stage", {**LINK, "linkname": "./old"}, b""),
            ("/up", {}, b"up"),
            ("a/../b", {}, b"b"),
            ("fifo", {"type": tarfile.FIFOTYPE, "mode": 0o644}, b""),
        ])

    for number, (place, target) in enumerate([("/", "run/implied"), ("/sub/", "sub/run/implied")]):
        root = build(s, f"c{number}", f"""\
{BASE}
RUN mkdir -p /elsewhere /run {place} && cd {place} && mkdir -p both was-dir/in var && echo keep >both/keep && \\
    touch was-file && ln -s /elsewhere was-link && echo old >old && ln -s /run var/run
RUN test {place} = / || {{ chmod 1750 {place} && chown 5:5 {place}; }}
ADD x.tar {place}
""", prepare=prepare)
        top = root / place.strip("/")
        if place != "/":
            equal((mode(top), owner(top)), ("0o1750", (5, 5)), "the destination keeps its attributes")
        equal((mode(top / "both"), owner(top / "both"), (top / "both/keep").read_text()),
              ("0o711", (3, 0), "keep\n"), "a directory on both sides")
        equal((top / "was-dir").read_text(), "file", "a file over a directory")
        check((top / "was-file").is_dir() and not (top / "was-link").is_symlink(), "not replaced")
        equal(names(root / "elsewhere"), [], "where a replaced link led")
        equal(os.readlink(top / "linked"), "../../outside", "a link is stored as it is")
        equal((root / target).read_text(), "implied", "links in the way are followed below the destination")
        equal(os.lstat(top / "first").st_ino, os.lstat(top / "second").st_ino, "inodes of a hard link")
        equal((top / "of-stage").read_text(), "old\n", "a hard link to a file of the stage")
        equal(((top / "up").read_text(), (top / "b").read_text()), ("up", "b"), "names are below the destination")
        check(stat.S_ISFIFO(os.lstat(top / "fifo").st_mode), "/fifo is no fifo")


def test_archives_that_cannot_be(s):
    """What goes wrong after the first header is an error; the store works on."""
    table = [
        ([("a", {}, b"x" * 2000), ("b", {}, b"y" * 2000)], False, "archive"),
        ([("a", {**LINK, "linkname": "nothing"}, b"")], True, "/x/a is a hard link to /x/nothing, which is not there"),
        ([("d/", DIRECTORY, b""), ("a", {**LINK, "linkname": "d"}, b"")], True, "is a hard link to /x/d, a directory"),
        ([("f", {}, b""), ("f/g", {}, b"")], True, "mkdir /x/f: not a directory"),
        ([("ok", {}, b""), ("../up", {}, b"")], True, "the name ../up leads out of the archive"),
        ([("../up", {}, b"")], True, "the name ../up leads out of the archive"),
        ([("l", {**SYMLINK, "linkname": "../.."}, b""), ("l/f", {}, b"")], True, "a symbolic link in l leads out of /x"),
        ([("ok", {}, b""), (".wh.gone", {}, b"")], True, "a name beginning with .wh. means that a file is deleted"),
    ]
    for number, (entries, end, message) in enumerate(table):
        run = build(s, f"c{number}", "FROM scratch\nADD x.tar /x\n",
                    prepare=lambda context: write_tar(context / "x.tar", entries, end), fails=message)
        contains(run.err, "Dockerfile:2:", "the place of the error")
    equal(names(build(s, "after", "FROM scratch\nCOPY f /\n", ["f"])), ["f"], "afterwards")


# -- ONBUILD -----------------------------------------------------------------------------------------------------


def test_onbuild_of_a_base_image(s):
    """Triggers run right after FROM, may copy from stages of the file, and are gone from the result."""
    s.need("busybox")
    archive = s.path("base.tar")
    triggers = ["ARG name=nobody", "COPY --from=tools /made /from-tools", "WORKDIR /src", "COPY . .",
                'RUN echo "for $name" >/trigger && ls', 'CMD ["from trigger"]']
    write_archive(archive, "mybuild.example/onbuild:1", [busybox_layer()], {**BUSYBOX_CONFIG, "OnBuild": triggers})
    s.mybuild("load", "-i", archive)
    load_busybox(s)
    lines = f"""\
{BASE} AS tools
RUN echo made >/made
FROM mybuild.example/onbuild:1 AS child
RUN test -f f && test -f /from-tools && cp /trigger /seen
FROM child AS grandchild
RUN test ! -e /nothing
"""
    context = make(s.context("c", {"Dockerfile": lines}), ["f"])
    s.mybuild("--build-arg", "name=me", "-t", "child", "--target", "child",
              "-o", f"type=oci,dest={s.path('child.tar')}", context)
    image = Archive(s.path("child.tar"))
    lacks(str(image.config["config"]), "OnBuild", "the image's config")
    equal(image.config["config"]["Cmd"], ["from trigger"], "Cmd")
    equal(image.config["config"]["WorkingDir"], "/src", "WorkingDir")
    root = s.path("root")
    run = s.mybuild("--build-arg", "name=me", "-o", f"type=local,dest={root}", context)
    equal((root / "seen").read_text(), "for me\n", "/seen")
    lacks(run.all, "not consumed")
    wrong = s.context("wrong", {"Dockerfile": "FROM scratch\nFROM mybuild.example/onbuild:1\n"})
    run = s.mybuild(wrong, check=None)
    check(run.code != 0, "a trigger that copies from no stage succeeded")
    contains(run.err, "Dockerfile:2:", "the place of the error")


def test_onbuild_of_a_stage(s):
    load_busybox(s)
    root = build(s, "c", f"""\
{BASE} AS base
ONBUILD COPY <<here /trigger
	one
here
ONBUILD RUN echo $0 >>/count
FROM base AS child
RUN cat /trigger
FROM child
""")
    equal((root / "trigger").read_text(), "\tone\n", "/trigger")
    equal((root / "count").read_text().count("\n"), 1, "how often the trigger ran")
