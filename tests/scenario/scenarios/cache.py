"""What is done again and what is not: steps depend on exactly what they use."""
import contextlib
import os
import shutil
import sqlite3

from harness.core import check, equal
from harness.images import Archive, load_busybox
from harness.transcript import Transcript

PROJECT = {
    "Dockerfile": """\
FROM mybuild.example/busybox:1
ARG FLAVOUR=plain
ENV MODE=fast
RUN echo tools >/tools
COPY lib /lib1
RUN cat /lib1/* >/all
COPY src /src
RUN echo $FLAVOUR >/flavour
""",
    "lib/a.txt": "a\n",
    "lib/b.txt": "b\n",
    "src/main.c": "int main;\n",
    "README": "not copied\n",
}
STEPS = [2, 3, 4, 5, 6, 7, 8]  # all but FROM


def build(s, context, *args, **options):
    iid = s.path("iid")
    transcript = Transcript(s.mybuild("--iidfile", iid, *args, context, **options))
    transcript.image = iid.read_text()
    return transcript


def start(s):
    load_busybox(s)
    context = s.context("project", PROJECT)
    first = build(s, context)
    equal(first.cached(), [], "cached steps of the first build")
    return context, first


def test_nothing_changed(s):
    context, first = start(s)
    for _ in range(2):
        again = build(s, context)
        equal(again.cached(), STEPS, f"cached steps\n{again.run}")
        equal(again.ids(), first.ids(), "step ids")
        equal(again.image, first.image, "image id")


def test_one_file_changed(s):
    context, first = start(s)
    (context / "src/main.c").write_text("int main();\n")
    again = build(s, context)
    equal(again.cached(), [2, 3, 4, 5, 6], f"cached steps\n{again.run}")
    again.expect_fresh(7, 8)
    check(again.image != first.image, "the image has the old id")
    (context / "src/main.c").write_text("int main;\n")
    back = build(s, context)
    equal(back.cached(), STEPS, "cached steps after changing it back")
    equal(back.image, first.image, "image id after changing it back")


def test_same_size_and_mtime_changed_content(s):
    """The stat index must not be fooled by a file that changes within the clock's grain."""
    context, _ = start(s)
    for letter in "cdefghij":
        file = context / "lib/a.txt"
        info = file.stat()
        file.write_text(letter + "\n")
        os.utime(file, ns=(info.st_atime_ns, info.st_mtime_ns))
        again = build(s, context, "-o", f"type=local,dest={s.path('out-' + letter)}")
        check(5 not in again.cached(), f"the changed file was not seen\n{again.run}")
        equal(s.path(f"out-{letter}", "all").read_text(), f"{letter}\nb\n", "/all")


def test_files_come_and_go(s):
    context, _ = start(s)
    (context / "lib/c.txt").write_text("c\n")
    equal(build(s, context).cached(), [2, 3, 4], "cached steps with a new file")
    os.unlink(context / "lib/c.txt")
    equal(build(s, context).cached(), STEPS, "cached steps without it")
    os.rename(context / "lib/a.txt", context / "lib/z.txt")
    equal(build(s, context).cached(), [2, 3, 4], "cached steps with a renamed file")


def test_mode_changed(s):
    context, _ = start(s)
    (context / "src/main.c").chmod(0o755)
    equal(build(s, context).cached(), [2, 3, 4, 5, 6], "cached steps")


def test_what_is_not_copied_does_not_count(s):
    context, first = start(s)
    (context / "README").write_text("changed\n")
    (context / "new-file").write_text("new\n")
    again = build(s, context)
    equal(again.cached(), STEPS, f"cached steps\n{again.run}")
    equal(again.image, first.image, "image id")


def test_one_argument_changed(s):
    context, _ = start(s)
    again = build(s, context, "--build-arg", "FLAVOUR=fancy")
    # The ARG is declared before the first RUN and seen by each of them; what COPY does not use is not its own.
    check(8 not in again.cached(), f"the argument was not seen\n{again.run}")
    equal(build(s, context, "--build-arg", "FLAVOUR=fancy").cached(), STEPS, "cached steps, same argument again")
    equal(build(s, context, "--build-arg", "FLAVOUR=plain").cached(), STEPS, "cached steps, the default given")


def test_one_line_changed(s):
    context, _ = start(s)
    dockerfile = context / "Dockerfile"
    text = dockerfile.read_text()
    dockerfile.write_text(text.replace("cat /lib1/* >/all", "cat /lib1/* /lib1/* >/all"))
    again = build(s, context)
    equal(again.cached(), [2, 3, 4, 5], f"cached steps\n{again.run}")
    dockerfile.write_text(text.replace("FROM", "# a comment\nFROM").replace("RUN cat", "run   cat"))
    equal(build(s, context).cached(), STEPS, "cached steps with a comment and other spelling")


def test_environment_reaches_run_not_copy(s):
    context, _ = start(s)
    dockerfile = context / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("MODE=fast", "MODE=slow"))
    again = build(s, context)
    check(3 not in again.cached(), f"ENV itself is answered from the cache\n{again.run}")
    check(4 not in again.cached(), f"RUN is answered from the cache with another environment\n{again.run}")


