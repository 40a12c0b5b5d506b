"""The servers on loopback that cases read from: files and git repositories below a case's directory www."""
import http.server
import os
import pathlib
import subprocess
import threading
import urllib.parse

from harness.peers import free_port
from harness.core import stop

GIT_CORE = "/usr/lib/git-core"
TRUSTING = {"PATH": "/usr/bin:/bin", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*"}


class Handler(http.server.SimpleHTTPRequestHandler):
    """/CASE/FILE is the file CASE/www/FILE; a file FILE.headers beside it adds `Name: value` lines to the answer
    and may have `Status: NUMBER`. Repositories (NAME.git) speak git's protocol."""

    protocol_version = "HTTP/1.0"

    def translate_path(self, path):
        path = urllib.parse.unquote(urllib.parse.urlsplit(path).path)
        topic, case, *rest = path.strip("/").split("/")
        return os.path.join(self.directory, topic, case, "www", *rest)

    def extra(self):
        try:
            lines = pathlib.Path(self.translate_path(self.path) + ".headers").read_text().splitlines()
        except OSError:
            return {}
        return dict(line.split(": ", 1) for line in lines if line)

    def send_response(self, code, message=None):
        extra = self.extra()
        super().send_response(int(extra.pop("Status", code)), message)
        for name, value in extra.items():
            self.send_header(name, value)

    def do_GET(self):
        if ".git/" in self.path:
            self.git()
        else:
            super().do_GET()

    def do_POST(self):
        self.git()

    def git(self):
        url = urllib.parse.urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        file = pathlib.Path(self.translate_path(self.path))
        env = {**TRUSTING, "GIT_HTTP_EXPORT_ALL": "1", "PATH_TRANSLATED": str(file),
               "PATH_INFO": url.path, "QUERY_STRING": url.query, "REQUEST_METHOD": self.command,
               "CONTENT_TYPE": self.headers.get("Content-Type", ""),
               "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
               "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""), "CONTENT_LENGTH": str(len(body))}
        done = subprocess.run([f"{GIT_CORE}/git-http-backend"], env=env, input=body, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines() if line)
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class Servers:
    """Serves what lies below a directory of case directories, until close()."""

    def __init__(self, root):
        self.http = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), lambda *args: Handler(*args, directory=str(root)))
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.git_port = free_port()
        self.git = subprocess.Popen(
            [f"{GIT_CORE}/git-daemon", "--listen=127.0.0.1", f"--port={self.git_port}", "--export-all", "--reuseaddr",
             f"--interpolated-path={root}%D", str(root)], env=TRUSTING,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def places(self, case):
        """What stands for @HTTP@ and @GIT@ in the texts of a case."""
        return {"HTTP": f"http://127.0.0.1:{self.http.server_port}/{case}",
                "GIT": f"git://127.0.0.1:{self.git_port}/{case}/www"}

    def close(self):
        self.http.shutdown()
        stop(self.git)
