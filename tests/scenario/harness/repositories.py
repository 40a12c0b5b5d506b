"""git repositories on loopback, over HTTP and over git's own protocol."""
import base64
import http.server
import subprocess
import threading
import urllib.parse

from .core import stop, wait_for
from .peers import free_port

GIT_CORE = "/usr/lib/git-core"
# git as nobody has configured it, which trusts the directories of the tests.
PLAIN = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_COUNT": "4",
         "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
         "GIT_CONFIG_KEY_1": "protocol.file.allow", "GIT_CONFIG_VALUE_1": "always",
         "GIT_CONFIG_KEY_2": "init.defaultBranch", "GIT_CONFIG_VALUE_2": "main",
         "GIT_CONFIG_KEY_3": "core.safecrlf", "GIT_CONFIG_VALUE_3": "false",
         "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@a", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@a"}


class Repository:
    """A bare repository that servers serve, and a working copy of it to commit in."""

    def __init__(self, s, name):
        self.bare = s.path("repositories", f"{name}.git")
        self.work = s.path("work-" + name.replace("/", "-"))
        self.bare.parent.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", str(self.work), cwd="/")
        self.git("init", "-q", "--bare", str(self.bare), cwd="/")
        self.git("remote", "add", "origin", str(self.bare))

    def git(self, *args, cwd=None, stdin=None):
        env = {**PLAIN, "GIT_AUTHOR_DATE": "1000000000 +0000", "GIT_COMMITTER_DATE": "1000000000 +0000"}
        return subprocess.run(["git", *args], cwd=cwd or self.work, env=env, check=True, stdout=subprocess.PIPE, input=stdin,
                              text=True).stdout.strip()

    def commit(self, files=None, branch="main"):
        """Commits the files {name: text}, or what lies there, and pushes; returns the commit's id."""
        for name, text in (files or {}).items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x")
        self.git("push", "-q", "origin", f"HEAD:refs/heads/{branch}")
        return self.git("rev-parse", "HEAD")


class GitServer:
    """Serves the repositories of a scenario over HTTP. `password`: of the user `x-access-token`, without which nothing
    is given. `moved`: {path: where it redirects to}."""

    def __init__(self, s, password=None):
        self.asked = []  # (method, path)
        self.moved = {}
        root, server = s.path("repositories"), self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                server.asked.append((self.command, self.path))
                moved = [new for old, new in server.moved.items() if self.path.startswith(old + "/")]
                expected = "Basic " + base64.b64encode(f"x-access-token:{password}".encode()).decode()
                if moved:
                    self.send_response(302)
                    self.send_header("Location", moved[0] + self.path.partition(".git")[2])
                    self.end_headers()
                elif password and self.headers.get("Authorization", "").replace("basic", "Basic") != expected:
                    self.send_error(401)
                else:
                    self.backend()

            do_POST = do_GET

            def backend(self):
                url = urllib.parse.urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                env = {**PLAIN, "GIT_HTTP_EXPORT_ALL": "1", "GIT_PROJECT_ROOT": str(root), "PATH_INFO": url.path,
                       "QUERY_STRING": url.query, "REQUEST_METHOD": self.command,
                       "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body))}
                done = subprocess.run([f"{GIT_CORE}/git-http-backend"], env=env, input=body, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL, check=False)
                head, _, content = done.stdout.partition(b"\r\n\r\n")
                fields = dict(line.split(": ", 1) for line in head.decode().splitlines() if line)
                self.send_response(int(fields.pop("Status", "200").split()[0]))
                for name, value in fields.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        s.defer(self.stop)

    def url(self, name):
        return f"http://127.0.0.1:{self.port}/{name}.git"

    def fetches(self):
        """How often objects were asked for."""
        return sum(method == "POST" for method, _ in self.asked)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def git_daemon(s):
    """Serves the repositories over git://; returns the beginning of their URLs."""
    port = free_port()
    root = s.path("repositories")
    process = s.start(f"{GIT_CORE}/git-daemon", "--listen=127.0.0.1", f"--port={port}", "--export-all", "--reuseaddr",
                      f"--base-path={root}", str(root), env=PLAIN)
    s.defer(lambda: stop(process))

    def listens():
        import socket
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_for(listens, "git-daemon", process=process)
    return f"git://127.0.0.1:{port}"


