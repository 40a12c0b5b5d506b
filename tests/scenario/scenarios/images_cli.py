"""The commands around the store: images, tag, rmi, pull, load, save, inspect, history."""
import io
import json
import re
import tarfile

from harness.core import check, contains, equal, lacks
from harness.images import Archive, busybox_archive, load_busybox
from harness.peers import skopeo
from harness.transcript import Transcript

BASE = "FROM mybuild.example/busybox:1\n"


def small(s, tag="small"):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": BASE + "ENV a=b\nRUN echo hello >/hello\nCOPY hello /copied\nCMD [\"cat\", \"/hello\"]\n",
                              "hello": "hello\n"})
    return Transcript(s.mybuild("-t", tag, context))


def rows(text):
    """A table as Docker prints it: a list of {heading: cell}."""
    lines = text.splitlines()
    starts = [match.start() for match in re.finditer(r"(?:^|(?<=   ))\S", lines[0])]
    ends = starts[1:] + [None]
    headings = [lines[0][a:b].strip() for a, b in zip(starts, ends)]
    return [dict(zip(headings, (line[a:b].strip() for a, b in zip(starts, ends)))) for line in lines[1:]]


def test_images(s):
    built = small(s)
    table = rows(s.mybuild("images").out)
    equal(list(table[0]), ["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"], "headings")
    by_name = {(row["REPOSITORY"], row["TAG"]): row for row in table}
    equal(set(by_name), {("small", "latest"), ("mybuild.example/busybox", "1")}, "images")
    row = by_name["small", "latest"]
    equal(row["IMAGE ID"], built.built, "image id")
    check(re.fullmatch(r"(Less than a second|About a minute|\d+ (second|minute)s?) ago", row["CREATED"]),
          f"CREATED: {row['CREATED']}")
    check(re.fullmatch(r"\d+(\.\d+)?(B|kB|MB)", row["SIZE"]), f"SIZE: {row['SIZE']}")
    contains(by_name["mybuild.example/busybox", "1"]["CREATED"], "years ago", "CREATED")
    equal(s.mybuild("images", "-q").out.split()[0], built.built, "images -q")
    lines = [json.loads(line) for line in s.mybuild("images", "--format", "json").out.splitlines()]
    equal({line["Repository"] for line in lines}, {"small", "mybuild.example/busybox"}, "Repository in JSON")
    equal(next(line for line in lines if line["Repository"] == "small")["ID"], built.built, "ID in JSON")


def test_empty_store(s):
    equal(s.mybuild("images").out.split(), ["REPOSITORY", "TAG", "IMAGE", "ID", "CREATED", "SIZE"], "images")
    equal(s.mybuild("images", "-q").out, "", "images -q")
    for command in ("inspect", "history", "rmi"):
        run = s.mybuild(command, "nothing", check=1)
        contains(run.err, "nothing", f"standard error of {command}")
    contains(s.mybuild("save", "nothing", "-o", s.path("x.tar"), check=1).err, "nothing", "standard error of save")
    check(not s.path("x.tar").exists(), "a failed save leaves a file")


def test_tag_and_rmi(s):
    built = small(s)
    s.mybuild("tag", "small", "other:2")
    s.mybuild("tag", built.built, "registry.example:5000/team/third")
    names = {(row["REPOSITORY"], row["TAG"]) for row in rows(s.mybuild("images").out)}
    check({("other", "2"), ("registry.example:5000/team/third", "latest")} <= names, f"names: {names}")
    contains(s.mybuild("rmi", "other:2").out, "Untagged: other:2", "rmi")
    names = {(row["REPOSITORY"], row["TAG"]) for row in rows(s.mybuild("images").out)}
    check(("other", "2") not in names and ("small", "latest") in names, f"names after rmi: {names}")
    s.mybuild("tag", "nothing", "x", check=1)
    contains(s.mybuild("rmi", "nothing", check=1).err, "nothing", "standard error")
    s.mybuild("rmi", "small", "registry.example:5000/team/third")
    lacks(s.mybuild("images").out, built.built, "images")
    # What rmi takes away is the image; what was built can still be had.
    equal(Transcript(s.mybuild("-t", "small", s.path("c"))).built, built.built, "the image built again")


def test_tag_moves(s):
    small(s)
    other = s.context("other", {"Dockerfile": BASE + "ENV x=y\n"})
    second = Transcript(s.mybuild("-t", "small", other))
    row = next(row for row in rows(s.mybuild("images").out) if row["REPOSITORY"] == "small")
    equal(row["IMAGE ID"], second.built, "the image that has the name now")


def test_inspect(s):
    built = small(s)
    found = json.loads(s.mybuild("inspect", "small").out)
    equal(len(found), 1, "objects")
    image = found[0]
    equal(image["Id"][7:19], built.built, "Id")
    equal(image["RepoTags"], ["small:latest"], "RepoTags")
    equal(image["Config"]["Cmd"], ["cat", "/hello"], "Cmd")
    contains(str(image["Config"]["Env"]), "a=b", "Env")
    equal((image["Os"], image["Architecture"]), ("linux", "amd64"), "platform")
    equal(len(image["RootFS"]["Layers"]), 3, "layers")
    equal(json.loads(s.mybuild("inspect", built.built).out)[0]["Id"], image["Id"], "found by its id")
    two = json.loads(s.mybuild("inspect", "small", "mybuild.example/busybox:1").out)
    equal(len(two), 2, "objects for two names")


