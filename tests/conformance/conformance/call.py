"""What `--call=METHOD,format=json` says, as a value that can be recorded and compared."""
import json

from . import check

METHODS = {"check", "outline", "targets"}


def words(method):
    return [f"--call={method},format=json"]


def of_json(method, text):
    """Of check: see there. Of the others {METHOD: {...}}: what is printed, with lines for places."""
    if method == "check":
        return check.of_json(text)
    report = json.loads(text)
    report.pop("sources", None)
    return {method: {key: [item(one) for one in value] if isinstance(value, list) else value
                     for key, value in report.items()}}


def item(one):
    """One arg, secret, agent or target."""
    lines = check.lines_of(one.get("location", {}))
    return {key: value for key, value in one.items() if key != "location"} | {"lines": lines}


def differences(method, reference, ours):
    """As compare.differences(). Keys: a member of the report, or `LIST NAME` for one of a list; `order` of the names."""
    theirs, mine = flat(reference[method]), flat(ours.get(method, {}))
    return {key: (theirs.get(key, "(nothing)"), mine.get(key, "(nothing)"))
            for key in sorted(theirs.keys() | mine.keys()) if theirs.get(key) != mine.get(key)}


def flat(report):
    found = {}
    for key, value in report.items():
        if not isinstance(value, list):
            found[key] = value
            continue
        # The reference sorts by line only: names of one line have no order.
        for one in value:
            found[f"{key} {one.get('name', '')} {check.lines_text(one['lines'])}"] = one
        found[f"order of {key}"] = [check.lines_text(one["lines"]) for one in value]
    return found
