"""Building a case with mybuild."""
from harness.core import Scenario

from . import case as cases
from . import call, result


def build(case, directory, options, base, servers):
    """The result of a case, built with the store that all cases share."""
    s = Scenario(directory, options.mybuild, options.shared)
    places = servers.places(case.name)
    s.store = options.store
    context = cases.materialise(case, directory, places)
    archive = s.path("image.tar")

    def run(words, stdin=None):
        words = [cases.fill(word, places) for word in words]
        return s.mybuild("build", *words, cwd=context, env=case.env, check=None, stdin=stdin)

    try:
        for words in case.header.get("before", []):
            before = run(cases.shlex.split(words))
            if before.code != 0:
                return result.hidden(result.of_failure(f"error: in the build before: {before.err}"),
                                     hide(places))
        if "call" in case.header:
            method = case.one("call")
            called = run([*case.words("args"), *call.words(method), case.one("context", ".")])
            if method != "check" and called.code != 0:
                return result.of_failure(called.err)
            return call.of_json(method, called.out)
        stdin = (context / case.one("stdin")).read_bytes() if "stdin" in case.header else None
        done = run([*case.words("args"), "-o", f"type=oci,dest={archive}", case.one("context", ".")], stdin)
        if done.code == 0:
            found = result.of_image(archive, base, case.times, hide(places))
        else:
            found = result.hidden(result.of_failure(done.err), hide(places))
        return found
    finally:
        s.finish()


def hide(places):
    return {value: name for name, value in places.items()}
