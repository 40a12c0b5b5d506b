"""Image archives: reading what mybuild writes, and writing small ones by hand."""
import gzip
import hashlib
import io
import json
import subprocess
import tarfile

from .core import Failure, check, equal

OCI = "application/vnd.oci.image"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Archive:
    """An archive that is an OCI layout and, where it has a manifest.json, a docker archive."""

    def __init__(self, path):
        with tarfile.open(path) as tar:
            self.files = {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}
            self.members = {member.name: member for member in tar}
        self.index = json.loads(self.files["index.json"])

    def blob(self, descriptor):
        name = "blobs/" + descriptor["digest"].replace(":", "/")
        data = self.files[name]
        equal(len(data), descriptor["size"], f"size of {name}")
        equal(digest(data), descriptor["digest"], f"digest of {name}")
        return data

    @property
    def manifest(self):
        return json.loads(self.blob(self.index["manifests"][0]))

    @property
    def config(self):
        return json.loads(self.blob(self.manifest["config"]))

    @property
    def image_id(self):
        return self.manifest["config"]["digest"]

    def layers(self):
        """The uncompressed tars, bottom first, each checked against its diff id."""
        # Some writers say null for an image without layers.
        diff_ids = self.config["rootfs"]["diff_ids"] or []
        tars = [decompress(self.blob(layer)) for layer in self.manifest["layers"] or []]
        equal([digest(tar) for tar in tars], diff_ids, "diff ids")
        return tars

    def entries(self, number):
        """{name: TarInfo} of one layer; names without leading ./ and trailing /."""
        with tarfile.open(fileobj=io.BytesIO(self.layers()[number])) as tar:
            names = [member.name for member in tar]
            equal(len(names), len(set(names)), f"names in layer {number}, repeated")
            return {member.name: member for member in tar}

    def content(self, number, name):
        with tarfile.open(fileobj=io.BytesIO(self.layers()[number])) as tar:
            return tar.extractfile(name).read()

    def verify(self):
        """Everything that the formats demand of every archive."""
        equal(json.loads(self.files["oci-layout"]), {"imageLayoutVersion": "1.0.0"}, "oci-layout")
        self.layers()
        history = [h for h in self.config.get("history") or [] if not h.get("empty_layer")]
        if self.config.get("history"):
            equal(len(history), len(self.manifest["layers"] or []), "history entries with a layer")
        for name, data in self.files.items():
            if name.startswith("blobs/sha256/"):
                equal(digest(data), "sha256:" + name.rpartition("/")[2], f"name of {name}")


def decompress(data):
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    if data[:4] == b"\x28\xb5\x2f\xfd":
        return subprocess.run(["zstd", "-dc"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


def layer(entries):
    """A layer tar from [(name, {TarInfo fields}, content)]."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, fields, content in entries:
            info = tarfile.TarInfo(name)
            info.mtime, info.size = 1_600_000_000, len(content)
            for key, value in fields.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def compress(data, how):
    if how == "gzip":
        return gzip.compress(data, mtime=0)
    if how == "zstd":
        return subprocess.run(["zstd", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


def write_archive(path, name, layers, config=None, compression="gzip"):
    """Writes an OCI and docker archive of uncompressed layer tars; compression: gzip, zstd or none.
    Returns the descriptors of the layers."""
    files = {}

    def put(data, media_type):
        files["blobs/sha256/" + digest(data)[7:]] = data
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)}

    suffix = "" if compression == "none" else f"+{compression}"
    stored = [put(compress(tar, compression), f"{OCI}.layer.v1.tar{suffix}") for tar in layers]
    image = {"architecture": "amd64", "os": "linux", "created": "2020-09-13T12:26:40Z",
             "config": config or {}, "rootfs": {"type": "layers", "diff_ids": [digest(t) for t in layers]},
             "history": [{"created": "2020-09-13T12:26:40Z", "created_by": "by hand"} for _ in layers]}
    image_config = put(json.dumps(image).encode(), f"{OCI}.config.v1+json")
    manifest = put(json.dumps({"schemaVersion": 2, "mediaType": f"{OCI}.manifest.v1+json",
                               "config": image_config, "layers": stored}).encode(), f"{OCI}.manifest.v1+json")
    manifest["annotations"] = {"io.containerd.image.name": name,
                               "org.opencontainers.image.ref.name": name.rpartition(":")[2]}
    files["oci-layout"] = b'{"imageLayoutVersion":"1.0.0"}'
    files["index.json"] = json.dumps({"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json",
                                      "manifests": [manifest]}).encode()
    files["manifest.json"] = json.dumps([{
        "Config": "blobs/sha256/" + image_config["digest"][7:], "RepoTags": [name],
        "Layers": ["blobs/sha256/" + d["digest"][7:] for d in stored]}]).encode()
    write_tar(path, files)
    return stored


def write_tar(path, files):
    """Writes {name: bytes} as a tar; with Archive.files, a way to make damaged archives."""
    with tarfile.open(path, "w") as tar:
        for file_name, data in files.items():
            info = tarfile.TarInfo(file_name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def busybox_layer():
    """A root file system of Debian's static busybox."""
    with open("/bin/busybox", "rb") as program:
        busybox = program.read()
    applets = subprocess.run(["/bin/busybox", "--list"], stdout=subprocess.PIPE, check=True, text=True)
    entries = [(name, {"type": tarfile.DIRTYPE, "mode": mode}, b"") for name, mode in
               [("bin", 0o755), ("dev", 0o755), ("etc", 0o755), ("proc", 0o555), ("root", 0o700),
                ("sys", 0o555), ("tmp", 0o1777), ("usr", 0o755), ("usr/bin", 0o755), ("var", 0o755)]]
    entries.append(("bin/busybox", {"mode": 0o755}, busybox))
    entries += [(f"bin/{applet}", {"type": tarfile.SYMTYPE, "linkname": "busybox", "mode": 0o777}, b"")
                for applet in applets.stdout.split() if applet != "busybox" and "/" not in applet]
    entries.append(("etc/passwd", {"mode": 0o644},
                    b"root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n"))
    entries.append(("etc/group", {"mode": 0o644}, b"root:x:0:\nuser:x:1000:\nstaff:x:50:user\n"))
    return layer(entries)


BUSYBOX = "mybuild.example/busybox:1"
BUSYBOX_CONFIG = {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["sh"]}


def busybox_archive(s):
    """The archive of the base that most scenarios build on, made once for all of them."""
    s.need("busybox", "zstd")
    path = s.shared / "busybox.tar"
    if not path.exists():
        write_archive(path, BUSYBOX, [busybox_layer()], BUSYBOX_CONFIG)
    return path


def load_busybox(s, store=None):
    """Puts busybox into the store under the name BUSYBOX, and returns the name."""
    s.mybuild("load", "-i", busybox_archive(s), store=store)
    return BUSYBOX
