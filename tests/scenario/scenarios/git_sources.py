"""git repositories as build contexts, named contexts and sources of ADD, from servers on loopback."""
import os
import shutil
import signal
import socket
import subprocess

from harness.core import check, contains, equal, lacks
from harness.images import Archive, load_busybox
from harness.repositories import GitServer, Repository, git_daemon
from harness.transcript import Transcript


def built(s, *args, name="out.tar", **options):
    """A build's transcript and the archive it made."""
    out = s.path(name)
    run = s.mybuild("-o", f"type=oci,dest={out}", *args, **options)
    return Transcript(run), Archive(out)


def added(s, *lines, check=0, base="scratch", args=(), name="context"):
    """A build of `FROM base` and these lines: its transcript and archive, or the failed run."""
    where = s.context(name, {"Dockerfile": "".join(f"{line}\n" for line in (f"FROM {base}", *lines))})
    return built(s, *args, where) if check == 0 else s.mybuild(*args, where, check=check)


def names(image, number=0):
    return sorted(image.entries(number))


def test_a_repository_is_fetched_once_and_then_only_asked_for(s):
    repository = Repository(s, "r")
    repository.commit({"f": "one\n", "d/x": "x\n"})
    server = GitServer(s)
    line = f"ADD {server.url('r')} /r"
    _, image = added(s, line)
    equal(names(image), ["r", "r/d", "r/d/x", "r/f"], "files")
    entry = image.entries(0)["r/f"]
    equal((entry.mode, entry.uid, entry.gid, entry.mtime), (0o644, 0, 0, 1_000_000_000), "r/f")

    asked, fetched = len(server.asked), server.fetches()
    again, same = added(s, line)
    equal(again.cached(), [2], "cached steps")
    equal(same.image_id, image.image_id, "image")
    equal((len(server.asked), server.fetches()), (asked + 1, fetched), "requests, and those for objects")

    repository.commit({"f": "two\n"})
    _, changed = added(s, line)
    equal(changed.content(0, "r/f"), b"two\n", "r/f")


def test_what_a_killed_fetch_has_left_goes_with_the_next_one(s):
    repository = Repository(s, "r")
    repository.commit({"f": "one\n"})
    line = f"ADD {GitServer(s).url('r')} /r"
    added(s, line)
    (packs,) = s.store.glob("git/*/objects/pack")
    left = packs / "pack_git2_0123456789"
    left.write_bytes(b"half")
    repository.commit({"f": "two\n"})
    added(s, line)
    check(not left.exists(), f"{left} is still there")


def test_what_a_build_has_left_that_was_killed_while_it_made_the_copy_is_no_obstacle(s):
    repository = Repository(s, "r")
    repository.commit({"f": "one\n"})
    line = f"ADD {GitServer(s).url('r')} /r"
    added(s, line)
    (copy,) = [path for path in s.store.glob("git/*") if path.is_dir()]
    for left in (copy, copy.with_name(copy.name + ".new")):
        shutil.rmtree(copy, ignore_errors=True)
        left.mkdir()
        (left / "config.lock").write_text("")
        repository.commit({"f": f"{left.name}\n"})
        _, image = added(s, line)
        equal(image.content(0, "r/f").decode(), f"{left.name}\n", "r/f")
    equal([path.name for path in s.store.glob("git/*.new")], [], "what is left over")


def test_many_builds_that_meet_one_repository_for_the_first_time(s):
    repository = Repository(s, "r")
    repository.commit({"f": "one\n"})
    server = GitServer(s)
    lines = [f"ADD {server.url('r')} /r", f"ADD {server.url('r')}#main /m"]
    contexts = [s.context(f"c{i}", {"Dockerfile": f"FROM scratch AS a\n{lines[0]}\nFROM scratch\nCOPY --from=a / /\n{lines[1]}\n"})
                for i in range(6)]
    builds = [s.start(s.program, "-q", "-t", f"x:{i}", where, log=f"log-{i}") for i, where in enumerate(contexts)]
    equal([build.wait(timeout=120) for build in builds], [0] * len(builds), "exit codes")


