"""Golden files: MYBUILD_UPDATE_GOLDEN=1 writes them anew instead of comparing."""
import difflib
import os

from .core import PROJECT, Failure

FOLDER = PROJECT / "tests/scenario/golden"


def compare(name, actual):
    file = FOLDER / name
    if os.environ.get("MYBUILD_UPDATE_GOLDEN"):
        file.write_text(actual)
        return
    same_text(actual, file.read_text(), f"golden/{name}")


def same_text(actual, expected, name):
    if actual != expected:
        diff = "".join(difflib.unified_diff(expected.splitlines(True), actual.splitlines(True), name, "now"))
        raise Failure(f"not as in {name}:\n{diff}")
