"""What a build has made, as a value that can be recorded and compared."""
import base64
import dataclasses
import hashlib
import io
import re
import tarfile

from harness import images

SHORT = 200  # bytes of content that are recorded as they are; more is recorded as a digest
XATTR = "SCHILY.xattr."
KINDS = {tarfile.REGTYPE: "file", tarfile.AREGTYPE: "file", tarfile.CONTTYPE: "file", tarfile.GNUTYPE_SPARSE: "file",
         tarfile.DIRTYPE: "dir", tarfile.SYMTYPE: "link", tarfile.CHRTYPE: "char", tarfile.BLKTYPE: "block",
         tarfile.FIFOTYPE: "fifo"}


@dataclasses.dataclass
class Node:
    """An inode: names that are hard links share one."""

    text: str
    mtime: int
    directory: bool = False


def apply_layer(tree, tar_bytes):
    """Puts a layer on a tree {path: Node}, as every unpacker does it."""
    with tarfile.open(fileobj=io.BytesIO(tar_bytes)) as tar:
        members = [(member.name.removeprefix("./").strip("/"), member) for member in tar]
        below = set(tree)
        for name, _ in members:
            parent, _, base = name.rpartition("/")
            if base == ".wh..wh..opq":
                remove(tree, [path for path in below if path.startswith(f"{parent}/" if parent else "")])
            elif base.startswith(".wh."):
                gone = f"{parent}/{base[4:]}".lstrip("/")
                remove(tree, [path for path in below if path == gone or path.startswith(gone + "/")])
        for name, member in members:
            if name in ("", ".") or name.rpartition("/")[2].startswith(".wh."):
                continue
            for parent in parents(name):
                tree.setdefault(parent, Node("dir 0755 0:0", 0, True))
            node = tree[member.linkname.removeprefix("./").strip("/")] if member.islnk() else node_of(tar, member)
            if not node.directory:
                remove(tree, [path for path in tree if path.startswith(name + "/")])
            tree[name] = node


def remove(tree, names):
    for name in names:
        tree.pop(name, None)


def parents(name):
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def node_of(tar, member):
    kind = KINDS[member.type]
    words = [kind] if kind == "link" else [kind, f"{member.mode & 0o7777:04o}"]
    words.append(f"{member.uid}:{member.gid}")
    if kind == "link":
        words.append(f"-> {member.linkname}")
    elif kind in ("char", "block"):
        words.append(f"{member.devmajor},{member.devminor}")
    elif kind == "file":
        words.append(content_text(tar.extractfile(member).read()))
    for key, value in sorted(member.pax_headers.items()):
        if key.startswith(XATTR):
            raw = value.encode("utf-8", "surrogateescape")
            words.append(f"{key.removeprefix(XATTR)}={base64.b64encode(raw).decode()}")
    return Node(" ".join(words), int(member.mtime), kind == "dir")


def content_text(data):
    if len(data) <= SHORT:
        try:
            return repr(data.decode())
        except UnicodeDecodeError:
            return repr(data)
    return f"{len(data)} bytes, sha256:{hashlib.sha256(data).hexdigest()[:24]}"


def tree_texts(tree, times):
    """{path: one line of attributes}; hard links name the first of their names."""
    first, found = {}, {}
    for name in sorted(tree):
        node = tree[name]
        text = node.text
        if not node.directory and first.setdefault(id(node), name) != name:
            text = f"same file as {first[id(node)]}"
        elif name in times:
            text += f" at {node.mtime}"
        found[name] = text
    return found


class Base:
    """The base image of the cases, and its tree, which results leave out where they have it unchanged."""

    def __init__(self, archive):
        image = images.Archive(archive)
        self.diff_ids = image.config["rootfs"]["diff_ids"]
        self.history = len(image.config["history"])
        self.tree = {}
        for tar in image.layers():
            apply_layer(self.tree, tar)


def of_image(path, base, times=(), hide=None):
    """The result of a build from the archive that it has written. `hide` maps addresses of this run to names."""
    archive = images.Archive(path)
    archive.verify()
    config = archive.config
    diff_ids = config["rootfs"].get("diff_ids") or []
    based = diff_ids[:len(base.diff_ids)] == base.diff_ids
    tree = dict(base.tree) if based else {}
    for tar in archive.layers()[len(base.diff_ids) if based else 0:]:
        apply_layer(tree, tar)
    texts = tree_texts(tree, times)
    if based:
        before = tree_texts(base.tree, ())
        texts = {name: texts.get(name, "removed") for name in sorted(texts.keys() | before.keys())
                 if texts.get(name) != before.get(name)}
    history = (config.get("history") or [])[base.history if based else 0:]
    result = {
        "platform": "/".join(config[key] for key in ("os", "architecture", "variant") if config.get(key)),
        "config": {key: value for key, value in sorted((config.get("config") or {}).items()) if value},
        "history": [("- " if entry.get("empty_layer") else "+ ") + entry.get("created_by", "") for entry in history],
        "tree": texts,
    }
    if config.get("author"):
        result["author"] = config["author"]
    return hidden(result, hide or {})


def hidden(value, hide):
    """The value with the addresses of this run replaced by names that every run has."""
    if isinstance(value, dict):
        return {hidden(key, hide): hidden(item, hide) for key, item in value.items()}
    if isinstance(value, list):
        return [hidden(item, hide) for item in value]
    if isinstance(value, str):
        for address, name in hide.items():
            value = value.replace(address, f"@{name}@")
    return value


PLACE = re.compile(r"^ +--> .*?:(\d+):\d+$", re.MULTILINE)


def of_failure(stderr):
    """What mybuild's error output says: the lines of the Dockerfile that it names, and its first message."""
    message = re.search(r"^error: (.*)$", stderr, re.MULTILINE)
    return {"error": {"message": message[1] if message else stderr.strip()[-300:],
                      "lines": sorted({int(line) for line in PLACE.findall(stderr)})}}
