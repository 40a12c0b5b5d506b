"""FROM and pull over the distribution protocol, from Debian's docker-registry on loopback."""
import gzip
import hashlib
import json
import re

from harness.core import check, contains, equal, lacks
from harness.images import BUSYBOX_CONFIG, Archive, busybox_layer, layer, write_archive, write_tar
from harness.peers import Registry, skopeo
from harness.transcript import Transcript


def image(s, name="image", marker="one", compression="gzip"):
    """An archive of two layers: busybox, and a file that tells which image this is."""
    path = s.path(f"{name}.tar")
    write_archive(path, f"mybuild.example/{name}:1",
                  [busybox_layer(), layer([("marker", {"mode": 0o644}, marker.encode() + b"\n")])],
                  BUSYBOX_CONFIG, compression)
    return path


def built_on(s, reference, *args, **options):
    """Builds on the reference; returns the run and the root file system."""
    context = s.context("on-" + re.sub(r"\W", "-", reference)[-40:], {
        "Dockerfile": f"FROM {reference}\nRUN cat /marker >/seen\n"})
    out = s.path("out-" + re.sub(r"\W", "-", reference)[-40:])
    run = s.mybuild(*args, "-o", f"type=local,dest={out}", context, **options)
    return run, out


def seen(s, reference, *args):
    return (built_on(s, reference, *args)[1] / "seen").read_text().strip()


def test_from_registry(s):
    registry = Registry(s)
    reference = registry.push(image(s), "team/base:1")
    equal(seen(s, reference), "one", "the marker")
    # Once pulled, the store has it: nobody is asked again.
    registry.stop()
    run, _ = built_on(s, reference)
    equal(Transcript(run).cached(), [2], "cached steps")


def test_formats(s):
    """Layers in gzip, zstd and plain; manifests of OCI and of Docker."""
    registry = Registry(s)
    for compression in ("gzip", "zstd", "none"):
        reference = registry.push(image(s, compression, compression, compression), f"{compression}:1")
        equal(seen(s, reference), compression, f"the marker of the image in {compression}")
    reference = registry.push(image(s, "docker", "docker"), "docker:1", "--format", "v2s2")
    contains(registry.manifest("docker:1")[0]["mediaType"], "docker.distribution.manifest.v2", "the manifest")
    equal(seen(s, reference), "docker", "the marker of the image with Docker's manifest")


def test_pull_and_list(s):
    registry = Registry(s)
    reference = registry.push(image(s), "team/base:1")
    s.mybuild("pull", reference)
    contains(s.mybuild("images").out, f"{registry.address}/team/base", "mybuild images")
    registry.stop()
    equal(seen(s, reference), "one", "the marker")


def index_of(registry, repository, platforms, media_type="application/vnd.oci.image.index.v1+json"):
    """Puts an index there that leads each platform to the image with that tag."""
    manifests = []
    for platform, tag in platforms:
        document, digest = registry.manifest(f"{repository}:{tag}")
        manifests.append({"mediaType": document["mediaType"], "digest": digest,
                          "size": len(json.dumps(document)), "platform": platform})
    for manifest in manifests:
        manifest["size"] = len(registry.blob_file(manifest["digest"]).read_bytes())
    return registry.put_manifest(repository, "index", media_type,
                                 {"schemaVersion": 2, "mediaType": media_type, "manifests": manifests})


def test_index_with_platforms(s):
    registry = Registry(s)
    for tag in ("arm", "intel", "attestation"):
        registry.push(image(s, tag, tag), f"team/multi:{tag}")
    digest = index_of(registry, "team/multi", [
        ({"os": "linux", "architecture": "arm64"}, "arm"),
        ({"os": "linux", "architecture": "amd64"}, "intel"),
        ({"os": "unknown", "architecture": "unknown"}, "attestation")])
    equal(seen(s, f"{registry.address}/team/multi:index"), "intel", "the marker")
    equal(seen(s, f"{registry.address}/team/multi@{digest}"), "intel", "the marker by the index's digest")
    index_of(registry, "team/multi", [({"os": "linux", "architecture": "s390x"}, "arm")])
    other = s.mybuild("pull", f"{registry.address}/team/multi:index", check=1)
    contains(other.err, "linux/amd64", "standard error")
    contains(other.err, "s390x", "standard error")


def test_docker_manifest_list(s):
    registry = Registry(s)
    for tag in ("arm", "intel"):
        registry.push(image(s, tag, tag), f"multi:{tag}", "--format", "v2s2")
    index_of(registry, "multi", [({"os": "linux", "architecture": "arm64"}, "arm"),
                                 ({"os": "linux", "architecture": "amd64"}, "intel")],
             "application/vnd.docker.distribution.manifest.list.v2+json")
    equal(seen(s, f"{registry.address}/multi:index"), "intel", "the marker")


def test_by_digest(s):
    registry = Registry(s)
    registry.push(image(s), "team/base:1")
    _, digest = registry.manifest("team/base:1")
    equal(seen(s, f"{registry.address}/team/base@{digest}"), "one", "the marker")
    equal(seen(s, f"{registry.address}/team/base:1@{digest}"), "one", "the marker, with tag and digest")
    missing = built_on(s, f"{registry.address}/team/base@sha256:{'0' * 64}", check=1)[0]
    contains(missing.err, "0" * 12, "standard error")


