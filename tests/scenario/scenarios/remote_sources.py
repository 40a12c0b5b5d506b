"""What a build fetches from elsewhere: ADD and contexts by URL, from servers on loopback."""
import hashlib

from harness.core import contains, equal, lacks
from harness.images import Archive
from harness.peers import free_port
from harness.tars import tar_of
from harness.transcript import Transcript
from harness.web import Web, answer


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def built(s, *args, name="out.tar", **options):
    """A build's transcript and the archive it made."""
    out = s.path(name)
    run = s.mybuild("-o", f"type=oci,dest={out}", *args, **options)
    return Transcript(run), Archive(out)


def context(s, web, *lines, name="context"):
    """A context whose Dockerfile has these lines; `@/` in them is the server."""
    text = "".join(f"{line}\n" for line in ("FROM scratch", *lines))
    return s.context(name, {"Dockerfile": text.replace("@/", web.url("/"))})


def packed(files, mode="w:gz"):
    return tar_of(files, mode, uid=1000)


def test_a_url_is_fetched_once_and_then_only_asked_for(s):
    web = Web(s, {"/f.txt": b"one\n"})
    web.dates["/f.txt"] = 1_000_000_000
    where = context(s, web, "ADD @/f.txt /")
    _, image = built(s, where)
    entry = image.entries(0)["f.txt"]
    equal((entry.mode, entry.uid, entry.gid, entry.mtime), (0o600, 0, 0, 1_000_000_000), "f.txt")
    equal(image.content(0, "f.txt"), b"one\n", "f.txt")

    again, same = built(s, where)
    equal(again.cached(), [2], "cached steps")
    equal(same.image_id, image.image_id, "image")
    equal(len(web.asked), 2, "requests")
    contains(str(web.asked[1][1]), "If-None-Match", "the second request")

    web.files["/f.txt"] = b"two\n"
    changed, image = built(s, where)
    equal(changed.cached(), [], "cached steps")
    equal(image.content(0, "f.txt"), b"two\n", "f.txt")


def test_the_same_file_on_another_server_is_a_cache_hit(s):
    first, second = Web(s, {"/f": b"x\n"}), Web(s, {"/f": b"x\n"})
    first.etags = second.etags = False
    lines = ["ARG server", "ADD $server/f /x/"]
    s.mybuild("--build-arg", f"server={first.url('')}", context(s, first, *lines))
    again = Transcript(s.mybuild("--build-arg", f"server={first.url('')}", s.path("context")))
    equal(again.cached(), [2, 3], "cached steps without validators")
    s.mybuild("--build-arg", f"server={second.url('')}", s.path("context"))
    equal(len(second.asked), 1, "requests to the second server")


def test_a_checksum_that_is_known_needs_no_server(s):
    web = Web(s, {"/f": b"x\n"})
    where = context(s, web, f"ADD --checksum={sha256(b'x' + bytes([10]))} @/f /")
    s.mybuild(where)
    web.stop()
    equal(Transcript(s.mybuild(where)).cached(), [2], "cached steps")
    s.mybuild("--no-cache", where)


def test_a_wrong_checksum_names_both(s):
    web = Web(s, {"/f": b"x\n"})
    run = s.mybuild(context(s, web, "LABEL a=b", f"ADD --checksum={sha256(b'')} @/f /"), check=1)
    contains(run.err, "Dockerfile:3", "standard error")
    contains(run.err, sha256(b"x\n"), "standard error")
    contains(run.err, sha256(b""), "standard error")
    malformed = s.mybuild(context(s, web, "ADD --checksum=sha256:12 @/f /"), check=1)
    contains(malformed.err, "Dockerfile:2:", "standard error")


