"""How two results differ, and whether that is known."""
import fnmatch

from . import call, check

ABSENT = "(nothing)"


def differences(reference, ours):
    """{key: (the reference's, ours)}. Keys: result, lines, platform, author, history, config FIELD, tree /PATH."""
    if "warnings" in reference:
        return check.differences(reference, ours)
    for method in call.METHODS & reference.keys():
        return call.differences(method, reference, ours)
    if ("error" in reference) != ("error" in ours):
        return {"result": (outcome(reference), outcome(ours))}
    if "error" in reference:
        return error_differences(reference["error"], ours["error"])
    found = {}
    for key in ("platform", "author", "history"):
        if reference.get(key) != ours.get(key):
            found[key] = (reference.get(key), ours.get(key))
    for group, prefix in (("config", "config "), ("tree", "tree /")):
        for name in sorted(reference[group].keys() | ours[group].keys()):
            theirs, mine = reference[group].get(name, ABSENT), ours[group].get(name, ABSENT)
            if theirs != mine:
                found[prefix + name] = (theirs, mine)
    return found


def outcome(result):
    return f"refused: {result['error']['message']}" if "error" in result else "built"


def error_differences(reference, ours):
    """Both refuse: we must name a place among the lines that the reference marks. It reports one error only,
    mybuild all that are independent."""
    marked = reference.get("lines")
    if marked and not any(marked[0] <= line <= marked[1] for line in ours["lines"]):
        return {"lines": (f"{marked[0]}-{marked[1]}: {reference['message']}", f"{ours['lines']}: {ours['message']}")}
    return {}


class Lists:
    """The differences on purpose and the cases that do not pass yet, each with its reason."""

    def __init__(self, directory):
        self.purpose = read_list(directory / "differences")
        self.pending = read_list(directory / "pending")

    def verdict(self, name, found):
        """'' when all is as listed, else lines that say what is not. `found`: see differences()."""
        listed = self.purpose.get(name, [])
        unlisted = {key: pair for key, pair in found.items() if not any(fnmatch.fnmatchcase(key, p) for p in listed)}
        lines = [f"{key}\n    reference: {pair[0]}\n    mybuild:   {pair[1]}" for key, pair in unlisted.items()]
        lines += [f"{pattern}: no longer different: remove it from the file differences"
                  for pattern in listed if not any(fnmatch.fnmatchcase(key, pattern) for key in found)]
        if name in self.pending:
            return "" if lines else "it passes: remove it from the file pending"
        return "\n".join(lines)


def read_list(path):
    """{case: [pattern, ...]} of lines `case: pattern, pattern`; comments and indented lines are the reasons."""
    found = {}
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith(("#", " ")):
            name, _, patterns = line.partition(":")
            if name in found:
                raise ValueError(f"{path}: {name} is there twice")
            found[name] = [pattern.strip() for pattern in patterns.split(", ") if pattern.strip()]
    return found
