"""RUN --mount: what a step gets besides its layers, and that nothing of it stays."""
import os
import re
import shutil
import socket
import stat
import subprocess
import tarfile

from harness.core import check, contains, equal, lacks, wait_for
from harness.images import BUSYBOX_CONFIG, Archive, busybox_layer, layer, load_busybox, write_archive
from harness.meeting import Meeting
from harness.ssh_keys import ssh_agent, ssh_key
from harness.transcript import Transcript
from harness.trees import describe, differences

BASE = "FROM mybuild.example/busybox:1\n"


def build(s, text, *args, files=None, name="c", before="", **options):
    """Builds a Dockerfile on busybox, after other stages; returns its transcript."""
    return Transcript(s.mybuild(*args, s.context(name, {"Dockerfile": before + BASE + text, **(files or {})}), **options))


def output(s, text, *args, **options):
    """What the steps of a build that runs anew have printed."""
    return [line for step in build(s, text, "--no-cache", *args, **options).steps for line in step.output]


def failure(s, text, *args, before="", **options):
    """The error of a build that must fail."""
    return s.mybuild(*args, s.context("failing", {"Dockerfile": before + BASE + text}), check=1, **options).err


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


# -- binds from stages and images ----------------------------------------------------------------------

TOOLS = ("FROM mybuild.example/busybox:1 AS tools\nRUN mkdir -p /opt/bin /opt/empty && echo tool >/opt/bin/tool && "
         "chown 7:8 /opt/bin/tool && ln -s bin/tool /opt/link && ln -s /opt/bin /short && echo deep >/opt/deep\n")


def test_binds_of_a_stage(s):
    load_busybox(s)
    table = [
        ("from=tools,target=/t", "cat /t/opt/bin/tool; stat -c '%u:%g' /t/opt/bin/tool", ["tool", "7:8"]),
        ("from=tools,source=/opt,target=/t", "cat /t/link /t/deep", ["tool", "deep"]),
        ("from=tools,source=opt/bin/../bin,target=/t", "ls /t", ["tool"]),
        ("from=tools,source=/short,target=/t", "ls /t", ["tool"]),
        ("from=tools,source=/opt/bin/tool,target=/a/b", "cat /a/b", ["tool"]),
        ("from=tools,source=/opt/link,target=/a/b", "cat /a/b", ["tool"]),
        ("from=tools,source=/opt,target=/t", "touch /t/x 2>&1 || true", ["touch: /t/x: Read-only file system"]),
        ("from=tools,source=/opt,target=/t,rw", "echo x >>/t/bin/tool && touch /t/new && cat /t/bin/tool", ["tool", "x"]),
        ("from=tools,target=/t,rw", "rm -r /t/opt && ls /t/opt 2>&1 || true", ["ls: /t/opt: No such file or directory"]),
        ("from=scratch,target=/t", "ls -A /t | wc -l", ["0"]),
        ("from=mybuild.example/busybox:1,source=/etc,target=/t", "head -n 1 /t/passwd", ["root:x:0:0:root:/root:/bin/sh"]),
    ]
    for options, script, expected in table:
        equal(output(s, f"RUN --mount={options} {script}\n", before=TOOLS), expected, options)
    untouched = "RUN --mount=from=tools,source=/opt,target=/t cat /t/bin/tool; ls /t | tr '\\n' ' '; echo\n"
    both = "RUN --mount=from=tools,source=/opt,target=/t,rw echo x >>/t/bin/tool && touch /t/new\n" + untouched
    equal(output(s, both, before=TOOLS), ["tool", "bin deep empty link "], "the stage after a step that wrote to it")


def test_nested_targets_in_any_order(s):
    load_busybox(s)
    text = ("RUN --mount=type=tmpfs,target=/a/opt/empty --mount=from=tools,target=/a --mount=type=tmpfs,target=/z "
            "--mount=from=tools,source=/opt/deep,target=/z/deep touch /a/opt/empty/x && cat /a/opt/deep /z/deep\n")
    equal(output(s, text, before=TOOLS), ["deep", "deep"], "what is mounted in what")
    equal(changed_paths(s, text, before=TOOLS), [], "what is left in the layer")
    error = failure(s, "RUN --mount=from=tools,target=/a --mount=type=tmpfs,target=/a/new true\n", before=TOOLS)
    contains(error, "cannot mount on /a/new")


def test_binds_leave_nothing(s):
    load_busybox(s)
    text = "RUN --mount=from=tools,target=/deep/er/place,rw touch /deep/er/place/x\n"
    equal(changed_paths(s, text, before=TOOLS), [], "what is left")


