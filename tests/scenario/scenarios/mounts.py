"""RUN --mount: what a step gets besides its layers, and that nothing of it stays."""
import os
import subprocess

from harness.core import check, contains, equal, lacks
from harness.images import Archive, load_busybox
from harness.meeting import Meeting
from harness.transcript import Transcript

BASE = "FROM mybuild.example/busybox:1\n"


def build(s, text, *args, files=None, name="c", **options):
    """Builds a Dockerfile on busybox; returns its transcript."""
    return Transcript(s.mybuild(*args, s.context(name, {"Dockerfile": BASE + text, **(files or {})}), **options))


def output(s, text, *args, **options):
    """What the steps of a build that runs anew have printed."""
    return [line for step in build(s, text, "--no-cache", *args, **options).steps for line in step.output]


def failure(s, text, *args, **options):
    """The error of a build that must fail."""
    return s.mybuild(*args, s.context("failing", {"Dockerfile": BASE + text}), check=1, **options).err


def changed_paths(s, text, *args, **options):
    """All that the last step of a build has put into its layer."""
    archive = s.path("changed.tar")
    build(s, text, "--no-cache", "-o", f"type=oci,dest={archive}", *args, **options)
    return sorted(Archive(archive).entries(-1))


def places_of(directory, needle):
    """Files below the directory that have the bytes in them, names included."""
    found = []
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            if needle in os.fsencode(path):
                found.append(path)
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    if needle in file.read():
                        found.append(path)
    return found


# -- secrets -----------------------------------------------------------------------------------------

SECRET = "s3cr3t-0123456789-of-this-test"


def secret_file(s, content=SECRET):
    path = s.path("given", "key")
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    return path


def test_secret_files_and_variables(s):
    load_busybox(s)
    key = secret_file(s)
    env = {"KEY": "of the environment", "named": "by its id"}
    table = [
        ("id=k", [f"id=k,src={key}"], "cat /run/secrets/k; echo", [SECRET]),
        ("id=k", [f"type=file,id=k,source={key}"], "stat -c '%a %u:%g %s' /run/secrets/k", [f"400 0:0 {len(SECRET)}"]),
        ("id=k,target=/a/b,mode=0440,uid=5,gid=6", [f"id=k,src={key}"], "stat -c '%a %u:%g' /a/b", ["440 5:6"]),
        ("target=rel/key", [f"id=key,src={key}"], "cat /rel/key; echo", [SECRET]),
        ("id=k,env=V", [f"id=k,src={key}"], "echo $V; ls /run 2>&1 || true", [SECRET, "ls: /run: No such file or directory"]),
        ("id=k,env=V,target=/x", [f"id=k,src={key}"], "echo $V; cat /x; echo", [SECRET, SECRET]),
        ("id=k", ["id=k,env=KEY"], "cat /run/secrets/k; echo", ["of the environment"]),
        ("id=k", ["type=env,id=k,src=KEY"], "cat /run/secrets/k; echo", ["of the environment"]),
        ("id=named", ["id=named"], "cat /run/secrets/named; echo", ["by its id"]),
        ("id=k", ["id=k,env=KEY", "id=k,env=named"], "cat /run/secrets/k; echo", ["by its id"]),
        ("id=k", ["id=k,env=NOT_SET"], "wc -c </run/secrets/k", ["0"]),
        ("id=none", [], "ls /run/secrets 2>&1 | wc -l; ls /run/secrets/none 2>/dev/null || echo absent", ["1", "absent"]),
        ("id=none,env=V", [], "echo \"<${V-unset}>\"", ["<>"]),
    ]
    for mount, secrets, script, expected in table:
        flags = [word for secret in secrets for word in ("--secret", secret)]
        equal(output(s, f"RUN --mount=type=secret,{mount} {script}\n", *flags, env=env), expected, mount)


def test_a_secret_wins_over_other_variables(s):
    load_busybox(s)
    text = "ENV V=image\nRUN --mount=type=secret,id=k,env=V echo $V\nRUN echo $V\n"
    equal(output(s, text, "--secret", f"id=k,src={secret_file(s)}"), [SECRET, "image"], "the variable")


def test_a_secret_is_read_only_and_hidden_from_others(s):
    load_busybox(s)
    text = ("USER user\nRUN --mount=type=secret,id=k cat /run/secrets/k 2>&1 || true\nUSER root\n"
            "RUN --mount=type=secret,id=k (echo x >/run/secrets/k) 2>&1 || true\n")
    lines = output(s, text, "--secret", f"id=k,src={secret_file(s)}")
    contains(lines[0], "Permission denied")
    contains(lines[1], "Read-only file system")


