"""Keys and agents of Debian's OpenSSH."""
from .core import wait_for
from .peers import short_directory


def ssh_key(s, kind, name=None, passphrase=""):
    """A private key's path, and the line of its public key."""
    s.need("ssh-keygen")
    path = s.path(name or kind)
    s.run("ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", f"the {name or kind} key", "-f", path)
    return path, path.with_suffix(".pub").read_text()


def ssh_agent(s, *keys):
    """A real agent with these keys; returns its socket."""
    socket_path = short_directory(s) / "agent"
    process = s.start("ssh-agent", "-D", "-a", socket_path, log="agent.log")
    wait_for(socket_path.exists, "ssh-agent", process=process)
    for key in keys:
        s.run("ssh-add", "-q", key, env=s.env(SSH_AUTH_SOCK=socket_path))
    return socket_path