def test_what_a_bind_of_a_stage_makes_run_again(s):
    """By content, and only of what `source` names."""
    load_busybox(s)
    text = ("FROM mybuild.example/busybox:1 AS tools\nRUN mkdir /a /b && echo {a} >/a/f && echo {b} >/b/f\n"
            "FROM mybuild.example/busybox:1\nRUN --mount=from=tools,source=/a,target=/t cat /t/f\n")

    def steps(a, b):
        context = s.context("c", {"Dockerfile": text.format(a=a, b=b)})
        return Transcript(s.mybuild(context)).cached()

    equal(steps("1", "1"), [], "cached steps at first")
    equal(steps("1", "1"), [2, 4], "cached steps when nothing changed")
    equal(steps("1", "2"), [4], "cached steps when something else in the stage changed")
    equal(steps("2", "2"), [], "cached steps when the bound file changed")


def test_errors_of_binds(s):
    load_busybox(s)
    error = failure(s, "RUN --mount=from=tools,source=/opt/nothing,target=/t true\n", before=TOOLS)
    for words in ('"/opt/nothing" not found in the stage tools', "Dockerfile:4:13"):
        contains(error, words)
    error = failure(s, "RUN --mount=from=tools,source=/opt/deep,target=/bin true\n", before=TOOLS)
    contains(error, "/bin")


# -- binds from the context ----------------------------------------------------------------------------

PROJECT = {"a": "a\n", "dir/b": "b\n", "dir/sub/c": "c\n", "dir/skipped": "skipped\n", "log/one.log": "log\n",
           "log/keep.log": "keep\n", ".dockerignore": "dir/skipped\n*.secret\nlog\n!log/keep.log\nDockerfile\n",
           "x.secret": "secret\n"}


def project(s, text, name="c", **more):
    root = s.context(name, {**PROJECT, **more, "Dockerfile": BASE + text})
    (root / "link").unlink(missing_ok=True)
    (root / "link").symlink_to("dir/sub/c")
    return root


def lines(s, context, *args, **options):
    run = Transcript(s.mybuild("--no-cache", *args, context, **options))
    return [line for step in run.steps for line in step.output]


TREE = "cd /t && find . | sort | tr '\\n' ' '; echo"
SHOWN = ". ./.dockerignore ./a ./dir ./dir/b ./dir/sub ./dir/sub/c ./link ./log ./log/keep.log "


def test_binds_of_the_context(s):
    load_busybox(s)
    table = [
        ("target=/t", TREE, [SHOWN]),
        ("source=.,target=/t", TREE, [SHOWN]),
        ("type=bind,src=dir,dst=/t", TREE, [". ./b ./sub ./sub/c "]),
        ("source=/dir/../dir/sub,destination=/t", TREE, [". ./c "]),
        ("source=a,target=/x/y", "cat /x/y; ls -A /x", ["a", "y"]),
        ("source=link,target=/x", "cat /x; test ! -L /x", ["c"]),
        ("source=log,target=/t", TREE, [". ./keep.log "]),
        ("target=/t", "cat /t/link; touch /t/x 2>&1 || true", ["c", "touch: /t/x: Read-only file system"]),
        ("target=/t,rw", "echo x >>/t/a && rm -r /t/dir && touch /t/new && cat /t/a && ls /t | tr '\\n' ' '; echo",
         ["a", "x", "a link log new "]),
        ("source=a,target=/x,rw", "echo x >>/x && cat /x", ["a", "x"]),
        ("from=,target=/t", TREE, [SHOWN]),
    ]
    for options, script, expected in table:
        context = project(s, f"WORKDIR /w\nRUN --mount={options} {script}\n")
        before = describe(context)
        equal(lines(s, context), expected, options)
        equal(differences(before, describe(context)), [], f"what {options} has changed in the context")
    context = project(s, "WORKDIR /w\nRUN --mount=type=bind find /w | sort | head -n 3\n"
                         "RUN --mount=source=a,target=b cat /w/b\nRUN ls -A /w | wc -l\n")
    equal(lines(s, context), ["/w", "/w/.dockerignore", "/w/a", "a", "0"], "targets below WORKDIR")