def test_what_goes_wrong_is_said_with_the_line(s):
    web = Web(s, {"/f": b"x\n"})
    web.answers["/secret"] = answer(403)
    missing = s.mybuild(context(s, web, "ADD @/f @/nope /x/"), check=1)
    contains(missing.err, "Dockerfile:2:", "standard error")
    contains(missing.err, "/nope", "standard error")
    contains(missing.err, "404", "standard error")
    denied = s.mybuild(context(s, web, "ADD @/secret /x/"), check=1)
    contains(denied.err, "HTTP_AUTH_TOKEN_127.0.0.1", "standard error")
    port = free_port()
    refused = s.mybuild(context(s, web, f"ADD http://127.0.0.1:{port}/f /"), check=1)
    contains(refused.err, f"cannot connect to 127.0.0.1:{port}", "standard error")
    contains(refused.err, "Dockerfile:2:", "standard error")
    unknown = s.mybuild(context(s, web, "ADD http://host.invalid/f /"), check=1)
    contains(unknown.err, "host.invalid", "standard error")
    # Two that fail are two errors; nothing is asked for where the Dockerfile is wrong already.
    both = s.mybuild(context(s, web, "ADD @/a /", "ADD @/b /"), check=1)
    contains(both.err, "/a: ", "standard error")
    contains(both.err, "/b: ", "standard error")
    asked = len(web.asked)
    s.mybuild(context(s, web, "ADD @/f /", "USER $(", "ADD --checksum=12 @/f /"), check=1)
    equal(len(web.asked), asked, "requests")


def test_names_redirects_and_options(s):
    web = Web(s, {"/d/a b": b"space\n", "/q": b"query\n", "/new/name": b"moved\n", "/": b"index\n"})
    web.answers["/d/a%20b"] = answer(200, body=b"space\n")
    web.answers["/old"] = answer(302, {"Location": "/new/name"})
    where = context(s, web, "ADD @/d/a%20b /1/", "ADD @/q?x=1 /2/", "ADD @/old /3/", "ADD @/ /4/",
                    "ADD --chown=1:2 --chmod=640 @/q /5", "ADD --link @/q /6/")
    _, image = built(s, where)
    names = [sorted(name for name in image.entries(i) if "/" in name or name == "5") for i in range(6)]
    equal(names, [["1/a b"], ["2/q"], ["3/old"], ["4/__unnamed__"], ["5"], ["6/q"]], "files")
    entry = image.entries(4)["5"]
    equal((entry.mode, entry.uid, entry.gid, entry.mtime), (0o640, 1, 2, 0), "/5")


def test_an_archive_is_unpacked_where_that_is_asked_for(s):
    web = Web(s, {"/a.tar.gz": packed({"d/f": "x\n"})})
    _, image = built(s, context(s, web, "ADD @/a.tar.gz /p/", "ADD --unpack @/a.tar.gz /u/"))
    equal([sorted(image.entries(i)) for i in (0, 1)], [["p", "p/a.tar.gz"], ["u", "u/d", "u/d/f"]], "files")


def test_credentials_stay_with_their_server_and_out_of_the_image(s):
    other = Web(s, {"/f": b"x\n"})
    web = Web(s, {"/f": b"x\n"})
    web.answers["/away"] = answer(302, {"Location": other.url("/f")})
    token = s.path("token")
    token.write_text("t0ken")
    where = context(s, web, f"ADD http://me:pa55word@127.0.0.1:{web.port}/f /1", "ADD @/f /2", "ADD @/away /3")
    run = s.mybuild("--secret", f"id=HTTP_AUTH_TOKEN_127.0.0.1,src={token}", "-t", "x",
                    "-o", f"type=oci,dest={s.path('out.tar')}", where)
    given = [headers.get("Authorization") for _, headers in web.asked]
    equal(sorted(given), ["Basic bWU6cGE1NXdvcmQ=", "Bearer t0ken", "Bearer t0ken"], "credentials")
    equal([headers.get("Authorization") for _, headers in other.asked], [None], "credentials for the other")
    history = str(Archive(s.path("out.tar")).config["history"])
    contains(history, "me:xxxxx@127.0.0.1", "the history")
    lacks(history, "pa55word", "the history")
    lacks(run.err, "t0ken", "standard error")