def test_early_cutoff(s):
    """A step that runs again and yields the same leaves what follows as it is, ids of the image included."""
    load_busybox(s)
    template = ("FROM mybuild.example/busybox:1\n"
                "COPY input /input\n"
                "RUN {}\n"
                "RUN cat /derived >/twice; date +%s%N >/when\n"
                "COPY other /other\n")
    context = s.context("project", {"Dockerfile": template.format("wc -l </input >/derived"),
                                    "input": "one\ntwo\n", "other": "other\n"})
    first = build(s, context)
    context.joinpath("Dockerfile").write_text(template.format("grep -c . /input >/derived"))
    again = build(s, context)
    check(again.step("RUN grep").ran, f"the changed step did not run\n{again.run}")
    equal(again.cached(), [2, 4, 5], f"cached steps\n{again.run}")
    last = build(s, context)
    equal(last.cached(), [2, 3, 4, 5], f"cached steps the next time\n{last.run}")
    equal(last.image, again.image, "image id the next time")


def test_early_cutoff_keeps_layers(s):
    """The layer of a step that yields the same content is the known one: its tar is not made anew."""
    load_busybox(s)
    context = s.context("project", {"Dockerfile": "FROM mybuild.example/busybox:1\nRUN echo x >/x\nRUN echo y >/y\n"})
    build(s, context, "-o", f"type=oci,dest={s.path('1.tar')}")
    context.joinpath("Dockerfile").write_text("FROM mybuild.example/busybox:1\nRUN printf 'x\\n' >/x\nRUN echo y >/y\n")
    again = build(s, context, "-o", f"type=oci,dest={s.path('2.tar')}")
    equal(again.cached(), [3], f"cached steps\n{again.run}")
    equal(Archive(s.path("2.tar")).config["rootfs"], Archive(s.path("1.tar")).config["rootfs"], "diff ids")


def test_touch_alone_changes_nothing(s):
    context, first = start(s)
    for directory, _, files in os.walk(context):
        os.utime(directory, (1, 1))
        for name in files:
            os.utime(os.path.join(directory, name), (2, 2))
    again = build(s, context)
    equal(again.cached(), STEPS, f"cached steps\n{again.run}")
    equal(again.image, first.image, "image id")


def test_fresh_clone(s):
    s.need("git")
    context, first = start(s)
    for command in (["init", "-q"], ["add", "."],
                    ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "all"]):
        s.run("git", *command, cwd=context)
    s.run("git", "clone", "-q", context, s.path("clone"))
    again = build(s, s.path("clone"))
    equal(again.cached(), STEPS, f"cached steps\n{again.run}")
    equal(again.ids(), first.ids(), "step ids")
    equal(again.image, first.image, "image id")


def test_other_owner_and_umask(s):
    """Ownership on the host never counts, nor does an umask where the instruction sets the mode."""
    load_busybox(s)
    context = s.context("project", {"Dockerfile": "FROM mybuild.example/busybox:1\nCOPY --chmod=644 a /a\nCOPY dir /dir\n",
                                    "a": "a\n", "dir/b": "b\n"})
    first = build(s, context)
    context.joinpath("a").chmod(0o600)
    for name in ("a", "dir", "dir/b"):
        os.chown(context / name, 1234, 1234)
    again = build(s, context)
    equal(again.cached(), [2, 3], f"cached steps\n{again.run}")
    equal(again.image, first.image, "image id")


def test_two_stores_agree_on_keys(s):
    context, first = start(s)
    copy = s.path("elsewhere/with a name of its own")
    shutil.copytree(context, copy)
    other = s.path("other-store")
    load_busybox(s, store=other)
    there = build(s, copy, store=other)
    equal(there.cached(), [], "cached steps in a fresh store")
    equal(there.ids(), first.ids(), "step ids")


def test_no_cache(s):
    context, first = start(s)
    again = build(s, context, "--no-cache")
    equal(again.cached(), [], f"cached steps\n{again.run}")
    equal(again.ids(), first.ids(), "step ids")


def test_base_changed(s):
    """Another image under the same name is another base."""
    context, _ = start(s)
    s.mybuild("-t", "mybuild.example/busybox:1", s.context("base", {
        "Dockerfile": "FROM mybuild.example/busybox:1\nRUN echo new >/new-in-base\n"}))
    again = build(s, context)
    check(not set(again.cached()) & {4, 6, 8}, f"a RUN is answered from the cache on another base\n{again.run}")


def test_last_use_is_kept_to_the_day(s):
    """What space is reclaimed by: a build that finds a step on record has used it."""
    context, _ = start(s)

    def days(statement="SELECT DISTINCT used_day FROM step_record"):
        with contextlib.closing(sqlite3.connect(s.path("store", "store.db"))) as database, database:
            return [day for (day,) in database.execute(statement)]

    today = days()
    days("UPDATE step_record SET used_day = used_day - 3")
    build(s, context)
    equal(days(), today, "days of last use")


def test_a_reboot_forgets_nothing(s):
    """A tree that was written before the machine was started last is looked at, and then used."""
    context, first = start(s)
    with contextlib.closing(sqlite3.connect(s.path("store", "store.db"))) as database, database:
        database.execute("UPDATE layer SET tree_boot = 'another'")
    again = build(s, context)
    equal(again.cached(), STEPS, "cached steps")
    equal(again.image, first.image, "image id")
    (context / "lib/a.txt").write_text("changed\n")
    equal(build(s, context).cached(), [2, 3, 4], "cached steps after a change")