def test_a_commit_that_is_known_needs_no_server(s):
    repository = Repository(s, "r")
    first = repository.commit({"f": "one\n"})
    repository.commit({"f": "two\n"})
    server = GitServer(s)
    line = f"ADD {server.url('r')}#{first} /r"
    _, image = added(s, line)
    equal(image.content(0, "r/f"), b"one\n", "r/f")
    server.stop()
    again, _ = added(s, line)
    equal(again.cached(), [2], "cached steps")


def test_refs_subdirectories_and_queries(s):
    repository = Repository(s, "r")
    repository.commit({"f": "side\n", "d/x": "side\n"}, branch="side")
    repository.git("tag", "-a", "-m", "x", "v1")
    repository.git("push", "-q", "origin", "v1")
    repository.commit({"f": "main\n", "d/x": "main\n"})
    url = GitServer(s).url("r")
    for options, content in {"": "main", "#side": "side", "#v1": "side", "#refs/heads/side": "side", "#refs/tags/v1": "side",
                             "?branch=side": "side", "?tag=v1": "side"}.items():
        _, image = added(s, f"ADD {url}{options} /r")
        equal(image.content(0, "r/f").decode(), content + "\n", f"r/f of {options}")
    for options in ("#side:d", "#:d/", "?subdir=d", "?ref=side&subdir=d"):
        _, image = added(s, f"ADD {url}{options} /r")
        equal(names(image), ["r", "r/x"], f"files of {options}")


def test_kinds_of_files(s):
    repository = Repository(s, "r")
    (repository.work / "run").write_text("x\n")
    os.chmod(repository.work / "run", 0o700)
    os.symlink("../../../etc/passwd", repository.work / "out")
    os.symlink("f", repository.work / "in")
    (repository.work / ".gitattributes").write_text("*.txt text eol=crlf filter=evil\n")
    repository.commit({"f": "", "a.txt": "x\n"})
    _, image = added(s, f"ADD {GitServer(s).url('r')} /r/")
    entries = image.entries(0)
    equal((entries["r/run"].mode, entries["r/f"].mode), (0o755, 0o644), "modes")
    equal((entries["r/out"].linkname, entries["r/in"].linkname), ("../../../etc/passwd", "f"), "links")
    equal(image.content(0, "r/a.txt"), b"x\n", "a.txt")


def test_what_goes_wrong_is_said_with_the_line(s):
    repository = Repository(s, "r")
    commit = repository.commit({"f": "x\n"})
    url = GitServer(s).url("r")
    other = "0123456789abcdef0123456789abcdef01234567"
    for line, message in {f"ADD {url}#nope /r": "the repository has no ref nope",
                          f"ADD {url}#main:nope /r": "has no directory nope",
                          f"ADD {url}#{other} /r": f"has no commit {other}",
                          f"ADD --checksum={other} {url} /r": f"expected checksum to match {other}, got {commit}",
                          f"ADD {url}?foo=bar /r": 'unexpected query "foo"',
                          f"ADD {url.replace('/r.git', '/none.git')} /r": "404",
                          "ADD git://127.0.0.1:9/r.git /r": "cannot connect to 127.0.0.1:9",
                          f"ADD --keep-git-dir=false {url}?keep-git-dir=true /r": "inconsistent keep-git-dir"}.items():
        run = added(s, "LABEL a=b", line, check=1)
        contains(run.err, message, "standard error")
        contains(run.err, "Dockerfile:3:", "standard error")
    added(s, f"ADD --checksum={commit[:12]} {url}#main /r")
    missing = s.mybuild(url + "#nope", check=1)
    contains(missing.err, "the repository has no ref nope", "standard error")


