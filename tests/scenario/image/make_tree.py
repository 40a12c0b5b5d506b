"""Run in a step of a build: makes a tree with every kind of entry, and in a second step changes it.

usage: python3 make_tree.py make|change DIRECTORY
"""
import os
import random
import socket
import stat
import sys

OLD, NEW = 86_400, 4_102_444_800  # 1970-01-02 and 2100-01-01
# VFS_CAP_REVISION_2 with cap_net_bind_service, effective: what `setcap cap_net_bind_service+ep` writes.
CAPABILITY = bytes.fromhex("0100000200040000000000000000000000000000")


def write(name, content=b"", mode=0o644, mtime=1_500_000_000):
    with open(name, "wb") as file:
        file.write(content)
    os.chmod(name, mode)
    os.utime(name, (mtime, mtime))


def make():
    write(b"empty")
    write(b"plain", b"plain\n")
    write(b"large", random.Random(1).randbytes(5_000_000))
    with open(b"sparse", "wb") as file:
        file.write(b"begin")
        file.seek(40_000_000)
        file.write(b"end")
    # modes and owners
    for mode in (0o000, 0o400, 0o755, 0o4755, 0o2755, 0o6711, 0o1644):
        write(b"mode%04o" % mode, b"x", mode)
    for number, owner in enumerate([(1, 2), (65534, 65534), (3_000_000, 4_000_000)]):
        write(b"owner%d" % number, b"x")
        os.chown(b"owner%d" % number, *owner)
    write(b"owned-setuid", b"x")
    os.chown(b"owned-setuid", 1000, 1000)
    os.chmod(b"owned-setuid", 0o6755)
    # times
    for number, mtime in enumerate([0, 1, OLD, NEW]):
        write(b"time%d" % number, b"x", mtime=mtime)
    write(b"nanoseconds", b"x")
    os.utime(b"nanoseconds", ns=(999_999_999, 1_234_567_890_999_999_999))
    # names
    names = [b"blank in it", b" leading", b"tail ", b"new\nline", b"tab\t", b"\xff\xfe not utf-8", "äöü€𝄞".encode(),
             b"-dash", b"quote'\"", b"back\\slash", b"*?[glob]", b"n" * 255, b"a" * 99, b"a" * 100, b"a" * 101,
             b"...", b".hidden", b"wh.plain", b"%41"]
    os.mkdir(b"names")
    for name in names:
        write(b"names/" + name, name)
    deep = b"deep"
    for _ in range(12):
        deep += b"/" + b"d" * 120
    os.makedirs(deep)
    write(deep + b"/file", b"deep\n")
    os.link(deep + b"/file", b"link-to-deep")
    # links
    os.symlink(b"plain", b"symlink")
    os.symlink(b"/absolute/and/missing", b"dangling")
    os.symlink(b"t" * 4000, b"long-target")
    os.symlink(b"\xff\xfe", b"target-not-utf-8")
    os.symlink(b".", b"loop")
    os.lchown(b"symlink", 5, 6)
    os.utime(b"dangling", (OLD, OLD), follow_symlinks=False)
    write(b"hard-a", b"hard\n")
    os.mkdir(b"links")
    os.link(b"hard-a", b"hard-b")
    os.link(b"hard-a", b"links/hard-c")
    os.symlink(b"x", b"hard-symlink")
    os.link(b"hard-symlink", b"hard-symlink-2", follow_symlinks=False)
    # special files
    os.mkfifo(b"fifo")
    os.chmod(b"fifo", 0o640)
    os.mknod(b"char", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    os.mknod(b"char-large", 0o600 | stat.S_IFCHR, os.makedev(300, 70_000))
    os.mknod(b"block", 0o660 | stat.S_IFBLK, os.makedev(7, 1))
    os.chown(b"block", 0, 6)
    os.link(b"fifo", b"fifo-2")
    # extended attributes
    write(b"capability", b"x", 0o755)
    os.setxattr(b"capability", "security.capability", CAPABILITY)
    write(b"attributes", b"x")
    os.setxattr(b"attributes", "user.text", b"value")
    os.setxattr(b"attributes", "user.binary", bytes(range(256)))
    # No attribute without a value: in PAX that deletes the record, and readers written in Go drop it.
    # directories
    for mode in (0o700, 0o1777, 0o2775, 0o555):
        os.mkdir(b"dir%04o" % mode)
        write(b"dir%04o/inside" % mode, b"x")
        os.chmod(b"dir%04o" % mode, mode)
    os.mkdir(b"dir-attributes")
    os.setxattr(b"dir-attributes", "user.of-a-directory", b"1")
    os.mkdir(b"dir-old")
    os.utime(b"dir-old", (OLD, OLD))
    # what the second step changes
    for name in ("gone", "rewritten", "chmod", "chown", "touched", "attribute", "to-directory", "appended", "renamed",
                 "linked-later", "same"):
        write(b"change-" + name.encode(), b"before\n")
    for name in ("gone", "emptied", "made-anew", "to-file", "renamed", "chmod", "untouched", "to-symlink"):
        os.makedirs(b"changedir-%s/sub" % name.encode())
        write(b"changedir-%s/one" % name.encode(), b"1")
        write(b"changedir-%s/sub/two" % name.encode(), b"2")
    os.symlink(b"before", b"change-symlink")
    with socket.socket(socket.AF_UNIX) as server:  # a socket never becomes part of a layer
        server.bind("socket")
    os.unlink("socket")


def remove(path):
    for directory, folders, files in os.walk(path, topdown=False):
        for name in files:
            os.unlink(os.path.join(directory, name))
        for name in folders:
            os.rmdir(os.path.join(directory, name))
    os.rmdir(path)


def change():
    os.unlink(b"change-gone")
    write(b"change-rewritten", b"after!\n")
    os.chmod(b"change-chmod", 0o4711)
    os.chown(b"change-chown", 7, 8)
    os.utime(b"change-touched", (OLD, OLD))
    os.setxattr(b"change-attribute", "user.new", b"1")
    with open(b"change-appended", "ab") as file:
        file.write(b"more\n")
    os.rename(b"change-renamed", b"change-renamed-to")
    os.link(b"change-linked-later", b"change-linked-later-2")
    os.chmod(b"change-same", 0o644)
    os.unlink(b"change-to-directory")
    os.mkdir(b"change-to-directory")
    write(b"change-to-directory/now", b"x")
    os.unlink(b"change-symlink")
    os.symlink(b"after", b"change-symlink")
    remove(b"changedir-gone")
    os.unlink(b"changedir-emptied/one")
    remove(b"changedir-emptied/sub")
    remove(b"changedir-made-anew")
    os.mkdir(b"changedir-made-anew")
    write(b"changedir-made-anew/three", b"3")
    remove(b"changedir-to-file")
    write(b"changedir-to-file", b"x")
    remove(b"changedir-to-symlink")
    os.symlink(b"changedir-untouched", b"changedir-to-symlink")
    # A directory of a lower layer cannot be renamed on overlayfs (EXDEV): as mv does, copied and removed.
    os.makedirs(b"changedir-renamed-to/sub")
    os.rename(b"changedir-renamed/one", b"changedir-renamed-to/one")
    os.rename(b"changedir-renamed/sub/two", b"changedir-renamed-to/sub/two")
    remove(b"changedir-renamed")
    os.chmod(b"changedir-chmod", 0o711)
    os.unlink(b"hard-b")
    write(b"names/wh.new", b"x")
    # Made and taken away within one step: no trace.
    write(b"short-lived", b"x")
    os.unlink(b"short-lived")


if __name__ == "__main__":
    os.umask(0o022)
    os.makedirs(sys.argv[2], exist_ok=True)
    os.chdir(sys.argv[2])
    {"make": make, "change": change}[sys.argv[1]]()
