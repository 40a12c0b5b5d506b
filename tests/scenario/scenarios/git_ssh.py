"""git repositories over ssh, from Debian's sshd on loopback."""
import signal
import socket

from harness.core import check, contains, equal, lacks
from harness.images import Archive
from harness.repositories import Repository
from harness.ssh_keys import ssh_agent, ssh_key
from harness.sshd import Sshd
from harness.transcript import Transcript


def add(s, url, *args, check=0, **options):
    """A build that adds the repository: its transcript and archive, or the failed run."""
    where = s.context("context", {"Dockerfile": f"FROM scratch\nADD {url} /r\n"})
    out = s.path("out.tar")
    run = s.mybuild("-o", f"type=oci,dest={out}", *args, where, check=check, **options)
    return (Transcript(run), Archive(out)) if check == 0 else run


def test_every_way_to_give_a_key(s):
    """An agent in the environment, an agent by its socket, key files of every kind."""
    repository = Repository(s, "r")
    keys = {kind: ssh_key(s, kind) for kind in ("ed25519", "rsa", "ecdsa")}
    server = Sshd(s, *(public for _, public in keys.values()))
    agent = ssh_agent(s, keys["ed25519"][0])
    ways = [(["--ssh", "default"], {"SSH_AUTH_SOCK": agent}), (["--ssh", f"default={agent}"], {})]
    ways += [(["--ssh", f"default={key}"], {}) for key, _ in keys.values()]
    for number, (args, env) in enumerate(ways):
        repository.commit({"f": f"{number}\n"})
        _, image = add(s, server.url(repository.bare), *args, env=env)
        equal(image.content(0, "r/f").decode(), f"{number}\n", f"r/f with {args}")
    again, _ = add(s, server.url(repository.bare), *ways[0][0], env=ways[0][1])
    equal(again.cached(), [2], "cached steps")


def test_a_server_keeps_the_key_it_was_met_with(s):
    repository = Repository(s, "r")
    repository.commit({"f": "one\n"})
    key, public = ssh_key(s, "ed25519")
    server = Sshd(s, public)
    args = (server.url(repository.bare), "--ssh", f"default={key}")
    add(s, *args)
    equal((s.store / "git/known_hosts").read_text(), server.known_hosts_line(), "what was remembered")
    server.new_host_key()
    server.restart()
    logins = s.path("sshd.log").read_text().count("Accepted publickey")
    failed = add(s, *args, check=1)
    contains(failed.err, "shows another key than it had before")
    contains(failed.err, "Dockerfile:2")
    equal(s.path("sshd.log").read_text().count("Accepted publickey"), logins, "logins")
    # The user's own file counts as well, and the store's line has to go.
    home = s.path("home")
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh/known_hosts").write_text(server.known_hosts_line())
    (s.store / "git/known_hosts").unlink()
    add(s, *args, env={"HOME": home})
    check(not (s.store / "git/known_hosts").exists(), "what the user knows was remembered again")
    server.new_host_key()
    server.restart()
    contains(add(s, *args, check=1, env={"HOME": home}).err, "shows another key than it had before")


def test_what_goes_wrong_is_said_with_the_line(s):
    repository = Repository(s, "r")
    repository.commit({"f": "one\n"})
    key, public = ssh_key(s, "ed25519")
    other, _ = ssh_key(s, "ed25519", "other")
    server = Sshd(s, public)
    url = server.url(repository.bare)
    given = ("--ssh", f"default={key}")
    for args, wanted in (
        ((url,), ("wants a key", "--ssh default")),
        ((url, "--ssh", f"other={key}"), ("wants a key", "--ssh default")),
        ((url, "--ssh", f"default={other}"), ("takes none of the agent's keys for the user root", "ssh-add -l")),
        ((server.url("/nowhere.git"), *given), ("does not give the repository /nowhere.git", "does not appear to be a git")),
        ((url + "#none", *given), ("has no ref none",)),
    ):
        failed = add(s, *args, check=1)
        for text in (*wanted, "Dockerfile:2", "ADD ssh://"):
            contains(failed.err, text)


def test_a_path_is_no_command(s):
    repository = Repository(s, "it's $(touch pwned)")
    repository.commit({"f": "one\n"})
    key, public = ssh_key(s, "ed25519")
    server = Sshd(s, public)
    path = str(repository.bare).replace(" ", "%20").replace("$", "%24")
    where = s.context("context", {"f": "local\n"})
    out = s.path("out.tar")
    s.mybuild("-f", "-", "-o", f"type=tar,dest={out}", "--ssh", f"default={key}", f"--build-context=r={server.url(path)}", where,
              stdin=b"FROM scratch\nCOPY --from=r f /\n")
    equal(s.run("tar", "xOf", out, "f").out, "one\n", "f")


def test_a_context_over_ssh_takes_the_agent_of_the_user(s):
    repository = Repository(s, "r")
    repository.commit({"Dockerfile": "FROM scratch\nCOPY f /\n", "f": "one\n"})
    key, public = ssh_key(s, "ed25519")
    url = Sshd(s, public).url(repository.bare)
    out = s.path("out.tar")
    s.mybuild("-o", f"type=tar,dest={out}", url, env={"SSH_AUTH_SOCK": ssh_agent(s, key)})
    equal(s.run("tar", "xOf", out, "f").out, "one\n", "f")
    lacks(s.mybuild("--check", url, env={"SSH_AUTH_SOCK": ssh_agent(s, key)}).all, "wants a key")
    contains(s.mybuild(url, check=1).err, "wants a key")


def test_submodules_beside_it(s):
    inner, outer = Repository(s, "inner"), Repository(s, "outer")
    inner.commit({"x": "inner\n"})
    outer.git("submodule", "-q", "add", "-b", "main", str(inner.bare), "sm")
    outer.git("config", "-f", ".gitmodules", "submodule.sm.url", "../inner.git")
    outer.commit()
    key, public = ssh_key(s, "ed25519")
    _, image = add(s, Sshd(s, public).url(outer.bare), "--ssh", f"default={key}")
    equal(image.content(0, "r/sm/x"), b"inner\n", "r/sm/x")


def test_a_build_that_waits_for_a_server_can_be_interrupted(s):
    key, _ = ssh_key(s, "ed25519")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"ssh://root@127.0.0.1:{listener.getsockname()[1]}/r.git"
        where = s.context("context", {"Dockerfile": f"FROM scratch\nADD {url} /r\n"})
        process = s.start(s.program, "--ssh", f"default={key}", where, log="log")
        connection, _ = listener.accept()
        with connection:
            connection.recv(1)
            process.send_signal(signal.SIGINT)
            equal(process.wait(timeout=20), 130, "exit code")
