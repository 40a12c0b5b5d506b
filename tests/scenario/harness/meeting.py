"""A place where a step waits for the test, and the test for a step: so that no test needs to sleep."""
import socket

from .core import Failure


class Meeting:
    """Steps call `nc 127.0.0.1 PORT`, which the test sees as an arrival and ends when it likes."""

    def __init__(self, s):
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(60)
        self.port = self._server.getsockname()[1]
        self._guests = []
        s.defer(self.close)

    @property
    def wait(self):
        """Text of a shell command that arrives here and waits."""
        return f"nc 127.0.0.1 {self.port} </dev/null"

    def arrival(self):
        """Waits for the next step to arrive; returns what ends its waiting."""
        try:
            guest = self._server.accept()[0]
        except TimeoutError:
            raise Failure("no step has come to the meeting") from None
        self._guests.append(guest)
        return guest.close

    def close(self):
        for guest in self._guests:
            guest.close()
        self._server.close()