def test_pull_asks_again(s):
    registry = Registry(s)
    reference = registry.push(image(s, "old", "old"), "team/base:1")
    equal(seen(s, reference), "old", "the marker")
    registry.push(image(s, "new", "new"), "team/base:1")
    equal(seen(s, reference), "old", "the marker without --pull")
    equal(seen(s, reference, "--pull"), "new", "the marker with --pull")


def expect_broken(s, reference, *words):
    """The build fails at the FROM line with these words, and the store is as good as before."""
    run, _ = built_on(s, reference, check=1)
    contains(run.err, "Dockerfile:1", "standard error")
    for word in words:
        contains(run.err.lower(), word.lower(), "standard error")
    lacks(run.out, "Successfully")


def test_tampered_layer(s):
    """Other bytes of the same length, in each blob in turn; afterwards the true image is pulled. What is
    whole may be kept by a failed pull, so that each attempt has a store of its own."""
    registry = Registry(s)
    archive = image(s)
    reference = registry.push(archive, "team/base:1")
    manifest, _ = registry.manifest("team/base:1")
    for descriptor in [manifest["config"], *manifest["layers"]]:
        file = registry.blob_file(descriptor["digest"])
        good = file.read_bytes()
        middle = len(good) // 2
        file.write_bytes(good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1:])
        s.store = s.path("store-" + descriptor["digest"][7:19])
        expect_broken(s, reference, "digest")
        file.write_bytes(good)
        equal(seen(s, reference), "one", "the marker once the layer is whole again")


def test_truncated_layer(s):
    registry = Registry(s)
    reference = registry.push(image(s), "team/base:1")
    manifest, _ = registry.manifest("team/base:1")
    file = registry.blob_file(manifest["layers"][0]["digest"])
    good = file.read_bytes()
    for length in (0, 1, len(good) // 2, len(good) - 1):
        file.write_bytes(good[:length])
        expect_broken(s, reference, manifest["layers"][0]["digest"][7:19])
    file.unlink()
    expect_broken(s, reference)
    file.write_bytes(good)
    equal(seen(s, reference), "one", "the marker once the layer is whole again")


def test_layer_that_is_not_what_the_config_says(s):
    """A layer whose digest is right and whose diff id is not."""
    registry = Registry(s)
    archive = Archive(image(s))
    manifest = archive.manifest
    other = gzip.compress(layer([("marker", {}, b"other\n")]), mtime=0)
    digest = "sha256:" + hashlib.sha256(other).hexdigest()
    manifest["layers"][1].update(digest=digest, size=len(other))
    data = json.dumps(manifest).encode()
    files = dict(archive.files)
    files["blobs/sha256/" + digest[7:]] = other
    files["blobs/sha256/" + hashlib.sha256(data).hexdigest()] = data
    index = archive.index
    index["manifests"][0].update(digest="sha256:" + hashlib.sha256(data).hexdigest(), size=len(data))
    files["index.json"] = json.dumps(index).encode()
    del files["manifest.json"]
    write_tar(s.path("liar.tar"), files)
    expect_broken(s, registry.push(s.path("liar.tar"), "team/liar:1"), "diff")
    wrong = s.mybuild("load", "-i", s.path("liar.tar"), check=1)
    contains(wrong.err.lower(), "diff", "standard error of load")


def test_registry_down(s):
    registry = Registry(s)
    reference = registry.push(image(s), "team/base:1")
    registry.stop()
    expect_broken(s, reference, registry.address)
    contains(s.mybuild("pull", reference, check=1).err, registry.address, "standard error of pull")
    registry.start()
    equal(seen(s, reference), "one", "the marker once the registry is back")


def test_missing_image(s):
    registry = Registry(s)
    registry.push(image(s), "team/base:1")
    expect_broken(s, f"{registry.address}/team/base:2", "team/base:2")
    expect_broken(s, f"{registry.address}/team/nothing:1", "team/nothing")


def test_what_is_built_on_it_goes_back(s):
    """The pulled layers are unchanged in the result: a registry has them already."""
    registry = Registry(s)
    reference = registry.push(image(s), "team/base:1")
    context = s.context("c", {"Dockerfile": f"FROM {reference}\nCOPY Dockerfile /\n"})
    s.mybuild("-t", "derived", "-o", f"type=oci,dest={s.path('derived.tar')}", context)
    base = registry.manifest("team/base:1")[0]
    derived = Archive(s.path("derived.tar"))
    equal(derived.config["rootfs"]["diff_ids"][:2], Archive(s.path("image.tar")).config["rootfs"]["diff_ids"],
          "diff ids of the base")
    equal([d["digest"] for d in derived.manifest["layers"][:2]], [d["digest"] for d in base["layers"]],
          "blobs of the base")
    skopeo(s, "copy", "-q", "--dest-tls-verify=false", f"oci-archive:{s.path('derived.tar')}",
           f"docker://{registry.address}/team/derived:1")
    check(registry.manifest("team/derived:1")[1], "the derived image is not there")
