"""`--check`, `lint`, `--call`: what is said of a Dockerfile without building it, and what a build says besides."""
import base64
import json

from harness.core import check, contains, equal, lacks
from harness.golden import compare
from harness.images import load_busybox

# Something of everything that is printed: a word, several lines, an instruction of several lines, an error.
FINDINGS = """\
# check=experimental=MissingUser
ARG TAG=1
FROM mybuild.example/busybox:$TAG as Tools
ENV GREETING hello world
RUN echo one \\

    two
FROM scratch
COPY --from=tools $SRC/öl\ttab /a
# check=skip=AddInsteadOfCopy
ADD data.txt /
ADD data.txt /b
CMD httpd -f
"""
ERRORS = "FROM scratch\nCOPY a\nMAINTAINER me\nUNKNOWN x\n"
CLEAN = "FROM scratch\nCOPY data.txt /\nUSER 1000\n"

OUTLINE = """\
# VERSION of the base
ARG VERSION=1
# build compiles
FROM mybuild.example/busybox:$VERSION AS build
ARG FLAGS="-O2 -g" TOKEN_FILE
RUN --mount=type=secret,id=key,required=true --mount=type=ssh true

# test runs the tests
FROM build AS test
FROM scratch
COPY --from=build /bin/busybox /
"""


def context(s, name, text, **files):
    return s.context(name, {"Dockerfile": text, "data.txt": "data\n"} | files)


def test_text(s):
    findings = context(s, "findings", FINDINGS)
    run = s.mybuild("--check", findings, check=3)
    equal(run.err, "", "standard error")
    compare("check.text", run.out)
    equal(s.mybuild("lint", findings, check=3).out, run.out, "lint")
    equal(s.mybuild("lint", check=3, cwd=findings).out, run.out, "lint without a context")
    equal(s.mybuild("build", "--call=check", findings, check=3).out, run.out, "--call=check")
    equal(s.mybuild("--call=check,ignorestatus=true", findings).out, run.out, "ignorestatus")


def test_errors(s):
    run = s.mybuild("--check", context(s, "errors", ERRORS), check=3)
    compare("check.errors", run.out)
    report = json.loads(s.mybuild("--call=check,format=json", context(s, "e2", ERRORS), check=3).out)
    contains(report["buildError"]["message"], "COPY requires at least two arguments", "buildError")
    equal([error["location"]["ranges"][0]["start"]["line"] for error in report["buildErrors"]], [4], "others")


def test_nothing_found(s):
    clean = context(s, "clean", CLEAN)
    equal(s.mybuild("--check", clean).out, "Check complete, no warnings found.\n", "the text")
    equal(json.loads(s.mybuild("--call=check,format=json", clean).out)["warnings"], [], "warnings")


def test_json(s):
    findings = context(s, "findings", FINDINGS)
    run = s.mybuild("--call=check,format=json", findings, check=3)
    compare("check.json", run.out)
    report = json.loads(run.out)
    equal(base64.b64decode(report["sources"][0]["data"]).decode(), FINDINGS, "the source")
    equal(report["sources"][0]["filename"], "Dockerfile", "its name")
    lines = FINDINGS.splitlines()
    for warning in report["warnings"]:
        for member in ("ruleName", "description", "detail", "location"):
            check(member in warning, f"{warning} has no {member}")
        mark = warning["mark"]
        check(1 <= mark["startColumn"] <= len(lines[mark["startLine"] - 1]) + 1, f"column of {warning}")


def required(value, members, what):
    for member in members:
        check(member in value, f"SARIF: {what} has no {member}: {value}")


def slice_of(text, region):
    """What a region of SARIF marks: lines and columns from 1, columns in characters, the end not included."""
    lines = text.splitlines(keepends=True)
    begin = sum(map(len, lines[:region["startLine"] - 1])) + region["startColumn"] - 1
    end = sum(map(len, lines[:region["endLine"] - 1])) + region["endColumn"] - 1
    return text[begin:end]