def test_the_context_belongs_to_root(s):
    """Whoever owns its files, and whatever the umask of its root: a layer made of them is the same everywhere."""
    load_busybox(s)
    look = "cd /t && find . | sort | xargs stat -c '%n %F %a %u:%g'"
    text = f"RUN --mount=target=/t {look}\nRUN --mount=source=a,target=/x stat -c '%a %u:%g' /x\n" \
           f"USER user\nRUN --mount=target=/t cat /t/a\n"
    context = project(s, text)
    expected = lines(s, context)
    check(all(line.endswith(" 0:0") for line in expected[:-1]), f"owners: {expected}")
    for owners in ({"": 1234}, {"": 1234, "dir": 77}, {"": 1234, "a": 0, "link": 5}, {"dir/sub/c": 9}, {"a": 9}):
        for path, owner in owners.items():
            for place in [context / path, *(context / path).rglob("*")] if (context / path).is_dir() else [context / path]:
                os.chown(place, owner, owner + 1 if owner else 0, follow_symlinks=False)
        context.chmod(0o700 if owners.get("") else 0o755)
        equal(lines(s, context), expected, f"what a step sees when files belong to {owners}")
        for place in [context, *context.rglob("*")]:
            os.chown(place, 0, 0, follow_symlinks=False)


def test_sockets_and_devices_of_the_context_are_none(s):
    load_busybox(s)
    text = "RUN --mount=target=/t stat -c '%n %F' /t/socket /t/fifo /t/null; echo x >/t/null 2>/dev/null; wc -c </t/socket\n"
    context = project(s, text)
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(context)  # the name of a socket has to be short
        server.bind("socket")
        os.chdir("/")
        os.mkfifo(context / "fifo")
        os.mknod(context / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        equal(lines(s, context), ["/t/socket regular empty file", "/t/fifo fifo", "/t/null character special file", "0"],
              "what a step sees")


def test_the_context_is_not_copied(s):
    load_busybox(s)
    meeting = Meeting(s)
    needle = "not-to-be-found-in-the-store-" + os.urandom(8).hex()
    context = project(s, f"RUN --mount=target=/t,rw {meeting.wait}\n", **{"large": needle})
    for place in [context, *context.rglob("*")]:
        os.chown(place, 1234, 1234, follow_symlinks=False)
    process = subprocess.Popen([s.program, context], env=s.env(), cwd=s.dir, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)
    leave = meeting.arrival()
    found = places_of(s.store, needle.encode())
    leave()
    equal(process.wait(), 0, "exit code")
    equal(found, [], "copies of a bound file in the store")


def test_contexts_that_have_to_be_copied(s):
    """File systems without identity mappings, other ones mounted inside, and a tar: the same to see."""
    s.need("mount", "umount")
    load_busybox(s)
    text = f"RUN --mount=target=/t {TREE}; stat -c %u:%g /t/a /t/dir/sub/c; cat /t/dir/sub/c\n" \
           "RUN --mount=target=/t,rw echo x >>/t/a && cat /t/a\nRUN --mount=source=a,target=/x cat /x && stat -c %u /x\n"
    context = project(s, text)
    expected = lines(s, context)
    for place in [context, *context.rglob("*")]:
        os.chown(place, 1234, 1234, follow_symlinks=False)

    def mounted(*args):
        s.run("mount", *args)
        s.defer(lambda: s.run("umount", args[-1]))

    overlay = s.path("overlay")
    for name in ("overlay", "upper", "work"):
        s.path(name).mkdir()
    mounted("-t", "overlay", "-o", f"lowerdir={context},upperdir={s.path('upper')},workdir={s.path('work')}", "none", overlay)
    equal(lines(s, overlay), expected, "on a file system without identity mappings")
    # What is mounted inside hides what is below it, here and there.
    (context / "dir/sub/hidden").write_text("x")
    (context / "dir/sub/c").write_text("hidden\n")
    mounted("-t", "tmpfs", "none", context / "dir/sub")
    (context / "dir/sub/c").write_text("c\n")
    equal(lines(s, context), expected, "with another file system in it")
    tar = s.path("context.tar")
    s.run("tar", "-C", context, "-cf", tar, ".")
    equal(lines(s, "-", stdin=tar.read_bytes()), expected, "from a tar")


def test_what_a_bind_of_the_context_makes_run_again(s):
    load_busybox(s)
    text = "RUN --mount=source=dir,target=/t cat /t/b\nRUN --mount=target=/t cat /t/a\nRUN true\n"
    context = project(s, text)

    def cached():
        return Transcript(s.mybuild(context)).cached()

    equal(cached(), [], "cached steps at first")
    equal(cached(), [2, 3, 4], "cached steps when nothing changed")
    (context / "x.secret").write_text("other\n")
    (context / "dir/skipped").write_text("other\n")
    (context / "log/new.log").write_text("other\n")
    os.utime(context / "a")
    os.chown(context / "dir/b", 55, 55)
    equal(cached(), [2, 3, 4], "cached steps when ignored files, times and owners changed")
    (context / "a").write_text("A\n")
    equal(cached(), [2, 4], "cached steps when one file changed")
    (context / "dir/b").chmod(0o755)
    equal(cached(), [4], "cached steps when a mode changed")
    (context / "dir/new").write_text("")
    equal(cached(), [4], "cached steps when a file came")
    (context / "dir/new").unlink()
    equal(cached(), [2, 3, 4], "cached steps when all is as it was")


def test_a_context_that_changes_meanwhile(s):
    """What a step has made of files that are no longer those of its keys is not taken for later builds."""
    load_busybox(s)
    meeting = Meeting(s)
    context = project(s, f"RUN --mount=source=a,target=/x cat /x >/first; {meeting.wait}\nRUN true\n")
    process = subprocess.Popen([s.program, context], env=s.env(), cwd=s.dir, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    leave = meeting.arrival()
    before = (context / "a").read_text()
    (context / "a").write_text("edited\n")
    leave()
    error = process.communicate()[1].decode()
    equal(process.returncode, 0, "exit code")
    for words in ("the build context has changed while this step ran", "Dockerfile:2:1"):
        contains(error, words)
    (context / "a").write_text(before)
    process = subprocess.Popen([s.program, context], env=s.env(), cwd=s.dir, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)
    meeting.arrival()()  # it runs again
    equal(process.wait(), 0, "exit code of the next build")
    equal(Transcript(s.mybuild(context)).cached(), [2, 3], "cached steps")


def test_mounts_of_named_contexts(s):
    load_busybox(s)
    named = s.context("named", {"f": "named\n", "hidden": "x", ".dockerignore": "hidden\n"})
    os.chown(named / "f", 1234, 1234)
    text = ("RUN --mount=from=other,target=/t ls /t; cat /t/f; stat -c %u /t/f\n"
            "RUN --mount=from=other,source=f,target=/f,rw echo x >>/f && cat /f\n"
            "RUN --mount=type=cache,from=other,target=/c ls /c; echo more >>/c/f; cat /c/f\n")
    expected = ["f", "named", "0", "named", "x", "f", "named", "more"]
    context = project(s, text)
    equal(lines(s, context, "--build-context", f"other={named}"), expected, "what steps see")
    equal(Transcript(s.mybuild("--build-context", f"other={named}", context)).cached(), [2, 3, 4], "cached steps")
    equal((named / "f").read_text(), "named\n", "the named context afterwards")
    (named / "f").write_text("new\n")
    equal(Transcript(s.mybuild("--build-context", f"other={named}", context)).cached(), [], "cached steps after a change")


def test_errors_of_context_binds(s):
    load_busybox(s)
    for source in ("nothing", "dir/skipped", "x.secret", "log/one.log"):
        context = project(s, f"RUN echo first\nRUN --mount=source={source},target=/t true\n")
        run = s.mybuild(context, check=1)
        for words in (f'"/{source}" not found in the build context', "Dockerfile:3:13", "hint: "):
            contains(run.err, words)
        lacks(run.out, "first")


# -- caches ------------------------------------------------------------------------------------------

def test_a_cache_survives(s):
    """It is there in the next step and the next build, whatever is answered from the cache of steps."""
    load_busybox(s)
    count = "RUN --mount=type=cache,target=/c echo x >>/c/log && wc -l </c/log\n"
    equal(output(s, count + count), ["1", "2"], "two steps of a build")
    equal(output(s, count), ["3"], "with --no-cache")
    equal(output(s, "RUN --mount=type=cache,target=/other,id=/c cat /other/log | wc -l\n"), ["3"], "by its id")
    equal(output(s, "RUN --mount=type=cache,target=/c,readonly touch /c/x 2>&1 || true\n"),
          ["touch: /c/x: Read-only file system"], "read-only")
    equal(changed_paths(s, count), [], "what is left in the layer")
    equal(build(s, count).cached(), [2], "cached steps")
    equal(output(s, count, store=s.path("another")) if load_busybox(s, s.path("another")) else 0, ["1"], "another store")


def test_which_cache_it_is(s):
    load_busybox(s)
    put = "RUN --mount=type=cache,{} echo {} >$(find /c -maxdepth 0)/who\n"
    see = "RUN --mount=type=cache,{} cat /c/who 2>/dev/null || echo nobody\n"
    build(s, put.format("target=/c", "plain") + put.format("target=/c,uid=1", "uid") + put.format("target=/c,id=x", "x") +
          put.format("target=/c,mode=0700", "mode"))
    table = [("target=/c", "plain"), ("target=/c/", "plain"), ("target=/c,uid=1", "uid"), ("target=/c,uid=1,gid=0", "uid"),
             ("target=/c,uid=2", "nobody"), ("target=/c,id=x", "x"), ("target=/c,id=x,sharing=locked", "x"),
             ("target=/c,mode=0700", "mode"), ("target=/c,from=scratch", "plain"), ("target=/c,id=y", "nobody")]
    for options, expected in table:
        equal(output(s, see.format(options)), [expected], options)
    space = ["--build-arg", "BUILDKIT_CACHE_MOUNT_NS=mine"]
    equal(output(s, see.format("target=/c"), *space), ["nobody"], "in another name space")
    build(s, put.format("target=/c", "mine"), *space)
    equal(output(s, see.format("target=/c"), *space), ["mine"], "in the name space")
    equal(output(s, see.format("target=/c")), ["plain"], "outside of it")


def test_owner_and_mode_of_a_cache(s):
    load_busybox(s)
    for options, expected in (("", "755 0:0"), (",uid=1000", "755 1000:0"), (",gid=50,mode=2770", "2770 0:50"),
                              (",uid=1000,source=/", "755 1000:0")):
        equal(output(s, f"RUN --mount=type=cache,target=/c{options} stat -c '%a %u:%g' /c\n"), [expected], options)
    equal(output(s, "USER user\nRUN --mount=type=cache,target=/home/user/c,uid=1000 touch ~/c/x && ls ~/c\n"), ["x"],
          "a cache of the step's user")


def test_a_cache_that_begins_with_something(s):
    load_busybox(s)
    see = "RUN --mount=type=cache,target=/c,from=tools{} {}\n"
    equal(output(s, see.format("", "cat /c/opt/deep && echo more >>/c/opt/deep"), before=TOOLS), ["deep"], "at first")
    equal(output(s, see.format("", "cat /c/opt/deep"), before=TOOLS), ["deep", "more"], "later")
    equal(output(s, see.format(",source=/opt", "cat /c/deep; stat -c '%u:%g' /c/bin/tool; readlink /c/link"), before=TOOLS),
          ["deep", "7:8", "bin/tool"], "a part of it")
    equal(output(s, see.format(",source=/opt/deep", "cat /c && echo file >>/c"), before=TOOLS), ["deep"], "a file")
    equal(output(s, see.format(",source=/opt/deep", "cat /c"), before=TOOLS), ["deep", "file"], "the file later")
    equal(output(s, see.format(",uid=3", "ls -A /c | wc -l; stat -c %u /c"), before=TOOLS), ["0", "3"], "a fresh directory")
    other = TOOLS.replace("deep >", "deeper >")
    equal(output(s, see.format("", "cat /c/opt/deep"), before=other), ["deeper"], "of a stage that has changed")
    contains(failure(s, see.format(",source=/no", "true"), before=TOOLS), '"/no" not found in the stage tools')


def test_a_part_of_a_cache(s):
    """Links in it lead nowhere but into the cache itself."""
    load_busybox(s)
    build(s, "RUN --mount=type=cache,target=/c mkdir -p /c/sub/etc /c/etc && echo inside >/c/etc/hosts && echo s >/c/sub/f "
             "&& ln -s /etc /c/absolute && ln -s ../../../../../../../../etc /c/relative && ln -s sub /c/link "
             "&& ln -s /proc/self/root /c/magic\n")
    see = "RUN --mount=type=cache,id=/c,target=/x,source={} cat /x/{} 2>&1 || true\n"
    for source, file, expected in (("/sub", "f", "s"), ("link", "f", "s"), ("/absolute", "hosts", "inside"),
                                   ("/relative", "hosts", "inside"), ("/../../..", "etc/hosts", "inside"),
                                   ("/sub/../sub", "f", "s")):
        equal(output(s, see.format(source, file)), [expected], source)
    for source in ("/nothing", "/magic"):
        error = failure(s, see.format(source, "f"))
        for words in (f'"{source}" not found in the cache mount /c', "Dockerfile:2:13"):
            contains(error, words)


def in_background(s, text, *args, name="background"):
    context = s.context(name, {"Dockerfile": BASE + text})
    log = s.path(f"{name}.log")
    with open(log, "wb") as out:
        process = subprocess.Popen([s.program, "--no-cache", "--progress", "rawjson", *args, context], env=s.env(),
                                   cwd=s.dir, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    s.defer(process.kill)
    process.log = log
    return process


def ended_well(s, process):
    equal(process.wait(60), 0, f"exit code\n{process.log.read_text()}")
    s.no_sanitizer_report()


def test_a_locked_cache_is_waited_for(s):
    load_busybox(s)
    first, second = Meeting(s), Meeting(s)
    text = "RUN --mount=type=cache,target=/c,sharing=locked echo {0} >>/c/log && {1} && echo {0} >>/c/log\n"
    one = in_background(s, text.format("one", first.wait), name="one")
    leave = first.arrival()
    two = in_background(s, text.format("two", second.wait), name="two")
    wait_for(lambda: '"waiting"' in two.log.read_text(), "the second build to wait", process=two)
    contains(two.log.read_text(), "cache mount /c, which another step uses")
    lacks(two.log.read_text(), '"running"')
    # Who shares waits for who has locked it, too; other caches are nobody's concern.
    three = in_background(s, "RUN --mount=type=cache,target=/c cat /c/log\n", name="three")
    wait_for(lambda: '"waiting"' in three.log.read_text(), "the third build to wait", process=three)
    equal(output(s, "RUN --mount=type=cache,target=/d,sharing=locked echo free\n"), ["free"], "another cache")
    leave()
    second.arrival()()
    for process in (one, two, three):
        ended_well(s, process)
    equal(output(s, "RUN --mount=type=cache,target=/c cat /c/log\n"), ["one", "one", "two", "two"], "what they wrote")


def test_waiting_for_a_cache_can_be_given_up(s):
    load_busybox(s)
    meeting = Meeting(s)
    one = in_background(s, f"RUN --mount=type=cache,target=/c,sharing=locked {meeting.wait}\n", name="one")
    leave = meeting.arrival()
    two = in_background(s, "RUN --mount=type=cache,target=/c,sharing=locked true\n", name="two")
    wait_for(lambda: '"waiting"' in two.log.read_text(), "the second build to wait", process=two)
    two.terminate()
    equal(two.wait(30), 143, "exit code of the build that was interrupted")
    # One that is killed gives its lock back.
    one.kill()
    one.wait()
    leave()
    equal(output(s, "RUN --mount=type=cache,target=/c,sharing=locked echo mine\n"), ["mine"], "after a kill")


def test_private_caches_are_apart(s):
    load_busybox(s)
    meeting = Meeting(s)
    text = "RUN --mount=type=cache,target=/c,sharing=private cat /c/who 2>/dev/null; echo {} >/c/who\n"
    build(s, text.format("first"))
    one = in_background(s, f"RUN --mount=type=cache,target=/c,sharing=private cat /c/who && {meeting.wait} && echo one >>/c/who\n")
    leave = meeting.arrival()
    contains(one.log.read_text(), "first")
    equal(output(s, text.format("two")), [], "a copy of its own, empty at first")
    leave()
    ended_well(s, one)
    equal(output(s, text.format("three")), ["first", "one"], "the first copy again")


def test_shared_caches_are_shared(s):
    """Also within one build, by stages that run at the same time."""
    load_busybox(s)
    first, second = Meeting(s), Meeting(s)
    one = in_background(s, f"RUN --mount=type=cache,target=/c echo one >/c/one && {first.wait} && cat /c/two\n", name="one")
    leave_first = first.arrival()
    two = in_background(s, f"RUN --mount=type=cache,target=/c cat /c/one && echo two >/c/two && {second.wait}\n", name="two")
    leave_second = second.arrival()
    leave_first()
    leave_second()
    ended_well(s, one)
    ended_well(s, two)


def test_caches_taken_in_different_orders(s):
    """Stages at the same time that lock the same caches never wait for each other for ever."""
    load_busybox(s)
    stage = BASE.strip() + " AS s{0}\nRUN --mount=type=cache,id={1},target=/1,sharing=locked " \
        "--mount=type=cache,id={2},target=/2,sharing=locked echo {0} >>/1/log && echo {0} >>/2/log\n"
    stages = "".join(stage.format(n, *(("a", "b") if n % 2 else ("b", "a"))) for n in range(8))
    copies = "".join(f"COPY --from=s{n} /etc/passwd /{n}\n" for n in range(8))
    context = s.context("c", {"Dockerfile": stages + BASE + copies})
    s.mybuild(context, timeout=120)
    equal(output(s, "RUN --mount=type=cache,id=a,target=/1 wc -l </1/log\n"), ["8"], "lines")
    # The same cache twice in a step is one directory.
    equal(output(s, "RUN --mount=type=cache,id=a,target=/1,sharing=locked --mount=type=cache,id=a,target=/2,sharing=private "
                 "echo here >/1/x && cat /2/x\n"), ["here"], "the same cache twice")


def test_a_new_cache_is_whole_or_not_there(s):
    """A build that is killed while it makes one leaves nothing torn."""
    big = s.path("big.tar")
    write_archive(big, "mybuild.example/big:1", [layer([(f"f{n}", {"mode": 0o644}, b"x" * 50000) for n in range(400)])])
    load_busybox(s)
    s.mybuild("load", "-i", big)
    text = "RUN --mount=type=cache,target=/c,from=mybuild.example/big:1 ls /c | wc -l\n"
    for delay in (0.05, 0.1, 0.15, 0.2):
        process = in_background(s, text)
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    equal(output(s, text), ["400"], "files in the cache")


# -- ssh ---------------------------------------------------------------------------------------------

SSH_BASE = "mybuild.example/ssh:1"


def load_ssh_base(s):
    """busybox with Debian's ssh-add and the libraries it needs."""
    s.need("ssh-add", "ssh-agent", "ssh-keygen", "ldd")
    load_busybox(s)
    files, directories = {}, set()
    program = shutil.which("ssh-add")
    linked = s.run("ldd", program).out
    for path in [program, *re.findall(r"(/\S+) \(0x", linked)]:
        with open(path, "rb") as file:
            files[path.lstrip("/")] = file.read()
        folder = os.path.dirname(path)
        while folder != "/":
            directories.add(folder.lstrip("/"))
            folder = os.path.dirname(folder)
    entries = [(name, {"type": tarfile.DIRTYPE, "mode": 0o755}, b"") for name in sorted(directories)]
    entries += [(name, {"mode": 0o755}, content) for name, content in files.items()]
    archive = s.path("ssh.tar")
    write_archive(archive, SSH_BASE, [busybox_layer(), layer(entries)], BUSYBOX_CONFIG)
    s.mybuild("load", "-i", archive)


def ssh_output(s, text, *args, **options):
    """What the steps of a build on the base with ssh-add have printed; `copy` files are in /keys."""
    run = s.mybuild("--no-cache", *args, s.context("ssh", {"Dockerfile": f"FROM {SSH_BASE}\n{text}", **options.pop("files", {})}),
                    **options)
    return [line for step in Transcript(run).steps for line in step.output]


def test_an_agent_is_usable_in_a_step(s):
    """ssh-add lists the keys, and signs with them and checks the signatures, as root and as somebody else."""
    load_ssh_base(s)
    key, public = ssh_key(s, "ed25519")
    agent = ssh_agent(s, key)
    text = ("COPY k.pub /k.pub\nRUN --mount=type=ssh echo $SSH_AUTH_SOCK; ssh-add -L; ssh-add -T /k.pub && echo signed\n"
            "USER user\nRUN --mount=type=ssh,uid=1000,target=/tmp/agent stat -c '%F %a %u:%g' /tmp/agent; ssh-add -L; "
            "ssh-add -T /k.pub && echo signed\n"
            "RUN --mount=type=ssh ssh-add -l 2>&1 || true\nRUN ls -A /run 2>&1 || true; echo ${SSH_AUTH_SOCK-none}\n")
    expected = ["/run/buildkit/ssh_agent.0", public.strip(), "signed", "socket 600 1000:0", public.strip(), "signed"]
    for args, env in ((["--ssh", "default"], {"SSH_AUTH_SOCK": agent}), (["--ssh", f"default={agent}"], {}),
                      (["--ssh", f"default={agent},raw=true"], {})):
        lines_seen = ssh_output(s, text, *args, env=env, files={"k.pub": public})
        equal(lines_seen[:6], expected, f"with {args}")
        contains(lines_seen[6], "Permission denied", "another user's socket")
        equal(lines_seen[7:], ["ls: /run: No such file or directory", "none"], "the step after it")


def test_keys_without_an_agent(s):
    load_ssh_base(s)
    keys, publics = [], []
    for kind in ("ed25519", "ecdsa", "rsa"):
        key, public = ssh_key(s, kind)
        keys.append(str(key))
        publics.append(public)
    pem = s.path("pem")
    shutil.copy(keys[2], pem)
    s.run("ssh-keygen", "-p", "-q", "-m", "PEM", "-N", "", "-f", pem)
    files = {f"{n}.pub": public for n, public in enumerate(publics)}
    text = ("COPY *.pub /\nRUN --mount=type=ssh ssh-add -L | cut -d ' ' -f 1,2; for k in /*.pub; do ssh-add -T $k && echo $k; done\n"
            "RUN --mount=type=ssh ssh-add -D 2>&1; ssh-add -l | wc -l\n")
    lines_seen = ssh_output(s, text, "--ssh", "default=" + ",".join(keys), files=files)
    equal(lines_seen[:3], [" ".join(public.split()[:2]) for public in publics], "the keys")
    equal(lines_seen[3:6], ["/0.pub", "/1.pub", "/2.pub"], "the keys that sign")
    equal(lines_seen[-1], "3", "keys after the step has tried to remove them")
    equal(ssh_output(s, "COPY *.pub /\nRUN --mount=type=ssh ssh-add -T /2.pub && echo signed\n", "--ssh", f"default={pem}",
                     files=files), ["signed"], "a key in PEM")


def test_several_agents(s):
    load_ssh_base(s)
    one, public_one = ssh_key(s, "ed25519", "one")
    two, public_two = ssh_key(s, "ed25519", "two")
    text = ("RUN --mount=type=ssh,id=one --mount=type=ssh,id=two,target=/two ssh-add -L && SSH_AUTH_SOCK=/two ssh-add -L\n"
            "RUN --mount=type=ssh,id=none echo $SSH_AUTH_SOCK; ls $SSH_AUTH_SOCK 2>&1 || true\n"
            "ENV SSH_AUTH_SOCK=/mine\nRUN --mount=type=ssh,id=one echo $SSH_AUTH_SOCK\n")
    lines_seen = ssh_output(s, text, "--ssh", f"one={one}", "--ssh", f"two={ssh_agent(s, two)}")
    equal([line.split()[1] for line in lines_seen[:2]], [public_one.split()[1], public_two.split()[1]], "keys")
    equal(lines_seen[2:], ["/run/buildkit/ssh_agent.0", "ls: /run/buildkit/ssh_agent.0: No such file or directory", "/mine"],
          "without an agent")


def test_a_step_cannot_change_an_agent(s):
    load_ssh_base(s)
    key, public = ssh_key(s, "ed25519")
    other, _ = ssh_key(s, "ed25519", "other")
    agent = ssh_agent(s, key)
    text = "COPY other /other\nRUN --mount=type=ssh chmod 600 /other; (ssh-add /other; ssh-add -D; ssh-add -x </dev/null) 2>&1; ssh-add -L\n"
    lines_seen = ssh_output(s, text, "--ssh", f"default={agent}", files={"other": other.read_text()})
    equal(lines_seen[-1], public.strip(), "keys that the step sees")
    equal(s.run("ssh-add", "-L", env=s.env(SSH_AUTH_SOCK=agent)).out, public, "keys of the agent")


def test_an_agent_leaves_nothing(s):
    load_ssh_base(s)
    key, _ = ssh_key(s, "ed25519")
    archive = s.path("image.tar")
    context = s.context("c", {"Dockerfile": f"FROM {SSH_BASE}\nRUN --mount=type=ssh ssh-add -l\n"})
    s.mybuild("--ssh", f"default={key}", "-t", "image", "-o", f"type=oci,dest={archive},compression=uncompressed", context)
    equal(sorted(Archive(archive).entries(-1)), [], "the layer")
    private = key.read_bytes().splitlines()[3]
    equal(places_of(s.store, private), [], "files of the store with the key")
    # In no key of the step: another agent, or none, changes nothing.
    other, _ = ssh_key(s, "ed25519", "other")
    for args in (["--ssh", f"default={other}"], []):
        equal(Transcript(s.mybuild(*args, context)).cached(), [2], f"cached steps with {args}")


def test_errors_of_ssh(s):
    load_busybox(s)
    s.need("ssh-keygen")
    key, _ = ssh_key(s, "ed25519")
    encrypted, _ = ssh_key(s, "ed25519", "encrypted", "secret")
    agent = ssh_agent(s, key)
    error = failure(s, "RUN --mount=type=ssh,id=k,required true\n")
    for words in ('no SSH key "k" forwarded from the client', "Dockerfile:2:13", "--ssh k"):
        contains(error, words)
    context = s.context("c", {"Dockerfile": BASE + "RUN true\n"})
    for code, args, words in (
            (2, ["--ssh", "default"], ["invalid empty ssh agent socket", "ssh-agent"]),
            (2, ["--ssh", f"k={key}", "--ssh", f"k={key}"], ['duplicate agent ID "k"']),
            (1, ["--ssh", "k=/no/such/file"], ["/no/such/file"]),
            (1, ["--ssh", f"k={encrypted}"], ["encrypted keys are not supported", "ssh-add"]),
            (1, ["--ssh", f"k={context}/Dockerfile"], ["it is no private key"]),
            (2, ["--ssh", f"k={key},{agent}"], ["invalid combination of keys and sockets"]),
            (2, ["--ssh", f"k={agent},{key}"], ["only single socket allowed"]),
            (2, ["--ssh", f"k={key},raw=true"], ["raw mode only supported with socket paths"]),
            (2, ["--ssh", f"k={agent},{agent},raw=true"], ["raw mode must supply exactly one socket path"]),
            (2, ["--ssh", "k=x,raw=maybe"], ["raw"])):
        run = s.mybuild(*args, context, check=code)
        for word in words:
            contains(run.err, word)
