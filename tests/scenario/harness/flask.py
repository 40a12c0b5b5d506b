"""The base image of testdata/myflask: made once by scripts/make-base, loaded into each store."""
import shutil

from .core import PROJECT, Skip

NAME = "mybuild.example/python-flask:bookworm"


def rootfs(s):
    """Path of the root file system, from the cache or made now."""
    s.need("mmdebstrap")
    made = s.run(PROJECT / "scripts/make-base", "--rootfs-only", timeout=580, check=None)
    if made.code != 0:
        raise Skip(f"no base image (is a Debian mirror reachable?): {made.err.strip().splitlines()[-1:]}")
    return made.out.strip()


def load(s):
    """Puts the base image into the store, built by mybuild once for all tests of this run."""
    archive = s.shared / "python-flask.tar"
    if not archive.exists():
        context = s.context("python-flask", {})
        shutil.copyfile(rootfs(s), context / "rootfs.tar")
        s.mybuild("-f", PROJECT / "testdata/python-flask/Dockerfile", "-t", NAME,
                  "-o", f"type=oci,dest={archive}", context)
    s.mybuild("load", "-i", archive)
    return NAME
