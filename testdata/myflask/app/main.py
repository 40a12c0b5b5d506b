"""A page that greets, and counts its visits when it is told where Redis is."""
import os

from flask import Flask

app = Flask(__name__)


def visits():
    """The number of visits so far, this one included; None when there is no Redis to count in."""
    host = os.environ.get("REDIS_HOST")
    if not host:
        return None
    import redis  # only needed, and only there, when something is to be counted

    port = int(os.environ.get("REDIS_PORT", "6379"))
    return redis.Redis(host=host, port=port, socket_timeout=5).incr("visits")


@app.route("/")
def hello():
    count = visits()
    if count is None:
        return "Hello World from Flask!\n"
    return f"Hello World from Flask! This page has been visited {count} times.\n"


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=int(os.environ.get("PORT", "80")))
