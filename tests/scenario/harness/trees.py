"""File trees as values: every attribute that a layer carries, and their comparison.

As a program it prints the description of a directory, so that a step of a build and a container can tell
what they see: python3 trees.py DIRECTORY. `parse` reads that.
"""
import ast
import hashlib
import os
import stat
import sys

KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "link", stat.S_IFCHR: "char",
         stat.S_IFBLK: "block", stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket"}


def entry(path, links, name):
    """Attributes of one path (bytes); `links` maps (device, inode) to the first name that had it."""
    info = os.lstat(path)
    kind = KINDS[stat.S_IFMT(info.st_mode)]
    found = {"kind": kind, "mode": oct(stat.S_IMODE(info.st_mode)), "owner": (info.st_uid, info.st_gid),
             "mtime": int(info.st_mtime_ns // 1_000_000_000)}
    if kind == "link":
        del found["mode"]
        found["target"] = os.readlink(path)
    elif kind in ("char", "block"):
        found["device"] = (os.major(info.st_rdev), os.minor(info.st_rdev))
    elif kind == "file":
        found["size"] = info.st_size
        with open(path, "rb") as content:
            found["sha256"] = hashlib.file_digest(content, "sha256").hexdigest()
    if kind != "dir" and info.st_nlink > 1:
        found["same file as"] = links.setdefault((info.st_dev, info.st_ino), name)
    attributes = {key: os.getxattr(path, key, follow_symlinks=False)
                  for key in os.listxattr(path, follow_symlinks=False)}
    if attributes:
        found["xattrs"] = attributes
    return found


def describe(root, skip=()):
    """{relative path (bytes): attributes} of everything below root; `skip` names are left out."""
    root = os.fsencode(root)
    found, links = {}, {}

    def visit(relative):
        for child in sorted(os.listdir(os.path.join(root, relative))):
            name = os.path.join(relative, child)
            if name in skip:
                continue
            found[name] = entry(os.path.join(root, name), links, name)
            if found[name]["kind"] == "dir":
                visit(name)

    visit(b"")
    return found


def differences(left, right, limit=40):
    """Lines that say how two descriptions differ; empty: they are equal."""
    lines = []
    for name in sorted(left.keys() | right.keys()):
        if name not in left:
            lines.append(f"{name!r}: only in the second: {right[name]}")
        elif name not in right:
            lines.append(f"{name!r}: only in the first: {left[name]}")
        elif left[name] != right[name]:
            keys = [k for k in left[name].keys() | right[name].keys() if left[name].get(k) != right[name].get(k)]
            lines += [f"{name!r}: {k}: {left[name].get(k)!r} and {right[name].get(k)!r}" for k in sorted(keys)]
    if len(lines) > limit:
        lines = lines[:limit] + [f"... and {len(lines) - limit} more"]
    return lines


def parse(text):
    return ast.literal_eval(text)


if __name__ == "__main__":
    print(repr(describe(sys.argv[1])))
