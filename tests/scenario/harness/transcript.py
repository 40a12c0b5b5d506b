"""The classic output of a build, taken apart."""
import dataclasses
import re

from .core import Failure, equal

STEP = re.compile(r"^Step (\d+)/(\d+) : (.*)$")
ID = re.compile(r"^ ---> ([0-9a-f]{12})$")
EMPTY_ID = re.compile(r"^ ---> ?$")
RUNNING = re.compile(r"^ ---> Running in ([0-9a-f]{12})$")
REMOVING = re.compile(r"^(?:Removing| ---> Removed) intermediate container ([0-9a-f]{12})$")


@dataclasses.dataclass
class Step:
    number: int
    text: str
    cached: bool = False
    ran: bool = False
    id: str = ""
    output: list = dataclasses.field(default_factory=list)


class Transcript:
    def __init__(self, run):
        self.run = run
        self.steps, self.tags, self.built, self.total = [], [], None, None
        for line in run.out.splitlines():
            self._take(line)

    def _take(self, line):
        if match := STEP.match(line):
            self.steps.append(Step(int(match[1]), match[3]))
            self.total = int(match[2])
        elif match := re.match(r"^Successfully built ([0-9a-f]{12})$", line):
            self.built = match[1]
        elif match := re.match(r"^Successfully tagged (\S+)$", line):
            self.tags.append(match[1])
        elif not self.steps:
            pass
        elif line == " ---> Using cache":
            self.steps[-1].cached = True
        elif RUNNING.match(line):
            self.steps[-1].ran = True
        elif match := ID.match(line):
            self.steps[-1].id = match[1]
        elif not (REMOVING.match(line) or EMPTY_ID.match(line)):
            self.steps[-1].output.append(line)

    def cached(self):
        """Numbers of the steps that were answered from the cache."""
        return [step.number for step in self.steps if step.cached]

    def fresh(self):
        """Numbers of the steps that were carried out: neither cached nor a FROM nor a global ARG."""
        return [step.number for step in self.steps
                if not step.cached and not step.text.upper().startswith("FROM ") and step.id]

    def ids(self):
        return [step.id for step in self.steps]

    def step(self, start):
        """The one step whose text begins so."""
        found = [step for step in self.steps if step.text.startswith(start)]
        if len(found) != 1:
            raise Failure(f"{len(found)} steps begin with {start!r}:\n{self.run}")
        return found[0]

    def expect_fresh(self, *numbers):
        equal(self.fresh(), list(numbers), f"steps that were carried out\n{self.run}\n")


def masked(text):
    """The text with every id replaced, so that transcripts of different stores compare."""
    text = re.sub(r"\bsha256:[0-9a-f]{64}\b", "sha256:<digest>", text)
    return re.sub(r"(?<![0-9a-zA-Z])[0-9a-f]{12}(?![0-9a-zA-Z])", "<id>", text)
