"""What `--call=check,format=json` says, as a value that can be recorded and compared."""
import json

# BuildKit's rules have a page there, this one has none.
PAGES = "https://docs.docker.com/"
WITHOUT_PAGE = "InvalidBaseImagePlatform"


def words(call):
    return [f"--call={call},format=json"]


def of_json(text):
    """{"warnings": [{rule, detail, lines}, ...]} and, if the Dockerfile cannot be built, {"error": {message, lines}}.
    Rules of mybuild's own are left out."""
    report = json.loads(text)
    warnings = [{"rule": one["ruleName"], "detail": one["detail"], "lines": lines_of(one["location"])}
                for one in report["warnings"] or []
                if one.get("url", "").startswith(PAGES) or one["ruleName"] == WITHOUT_PAGE]
    found = {"warnings": sorted(warnings, key=lambda one: (one["lines"] or [], one["rule"], one["detail"]))}
    if report.get("buildError"):
        found["error"] = {"message": report["buildError"]["message"],
                          "lines": lines_of(report["buildError"].get("location", {}))}
    return found


def lines_of(location):
    """The first and the last line of a place; None: it has none."""
    ranges = location.get("ranges") or []
    lines = [edge.get("line", 0) for one in ranges for edge in (one["start"], one["end"])]
    return [min(lines), max(lines)] if lines else None


def differences(reference, ours):
    """As compare.differences(). How often the same is said of the same lines does not count, nor the place of an error
    to which the reference gives none."""
    placed = reference.get("error", {}).get("lines") is not None
    theirs, mine = (said(found, placed) for found in (reference, ours))
    found = {f"missing {one}": (one, "(nothing)") for one in sorted(theirs - mine)}
    found |= {f"more {one}": ("(nothing)", one) for one in sorted(mine - theirs)}
    return found


def said(found, placed):
    texts = {f"{one['rule']} {lines_text(one['lines'])}: {one['detail']}" for one in found["warnings"]}
    if "error" in found:
        texts.add(f"error {lines_text(found['error']['lines'])}" if placed else "error")
    return texts


def lines_text(lines):
    return "nowhere" if lines is None else "-".join(str(line) for line in lines)
