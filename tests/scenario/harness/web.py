"""A web server on loopback whose answers a scenario sets, and which remembers what it was asked."""
import email.utils
import http.server
import threading


class Web:
    """Serves `files`: {path: bytes}; with validators, unless `etags` or `dates` is False. `answers` are functions
    by path that take the handler and answer themselves. Ends with the scenario."""

    def __init__(self, s, files=None):
        self.files = dict(files or {})
        self.dates = {}
        self.answers = {}
        self.etags = True
        self.asked = []  # (path, {header: value}) of every request, in order
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path = self.path.partition("?")[0]
                web.asked.append((self.path, dict(self.headers)))
                if path in web.answers:
                    web.answers[path](self)
                elif path in web.files:
                    web.serve(self, path)
                else:
                    self.send_error(404)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        s.defer(self.stop)

    def serve(self, handler, path):
        content = self.files[path]
        etag = f'"{hash(content):x}"'
        if self.etags and handler.headers.get("If-None-Match") == etag:
            handler.send_response(304)
            handler.end_headers()
            return
        handler.send_response(200)
        if self.etags:
            handler.send_header("ETag", etag)
        if path in self.dates:
            handler.send_header("Last-Modified", email.utils.formatdate(self.dates[path], usegmt=True))
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def answer(status, headers=None, body=b""):
    """A function for Web.answers."""
    def send(handler):
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
    return send