def test_sarif(s):
    findings = context(s, "findings", FINDINGS)
    run = s.mybuild("lint", "--format", "sarif", "findings", check=3, cwd=findings.parent)
    log = json.loads(run.out)
    # What the schema of SARIF 2.1.0 requires, and what GitHub's code scanning does.
    required(log, ["version", "runs", "$schema"], "the log")
    equal(log["version"], "2.1.0", "version")
    (one,) = log["runs"]
    required(one, ["tool", "results"], "the run")
    driver = one["tool"]["driver"]
    required(driver, ["name", "rules"], "the driver")
    ids = [rule["id"] for rule in driver["rules"]]
    equal(len(set(ids)), len(ids), "number of rules")
    for rule in driver["rules"]:
        required(rule, ["id", "shortDescription", "help"], "a rule")
        required(rule["shortDescription"], ["text"], "a description")
        required(rule["help"], ["text"], "a help")
        check(rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error"), f"level of {rule}")
        if "helpUri" in rule:
            contains(rule["helpUri"], "https://", "helpUri")
    check(one["results"], "no results")
    for result in one["results"]:
        required(result, ["ruleId", "ruleIndex", "level", "message", "locations"], "a result")
        equal(ids[result["ruleIndex"]], result["ruleId"], "ruleIndex")
        required(result["message"], ["text"], "a message")
        place = result["locations"][0]["physicalLocation"]
        equal(place["artifactLocation"]["uri"], "findings/Dockerfile", "uri")
        region = place["region"]
        check(1 <= region["startLine"] <= region["endLine"], f"lines of {region}")
        check(region["startColumn"] >= 1 and region["endColumn"] >= 1, f"columns of {region}")
        equal(region["snippet"]["text"], slice_of(FINDINGS, region), f"the text of {region}")
    report = json.loads(s.mybuild("--call=check,format=json", findings, check=3).out)
    equal([result["ruleId"] for result in one["results"]],
          [warning["ruleName"] for warning in report["warnings"]], "rules of SARIF and JSON")
    driver["version"] = "VERSION"
    for rule in driver["rules"]:
        rule["help"]["markdown"] = "PAGE"
    compare("check.sarif", json.dumps(log, indent=1, ensure_ascii=False) + "\n")
    # An error is a result of its own.
    broken = json.loads(s.mybuild("lint", "--format=sarif", context(s, "errors", ERRORS), check=3).out)
    equal([result["level"] for result in broken["runs"][0]["results"]].count("error"), 2, "errors")


def test_uris_of_sarif(s):
    def uris(*arguments, **options):
        log = json.loads(s.mybuild("lint", "--format=sarif", *arguments, check=3, **options).out)
        (one,) = log["runs"]
        found = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in one["results"]}
        equal(found, {artifact["location"]["uri"] for artifact in one["artifacts"]}, "artifacts and results")
        return found

    odd = context(s, "odd: 100% ü", FINDINGS)
    encoded = "odd%3A%20100%25%20%C3%BC/Dockerfile"
    # Relative to where mybuild was started, as code scanners have it; a path outside is a file's URI.
    equal(uris(odd.name, cwd=odd.parent), {encoded}, "uri")
    equal(uris(odd, cwd=odd.parent), {encoded}, "uri of an absolute path")
    equal(uris("-f", "./Dockerfile", cwd=odd), {"Dockerfile"}, "uri of -f")
    equal(uris("-f", "-", cwd=odd, stdin=FINDINGS.encode()), {"Dockerfile"}, "uri of standard input")
    (outside,) = uris(odd, cwd="/")
    check(outside == f"{str(odd.parent)[1:]}/{encoded}", f"uri below the root: {outside}")
    (outside,) = uris(odd, cwd=context(s, "elsewhere", CLEAN))
    check(outside.startswith("file:///") and outside.endswith("/" + encoded), f"uri outside: {outside}")
    # Bytes that are no UTF-8 are replaced: the log is JSON all the same.
    broken = context(s, "broken", "")
    (broken / "Dockerfile").write_bytes(b"FROM scratch\nENV a=\xff b c\n")
    equal(uris("broken", cwd=broken.parent), {"broken/Dockerfile"}, "uri")


def test_makes_no_store(s):
    nowhere = s.path("no-store")
    for arguments in (["--check"], ["--call=outline"], ["--call=targets"], ["--check", "-f", "-"]):
        s.mybuild(*arguments, context(s, "clean", CLEAN), store=nowhere, stdin=CLEAN.encode())
        check(not nowhere.exists(), f"{arguments} made a store")
    # Names that are nobody's are no reason to look for them anywhere.
    run = s.mybuild("--check", context(s, "other", "FROM no.such.host/image:1\nUSER 1\n"), store=nowhere)
    contains(run.out, "no warnings found", "standard output")


def test_base_image_of_the_store(s):
    text = "FROM mybuild.example/busybox:1\nLABEL a=$PATH b=$UNKNOWN\n"
    asked = context(s, "asked", text)
    unknown = s.mybuild("--check", asked, check=3)
    contains(unknown.out, "note: the base image is not in the store", "of an unknown image")
    load_busybox(s)
    known = s.mybuild("--check", asked, check=3)
    contains(known.out, "Usage of undefined variable '$UNKNOWN'", "of a known image")
    lacks(known.out, "note:", "of a known image")