def test_a_secret_is_nowhere(s):
    """Neither while its step runs nor afterwards is it in the store, the image, the history or the log."""
    load_busybox(s)
    meeting = Meeting(s)
    context = s.context("c", {"Dockerfile": BASE + (
        f"RUN --mount=type=secret,id=k --mount=type=secret,id=k,env=V,target=/x cat /x >/dev/null && {meeting.wait} "
        "&& echo ${#V} >/length\nRUN ls -a / /run >/listing 2>&1 || true\n")})
    archive, log = s.path("image.tar"), s.path("log")
    with open(log, "wb") as out:
        process = subprocess.Popen(
            [s.program, "--progress", "rawjson", "--secret", f"id=k,src={secret_file(s)}", "-t", "image",
             "-o", f"type=oci,dest={archive},compression=uncompressed", context],
            env=s.env(), cwd=s.dir, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    leave = meeting.arrival()
    needle = SECRET.encode()
    given = str(s.path("given", "key"))
    during = places_of(s.dir, needle)  # TMPDIR is there, too
    leave()
    equal(process.wait(), 0, f"exit code\n{log.read_text()}")
    s.no_sanitizer_report()
    equal(during, [given], "files with the secret while the step runs")
    s.path("history").write_bytes(s.mybuild("history", "--no-trunc", "image").stdout)
    s.path("inspect").write_bytes(s.mybuild("inspect", "image").stdout)
    equal(places_of(s.dir, needle), [given], "files with the secret afterwards")
    image = Archive(archive)
    equal(image.content(1, "length").decode().strip(), str(len(SECRET)), "the step has had it")
    equal(sorted(image.entries(1)), ["length"], "the layer of the step with the secret")
    lacks(image.content(2, "listing").decode(), "secrets", "the root of the step after it")


def test_the_place_of_a_secret_is_removed_unless_used(s):
    load_busybox(s)
    flag = ["--secret", f"id=k,src={secret_file(s)}"]
    equal(changed_paths(s, "RUN --mount=type=secret,id=k true\n", *flag), [], "nothing made by the step")
    equal(changed_paths(s, "RUN --mount=type=secret,id=k touch /run/secrets/own\n", *flag),
          ["run", "run/secrets", "run/secrets/own"], "a file made beside it")
    text = "RUN mkdir -p /etc/app && echo mine >/etc/app/key\nRUN --mount=type=secret,id=k,target=/etc/app/key cat /etc/app/key\n"
    equal(changed_paths(s, text, *flag), [], "mounted over a file of the image")


def test_a_secret_is_in_no_key(s):
    load_busybox(s)
    text = "RUN --mount=type=secret,id=k,env=V echo ${#V}\nRUN --mount=type=secret,id=k wc -c </run/secrets/k\n"
    build(s, text, "--secret", f"id=k,src={secret_file(s)}")
    for args in (["--secret", f"id=k,src={secret_file(s, 'another one')}"], ["--secret", "id=k,env=HOME"], []):
        equal(build(s, text, *args).cached(), [2, 3], f"cached steps with {args}")
    equal(build(s, text.replace("env=V", "env=W").replace("#V", "#W")).cached(), [3],
          "cached steps with another variable in the first")


def test_errors_of_secrets(s):
    load_busybox(s)
    error = failure(s, "RUN true\nRUN --mount=type=secret,id=k,required cat /run/secrets/k\n")
    for words in ("secret k: not found", "Dockerfile:3:13", "--secret id=k"):
        contains(error, words)
    large = s.path("large")
    large.write_bytes(b"x" * 512001)
    nul = s.path("nul")
    nul.write_bytes(b"a\0b")
    context = s.context("c", {"Dockerfile": BASE + "RUN --mount=type=secret,id=k,env=V true\n"})
    for code, given, words in ((1, f"id=k,src={s.path('missing')}", ["failed to stat", "missing"]),
                               (1, f"id=k,src={large}", ["secret k too big. max size 512000 bytes"]),
                               (1, f"id=k,src={s.dir}", ["is a directory"]),
                               (1, f"id=k,src={nul}", ["NUL", "Dockerfile:2:13"]),
                               (2, "src=x", ["secret missing ID"]),
                               (2, "id=k,type=vault", ["unsupported secret type \"vault\""]),
                               (2, "id=k,scr=x", ["unexpected key 'scr' in 'scr=x'", "src"])):
        run = s.mybuild("--secret", given, context, check=code)
        for word in words:
            contains(run.err, word)


def test_a_secret_from_a_pipe_is_read_once(s):
    """As with --secret id=k,src=<(pass show key): every step has it."""
    load_busybox(s)
    context = s.context("c", {"Dockerfile": BASE + "RUN --mount=type=secret,id=k cat /run/secrets/k\n"
                              "RUN --mount=type=secret,id=k cat /run/secrets/k; echo\n"})
    run = s.run("bash", "-c", f"exec {s.program} --secret id=k,src=<(echo {SECRET}) {context}")
    equal(run.out.count(SECRET), 2, f"times printed\n{run}")


# -- tmpfs -------------------------------------------------------------------------------------------

def test_tmpfs(s):
    load_busybox(s)
    size = "df -k {} | tail -n 1 | tr -s ' ' | cut -d ' ' -f 2"
    table = [
        ("target=/t,size=1m", size.format("/t"), ["1024"]),
        ("target=/new", "stat -c %a /new", ["1777"]),
        ("target=/root", "stat -c %a /root; ls -A /root | wc -l", ["700", "0"]),
        ("target=/t,readonly", "(echo x >/t/x) 2>&1 | grep -c Read-only", ["1"]),
        ("target=/t", "grep -c ' /t tmpfs rw,nosuid' /proc/mounts", ["1"]),
    ]
    for options, script, expected in table:
        equal(output(s, f"RUN --mount=type=tmpfs,{options} {script}\n"), expected, options)
    equal(changed_paths(s, "RUN --mount=type=tmpfs,target=/t/u echo x >/t/u/f && echo y >/t/g\n"), ["t", "t/g"],
          "what is left of it")