def test_history(s):
    built = small(s)
    table = rows(s.mybuild("history", "small").out)
    equal(list(table[0]), ["IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT"], "headings")
    equal(len(table), 5, "entries, the base's included")
    equal(table[0]["IMAGE"], built.built, "the newest entry's image")
    contains(table[2]["CREATED BY"], "echo hello", "the third entry")
    equal(table[2]["SIZE"], "6B", "size of a step that wrote six bytes")
    equal(table[0]["SIZE"], "0B", "size of CMD")
    full = s.mybuild("history", "--no-trunc", "small").out
    contains(full, "sha256:", "history --no-trunc")
    lines = [json.loads(line) for line in s.mybuild("history", "--format", "json", "small").out.splitlines()]
    equal(len(lines), 5, "entries in JSON")
    contains(lines[2]["CreatedBy"], "echo hello >/hello", "CreatedBy in JSON")


def test_steps_have_ids(s):
    """The ids of the transcript name steps: history and inspect accept them."""
    built = small(s)
    for step in built.steps[1:]:
        s.mybuild("inspect", step.id)
        contains(s.mybuild("history", step.id).out, "CREATED BY", f"history {step.id}")


def test_save_and_load(s):
    built = small(s)
    s.mybuild("tag", "small", "second:2")
    archive = s.path("saved.tar")
    s.mybuild("save", "small", "-o", archive)
    image = Archive(archive)
    image.verify()
    equal(image.image_id[7:19], built.built, "the image id")
    other = s.path("other-store")
    contains(s.mybuild("load", "-i", archive, store=other).out, "small:latest", "load")
    table = rows(s.mybuild("images", store=other).out)
    equal([(row["REPOSITORY"], row["IMAGE ID"]) for row in table], [("small", built.built)], "images there")
    context = s.context("on-it", {"Dockerfile": "FROM small\nRUN cat /hello /copied >/both\n"})
    s.mybuild("-o", f"type=local,dest={s.path('out')}", context, store=other)
    equal((s.path("out") / "both").read_text(), "hello\nhello\n", "/both")


def test_save_is_reproducible(s):
    small(s)
    for name in ("1.tar", "2.tar"):
        s.mybuild("save", "small", "-o", s.path(name))
    equal(s.path("1.tar").read_bytes() == s.path("2.tar").read_bytes(), True, "two archives of one image are the same")


def test_load_forms(s):
    """An OCI layout directory, an OCI archive, docker archives of docker and skopeo, standard input."""
    archive = busybox_archive(s)
    skopeo(s, "copy", "-q", f"oci-archive:{archive}", f"oci:{s.path('layout')}:named")
    skopeo(s, "copy", "-q", f"oci-archive:{archive}", f"docker-archive:{s.path('docker.tar')}:from-skopeo:1")
    for number, argument in enumerate([archive, s.path("layout"), s.path("docker.tar")]):
        store = s.path(f"store-{number}")
        contains(s.mybuild("load", "-i", argument, store=store).out, "Loaded image", f"load -i {argument}")
        equal(len(rows(s.mybuild("images", store=store).out)), 1, f"images after load -i {argument}")
    contains(s.mybuild("images", store=s.path("store-2")).out, "from-skopeo", "images")
    s.mybuild("load", store=s.path("store-3"), stdin=archive.read_bytes())
    contains(s.mybuild("images", store=s.path("store-3")).out, "mybuild.example/busybox", "images")


def test_outputs(s):
    load_busybox(s)
    context = s.context("c", {"Dockerfile": BASE + "RUN echo hello >/hello\n"})
    oci = s.mybuild("-t", "a", "-t", "b:2", "-o", "type=oci,dest=-", context)
    s.path("stdout.tar").write_bytes(oci.stdout)
    image = Archive(s.path("stdout.tar"))
    image.verify()
    equal(sorted(d["annotations"]["io.containerd.image.name"] for d in image.index["manifests"]),
          ["docker.io/library/a:latest", "docker.io/library/b:2"], "names in index.json")
    equal(json.loads(image.files["manifest.json"])[0]["RepoTags"], ["a:latest", "b:2"], "RepoTags")
    s.mybuild("-t", "a", "-o", f"type=docker,dest={s.path('docker.tar')}", context)
    check("manifest.json" in Archive(s.path("docker.tar")).files, "type=docker lacks manifest.json")
    s.mybuild("-o", s.path("short"), context)
    equal((s.path("short") / "hello").read_text(), "hello\n", "-o DIR")
    tar = s.mybuild("-o", "-", context).stdout
    with tarfile.open(fileobj=io.BytesIO(tar)) as files:
        check("hello" in [name.removeprefix("./") for name in files.getnames()], "-o - lacks hello")
    contains(s.mybuild("images").out, "b ", "the store has the names as well")


def test_other_root(s):
    load_busybox(s)
    other = s.path("elsewhere")
    s.mybuild("--root", other, "load", "-i", busybox_archive(s))
    contains(s.mybuild("--root", other, "images").out, "busybox", "images of --root")
    context = s.context("c", {"Dockerfile": BASE})
    s.mybuild("--root", other, "-t", "there", context)
    lacks(s.mybuild("images").out, "there", "images of MYBUILD_ROOT")