def test_a_repository_as_build_context(s):
    repository = Repository(s, "r")
    repository.commit({"Dockerfile": "FROM scratch\nCOPY . /x/\n", "f": "one\n", ".dockerignore": "f\n",
                       "sub/Containerfile": "FROM scratch\nCOPY f /y\n", "sub/f": "two\n"})
    url = GitServer(s).url("r")
    _, image = built(s, url)
    equal(names(image), ["x", "x/.dockerignore", "x/Dockerfile", "x/f", "x/sub", "x/sub/Containerfile", "x/sub/f"], "files")
    again, _ = built(s, url)
    equal(again.cached(), [2], "cached steps")
    _, image = built(s, f"{url}#main:sub")
    equal(image.content(0, "y"), b"two\n", "y")
    _, image = built(s, "-f", "sub/Containerfile", url)
    equal(image.content(0, "y"), b"one\n", "y")
    _, image = built(s, "-f", "-", url, stdin=b"FROM scratch\nCOPY f /z\n")
    equal(names(image), ["z"], "files")
    _, kept = built(s, "--build-arg", "BUILDKIT_CONTEXT_KEEP_GIT_DIR=1", url)
    contains(str(names(kept)), "'x/.git/HEAD'", "files")
    _, image = added(s, "COPY --from=lib f /f", args=["--build-context", f"lib={url}#main:sub"])
    equal(image.content(0, "f"), b"two\n", "f of the named context")


