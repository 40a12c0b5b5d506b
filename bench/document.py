"""docs/performance.md is written by several programs: each owns what stands between its two marks."""
import pathlib
import re

PROJECT = pathlib.Path(__file__).resolve().parents[1]
PERFORMANCE = PROJECT / "docs/performance.md"


def put_section(path, name, text):
    """Replaces the section of that name, or appends it where the file has none."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    section = f"{begin}\n{text.strip()}\n{end}\n"
    old = path.read_text() if path.exists() else ""
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end) + r"\n?", re.DOTALL)
    if pattern.search(old):
        new = pattern.sub(lambda match: section, old, count=1)
    else:
        new = old.rstrip("\n") + ("\n\n" if old else "") + section
    path.write_text(new)