def test_a_context_by_url_is_an_archive(s):
    web = Web(s)
    files = {"Dockerfile": "FROM scratch\nCOPY . /x/\n", "f": "one\n", "log": "", ".dockerignore": "log\nDocker*\n.d*\n",
             "d/other": "FROM scratch\nCOPY f /o\n"}
    for mode in ("w", "w:gz", "w:bz2", "w:xz"):
        web.files["/ctx"] = packed(files, mode)
        _, image = built(s, web.url("/ctx"))
        equal(sorted(image.entries(0)), ["x", "x/d", "x/d/other", "x/f"], f"files of {mode}")
        equal(image.entries(0)["x/f"].uid, 0, "owner")
    again, _ = built(s, web.url("/ctx"))
    equal(again.cached(), [2], "cached steps")
    contains(str(web.asked[-1][1]), "If-None-Match", "the last request")
    _, image = built(s, "-f", "d/other", web.url("/ctx"))
    equal(list(image.entries(0)), ["o"], "files with -f")
    _, image = built(s, "-f", "-", web.url("/ctx"), stdin=b"FROM scratch\nCOPY f /stdin\n")
    equal(list(image.entries(0)), ["stdin"], "files with -f -")
    files["f"] = "two\n"
    web.files["/ctx"] = packed(files)
    _, image = built(s, web.url("/ctx"))
    equal(image.content(0, "x/f"), b"two\n", "x/f")


def test_a_context_by_url_is_a_dockerfile(s):
    web = Web(s, {"/my.Dockerfile": b"FROM scratch\nCOPY context /c\nLABEL a=b\n", "/broken": b"FROM scratch\nCOPPY\n"})
    _, image = built(s, web.url("/my.Dockerfile"))
    equal(image.config["config"]["Labels"], {"a": "b"}, "labels")
    equal(image.content(0, "c"), web.files["/my.Dockerfile"], "the file in the context")
    broken = s.mybuild(web.url("/broken"), check=1)
    contains(broken.err, "broken:2:1", "standard error")
    missing = s.mybuild(web.url("/nope"), check=1)
    contains(missing.err, "invalid response status 404", "standard error")
    contains(missing.err, "/nope", "standard error")


def test_a_dockerfile_by_url(s):
    web = Web(s, {"/d/my.Dockerfile": b"FROM scratch\nCOPY f /\n"})
    where = s.context("context", {"f": "x\n", "g": "", ".dockerignore": "g\n"})
    _, image = built(s, "-f", web.url("/d/my.Dockerfile"), where)
    equal(list(image.entries(0)), ["f"], "files")
    _, image = built(s, "-f", web.url("/d/my.Dockerfile"), "-", stdin=packed({"f": "y\n"}))
    equal(image.content(0, "f"), b"y\n", "f")


def test_a_named_context_by_url(s):
    web = Web(s, {"/lib.tar.gz": packed({"f": "one\n", "d/g": ""}), "/one": b"file\n"})
    where = s.context("context", {"Dockerfile": "FROM lib\nCOPY --from=file context /from\n"})
    args = ["--build-context", f"lib={web.url('/lib.tar.gz')}", "--build-context", f"file={web.url('/one')}", where]
    _, image = built(s, *args)
    equal([sorted(image.entries(i)) for i in (0, 1)], [["d", "d/g", "f"], ["from"]], "files")
    equal(image.content(1, "from"), b"file\n", "the file")
    again, _ = built(s, *args)
    equal(again.cached(), [2], "cached steps")
    web.stop()
    gone = s.mybuild(*args, check=1)
    contains(gone.err, "cannot connect", "standard error")


def test_the_time_of_a_context_by_url(s):
    web = Web(s, {"/ctx": packed({"Dockerfile": "FROM scratch\nARG SOURCE_DATE_EPOCH\nLABEL e=$SOURCE_DATE_EPOCH\n"})})
    web.dates["/ctx"] = 1_100_000_000
    _, image = built(s, "--build-arg", "SOURCE_DATE_EPOCH=context", web.url("/ctx"))
    equal(image.config["config"]["Labels"], {"e": "1100000000"}, "labels")
    equal(image.config["created"], "2004-11-09T11:33:20Z", "created")
    where = s.context("context", {"Dockerfile": "ARG SOURCE_DATE_EPOCH=context\nFROM scratch\nARG SOURCE_DATE_EPOCH\n"
                                                "LABEL e=x$SOURCE_DATE_EPOCH\n"})
    _, image = built(s, where)
    equal(image.config["config"]["Labels"], {"e": "x"}, "labels with a directory")