def test_choosing(s):
    asked = context(s, "asked", "FROM scratch\nCMD run me\n")
    arg = "BUILDKIT_DOCKERFILE_CHECK=skip=JSONArgsRecommended"
    s.mybuild("--check", "--build-arg", arg, asked)
    s.mybuild("lint", "--build-arg", arg, asked)
    wrong = s.mybuild("--check", "--build-arg", "BUILDKIT_DOCKERFILE_CHECK=nonsense", asked, check=3)
    contains(wrong.out, 'invalid check option "nonsense"', "standard output")
    targets = context(s, "targets", "FROM scratch AS a\nCMD run\nFROM scratch AS b\n")
    s.mybuild("--check", "--target", "b", targets)
    s.mybuild("--check", "--target", "a", targets, check=3)
    for arguments in (["--call=nonsense"], ["--call=check,format=xml"], ["--call=outline,format=sarif"],
                      ["--check", "--call=outline"]):
        s.mybuild(*arguments, asked, check=2)


def test_explain(s):
    listed = s.mybuild("lint", "--list").out
    for line in listed.splitlines()[1:]:
        page = s.mybuild("lint", "--explain", line.split()[0]).out
        contains(page, f"# {line.split()[0]}\n", "the page")
        contains(page, "## Why", "the page")
    wrong = s.mybuild("lint", "--explain", "JsonArgsRecomended", check=2)
    contains(wrong.err, "did you mean JSONArgsRecommended?", "standard error")


WARNED = "FROM mybuild.example/busybox:1\nENV a b\nRUN echo hello\nCMD run me\n"
SUMMARY = """
 2 warnings found (use mybuild --check to expand):
 - LegacyKeyValueFormat: "ENV key=value" should be used instead of legacy "ENV key value" format (line 2)
 - JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended behavior related to OS signals (line 4)
"""


def test_warnings_of_a_build(s):
    load_busybox(s)
    asked = context(s, "warned", WARNED)
    for _ in range(2):  # the second time from the cache
        run = s.mybuild("-t", "warned", asked)
        equal(run.err, SUMMARY, "standard error")
        lacks(run.out, "warning", "standard output")
    equal(s.mybuild("-q", asked).err, "", "standard error of -q")
    plain = s.mybuild("--progress=plain", asked)
    check(plain.err.endswith(SUMMARY), f"plain does not end with the warnings:\n{plain.err}")
    events = [json.loads(line) for line in s.mybuild("--progress=rawjson", asked).err.splitlines()]
    found = [event for event in events if event["event"] == "warning"]
    equal([event["rule"] for event in found], ["LegacyKeyValueFormat", "JSONArgsRecommended"], "rules")
    equal([event["line"] for event in found], [2, 4], "lines")
    # Rules of ours are for --check, unless they are named.
    ours = "FROM mybuild.example/busybox:latest\nADD data.txt /\n"
    s.mybuild("tag", "mybuild.example/busybox:1", "mybuild.example/busybox:latest")
    equal(s.mybuild(context(s, "ours", ours)).err, "", "standard error")
    named = s.mybuild(context(s, "named", "# check=experimental=AddInsteadOfCopy\n" + ours))
    contains(named.err, "1 warning found", "standard error")
    contains(named.err, " - AddInsteadOfCopy: ADD where COPY does the same (line 3)", "standard error")


def test_warnings_of_a_build_that_fails(s):
    load_busybox(s)
    run = s.mybuild(context(s, "c", "FROM mybuild.example/busybox:1\nENV a b\nRUN exit 5\n"), check=5)
    contains(run.err, "1 warning found", "standard error")
    check(run.err.index("warning found") < run.err.index("error:"), f"warnings before the error\n{run.err}")
    run = s.mybuild(context(s, "d", "FROM scratch AS Big\nNONSENSE\n"), check=1)
    contains(run.err, "StageNameCasing", "standard error")
    contains(run.err, "unknown instruction: NONSENSE", "standard error")


def test_error_true(s):
    load_busybox(s)
    text = "# check=error=true\n" + WARNED
    run = s.mybuild("-t", "strict", context(s, "strict", text), check=1)
    contains(run.err, "lint violation found for rules: JSONArgsRecommended, LegacyKeyValueFormat", "the error")
    contains(run.err, "2 warnings found", "standard error")
    lacks(run.out, "Running in", "standard output")
    lacks(s.mybuild("images").out, "strict", "images")
    checked = s.mybuild("--check", context(s, "strict2", text), check=3)
    contains(checked.out, "lint violation found for rules", "standard output of --check")
    skipped = "# check=error=true;skip=JSONArgsRecommended,LegacyKeyValueFormat\n" + WARNED
    s.mybuild(context(s, "skipped", skipped))


def test_outline(s):
    asked = context(s, "outline", OUTLINE)
    compare("call.outline", s.mybuild("--call=outline", "--target", "build", asked).out)
    compare("call.outline.json", s.mybuild("--call=outline,format=json", "--build-arg", "FLAGS=-O3", asked).out)
    compare("call.targets", s.mybuild("--call=targets", asked).out)
    compare("call.targets.json", s.mybuild("--call=targets,format=json", asked).out)
    wrong = s.mybuild("--call=outline", "--target", "biuld", asked, check=1)
    contains(wrong.err, "did you mean build?", "standard error")
