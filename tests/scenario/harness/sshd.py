"""Debian's sshd on loopback, to which root may log in with given keys."""
import os
import socket
from pathlib import Path

from .core import stop, wait_for
from .peers import free_port


class Sshd:
    def __init__(self, s, *public_keys, name="sshd"):
        s.need("sshd", "ssh-keygen")
        self.s, self.name, self.port = s, name, free_port()
        self.config = s.path(f"{name}.config")
        self.new_host_key()
        authorized = s.path(f"{name}.authorized_keys")
        authorized.write_text("".join(public_keys))
        self.config.write_text(
            f"ListenAddress 127.0.0.1:{self.port}\nHostKey {s.path(f'{name}.key')}\nAuthorizedKeysFile {authorized}\n"
            "StrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin yes\nPasswordAuthentication no\n"
            "KbdInteractiveAuthentication no\nLogLevel VERBOSE\n")
        # The fixed place to which it locks itself; Debian's service makes it, too.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.start()

    def new_host_key(self):
        key = self.s.path(f"{self.name}.key")
        for path in (key, key.with_suffix(".key.pub")):
            path.unlink(missing_ok=True)
        self.s.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key)

    def start(self):
        self.process = self.s.start("/usr/sbin/sshd", "-D", "-e", "-f", self.config, log=f"{self.name}.log")
        process = self.process
        self.s.defer(lambda: stop(process))
        wait_for(self.listens, "sshd", process=process)

    def restart(self):
        stop(self.process)
        self.start()

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def known_hosts_line(self):
        public = self.s.path(f"{self.name}.key.pub").read_text().split()
        return f"[127.0.0.1]:{self.port} {public[0]} {public[1]}\n"

    def url(self, path):
        return f"ssh://root@127.0.0.1:{self.port}{os.fspath(path)}"
