"""What `--call=check,format=json` says, as a value that can be recorded and compared. See call.py."""
import json

# BuildKit's rules have a page there, this one has none.
PAGES = "https://docs.docker.com/"
WITHOUT_PAGE = "InvalidBaseImagePlatform"


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
    """As compare.differences(). How often the same is said of the same lines does not count."""
    theirs, mine = said(reference), said(ours)
    found = {f"missing {one}": (one, "(nothing)") for one in sorted(theirs - mine)}
    found |= {f"more {one}": ("(nothing)", one) for one in sorted(mine - theirs)}
    return found | error_differences(reference.get("error"), ours.get("error"))


def said(found):
    return {f"{one['rule']} {lines_text(one['lines'])}: {one['detail']}" for one in found["warnings"]}


def error_differences(reference, ours):
    """An error must be among the lines that the reference marks, if it marks any."""
    if (reference is None) != (ours is None):
        return {"error": tuple("(nothing)" if one is None else f"{lines_text(one['lines'])}: {one['message']}"
                               for one in (reference, ours))}
    if reference is None or reference["lines"] is None:
        return {}
    marked, place = reference["lines"], ours["lines"]
    if place is not None and marked[0] <= place[0] and place[1] <= marked[1]:
        return {}
    return {"error lines": (f"{lines_text(marked)}: {reference['message']}", f"{lines_text(place)}: {ours['message']}")}


def lines_text(lines):
    return "nowhere" if lines is None else "-".join(str(line) for line in lines)