def test_a_kept_git_directory_works(s):
    s.need("git")
    repository = Repository(s, "r")
    repository.commit({"f": "old\n"})
    commit = repository.commit({"f": "one\n", "d/x": "x\n"})
    repository.git("tag", "-a", "-m", "x", "v1")
    repository.git("push", "-q", "origin", "v1")
    where = s.context("context", {"Dockerfile": f"FROM scratch\nADD --keep-git-dir {GitServer(s).url('r')}#v1 /\n"})
    out = s.path("out")
    s.mybuild("-o", f"type=local,dest={out}", where)

    def git(*args):
        return subprocess.run(["git", "-c", "safe.directory=*", *args], cwd=out, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    equal(git("rev-parse", "HEAD"), commit, "HEAD")
    equal(git("status", "--porcelain"), "", "changes")
    equal(git("describe"), "v1", "git describe")
    equal(git("rev-list", "--count", "HEAD"), "1", "commits")
    git("fsck")


def test_submodules(s):
    inner, middle, outer = Repository(s, "inner"), Repository(s, "team/middle"), Repository(s, "team/outer")
    server = GitServer(s)
    inner.commit({"i": "inner\n"})
    middle.git("submodule", "--quiet", "add", str(inner.bare), "deep/in")
    middle.git("config", "-f", ".gitmodules", "submodule.deep/in.url", "../../inner.git")
    middle.commit({"m": "middle\n"})
    outer.git("submodule", "--quiet", "add", str(middle.bare), "mid")
    outer.git("config", "-f", ".gitmodules", "submodule.mid.url", server.url("team/middle"))
    outer.commit({"o": "outer\n"})
    url = server.url("team/outer")
    _, image = added(s, f"ADD {url} /r")
    equal([name for name in names(image) if not name.endswith(".gitmodules")],
          ["r", "r/mid", "r/mid/deep", "r/mid/deep/in", "r/mid/deep/in/i", "r/mid/m", "r/o"], "files")
    _, image = added(s, f"ADD {url}?submodules=false /r")
    equal(names(image), ["r", "r/.gitmodules", "r/mid", "r/o"], "files without submodules")

    for hostile in (str(inner.bare), f"file://{inner.bare}", "/etc"):
        outer.git("config", "-f", ".gitmodules", "submodule.mid.url", hostile)
        outer.commit()
        refused = added(s, f"ADD {url} /r", check=1)
        contains(refused.err, "submodule mid: a submodule has the URL", "standard error")


def test_names_that_no_checkout_may_have_are_refused(s):
    repository = Repository(s, "r")
    blob = repository.git("hash-object", "-w", "--stdin", stdin="x\n")
    server = GitServer(s)
    for name in (".git", ".GIT", "..", "."):
        entry = b"100644 " + name.encode() + b"\0" + bytes.fromhex(blob)
        tree = subprocess.run(["git", "hash-object", "-w", "-t", "tree", "--literally", "--stdin"], cwd=repository.work, input=entry,
                              stdout=subprocess.PIPE, check=True).stdout.decode().strip()
        commit = repository.git("commit-tree", "-m", "x", tree)
        repository.git("push", "-q", "-f", "origin", f"{commit}:refs/heads/evil")
        refused = added(s, f"ADD {server.url('r')}#evil /r", check=1)
        contains(refused.err, "which no checkout may have", "standard error")


def test_the_protocol_of_git(s):
    repository = Repository(s, "r")
    repository.commit({"f": "one\n"})
    url = git_daemon(s) + "/r.git"
    _, image = added(s, f"ADD {url} /r")
    equal(names(image), ["r", "r/f"], "files")
    repository.commit({"f": "two\n"})
    _, image = added(s, f"ADD {url} /r")
    equal(image.content(0, "r/f"), b"two\n", "r/f")
    refused = added(s, f"ADD {url.replace('/r.git', '/none.git')} /r", check=1)
    contains(refused.err, "Dockerfile:2:", "standard error")


def test_credentials(s):
    repository = Repository(s, "r")
    repository.commit({"f": "one\n"})
    server = GitServer(s, password="t0ken")
    url = server.url("r")
    token = s.path("token")
    token.write_text("t0ken")
    denied = added(s, f"ADD {url} /r", check=1)
    contains(denied.err, f"GIT_AUTH_TOKEN.127.0.0.1:{server.port}", "standard error")
    for name in ("GIT_AUTH_TOKEN", f"GIT_AUTH_TOKEN.127.0.0.1:{server.port}"):
        run = s.mybuild("--no-cache", "--secret", f"id={name},src={token}", s.path("context"))
        lacks(run.out + run.err, "t0ken", "the output")
    with_password = url.replace("http://", "http://x-access-token:t0ken@")
    _, image = added(s, f"ADD {with_password} /r", args=["--no-cache"])
    lacks(str(image.config), "t0ken", "the config")
    left = subprocess.run(["grep", "-rl", "t0ken", str(s.store)], stdout=subprocess.PIPE, text=True, check=False).stdout
    equal(left, "", "files of the store with the password")


def test_a_repository_that_has_moved(s):
    repository = Repository(s, "new/r")
    repository.commit({"f": "one\n"})
    server = GitServer(s)
    server.moved["/old.git"] = "/new/r.git"
    _, image = added(s, f"ADD {server.url('old')} /r")
    equal(names(image), ["r", "r/f"], "files")


def test_it_is_copied_like_a_directory(s):
    load_busybox(s)
    repository = Repository(s, "r")
    repository.commit({"f": "one\n", "d/x": "x\n"})
    url = GitServer(s).url("r")
    _, image = added(s, f"ADD --chown=user:staff --chmod=700 {url} /r", f"ADD --exclude=d {url} /e", base="mybuild.example/busybox:1")
    layers = image.layers()
    entry = image.entries(len(layers) - 2)["r/d/x"]
    equal((entry.mode, entry.uid, entry.gid), (0o700, 1000, 50), "r/d/x")
    equal(names(image, len(layers) - 1), ["e", "e/f"], "files")


def test_the_time_of_a_repository(s):
    repository = Repository(s, "r")
    repository.commit({"Dockerfile": "ARG SOURCE_DATE_EPOCH=context\nFROM scratch\nARG SOURCE_DATE_EPOCH\n"
                                     "LABEL e=$SOURCE_DATE_EPOCH\n"})
    _, image = built(s, GitServer(s).url("r"))
    equal(image.config["config"]["Labels"], {"e": "1000000000"}, "labels")
    equal(image.config["created"], "2001-09-09T01:46:40Z", "created")


def test_a_build_that_waits_for_a_server_can_be_interrupted(s):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for number, source in enumerate((f"git://127.0.0.1:{port}/r.git", f"http://127.0.0.1:{port}/r.git",
                                         f"http://127.0.0.1:{port}/file")):
            where = s.context(f"context-{number}", {"Dockerfile": f"FROM scratch\nADD {source} /r\n"})
            process = s.start(s.program, where, log=f"log-{number}")
            connection, _ = silent.accept()
            process.send_signal(signal.SIGINT)
            equal(process.wait(20), 130, f"exit code after Ctrl-C in {source}")
            connection.close()
