"""Dockerfiles by chance: words with every kind of quote and expansion, instructions in odd forms, lines torn apart.
Most of them can be built, and need no network."""
import json

from . import case

FILES = [("f1", "644", "one"), ("f2", "755", "two"), ("d/g1", "600", "g1"), ("d/g2", "644", "g2"), ("ab/xbx", "644", "q")]
NAMES = ["a", "b", "X", "Y_1", "PATH", "v"]
TEXTS = ["x", "y1", "/", ".", "-", ":", "\\ ", "\\$", "\\\\", "\\n", '\\"', "\\'", "#", "*", "?", "%", "{", "}", "[", "]",
         "é", "~", "=", ",", '"p q"', "'u $v'", '"$a ${b}"', '"\\$a \\" \\x"', "''", '""', "$", "$1", "$@", "$$"]
EXPANSIONS = ["$%s", "${%s}", "${%s:-d}", "${%s-e}", "${%s:+f}", "${%s+g}", "${%s#*x}", "${%s%%%%b*}", "${%s/x/z}",
              "${%s//b/$a}", "${%s:-${b:-q}}", '${%s:-"r s"}', "${%s:-'$t'}"]
TEARS = ["\\\n", "\\\n# c\n", "\\ \n\n", "\\\n   "]


class Writer:
    """Writes Dockerfiles with one source of chance."""

    def __init__(self, chance):
        self.chance = chance
        self.choice = chance.choice

    def word(self, most=3):
        return "".join(self.choice(TEXTS) if self.chance.random() < 0.6 else self.choice(EXPANSIONS) % self.choice(NAMES)
                       for _ in range(self.chance.randint(1, most)))

    def words(self, most=2):
        return " ".join(self.word() for _ in range(self.chance.randint(1, most)))

    def array(self):
        return json.dumps([self.word() for _ in range(self.chance.randint(0, 2))])

    def pairs(self, names=NAMES):
        return " ".join(f"{self.choice(names)}={self.word()}" for _ in range(self.chance.randint(1, 3)))

    def instruction(self, has_shell):
        kinds = [self.env, self.arg, self.label, self.command, self.healthcheck, self.workdir, self.expose, self.other,
                 self.heredoc, self.copy]
        text = self.choice(kinds + ([self.run] * 3 if has_shell else []))()
        if self.chance.random() < 0.2 and "<<" not in text:
            at = self.chance.randrange(1, len(text))
            text = text[:at] + self.choice(TEARS) + text[at:]
        return text

    def keyword(self, *names):
        name = self.choice(names)
        return name.lower() if self.chance.random() < 0.2 else name

    def env(self):
        return self.keyword("ENV") + " " + self.choice([self.pairs(), f"{self.choice(NAMES)} {self.word(4)}"])

    def arg(self):
        return self.keyword("ARG") + " " + self.choice([self.choice(NAMES), self.pairs()])

    def label(self):
        return self.keyword("LABEL") + " " + self.choice([self.pairs(["l", "m", '"n o"', "k$a"]), "l " + self.word(4)])

    def command(self):
        return self.keyword("CMD", "ENTRYPOINT") + " " + self.choice([self.words(), self.array(), '["a",]'])

    def healthcheck(self):
        return self.keyword("HEALTHCHECK") + " " + self.choice(
            ["NONE", "CMD " + self.words(), "--retries=2 --timeout=1m CMD " + self.array()])

    def workdir(self):
        return self.keyword("WORKDIR") + " " + self.choice(["/", "./", "../"]) + self.word(2)

    def expose(self):
        ports = ["80", "81/udp", "90-92", "$a", "${b:-70}", '"60"', "5$v"]
        return self.keyword("EXPOSE") + " " + " ".join(self.chance.choices(ports, k=self.chance.randint(1, 3)))

    def other(self):
        return self.choice([
            f"VOLUME {self.word(2)} /q{self.word(2)}", f"STOPSIGNAL {self.choice(['9', 'SIGTERM', '$X', '${a:-15}'])}",
            f"MAINTAINER {self.words()}", f"SHELL {json.dumps(['/bin/sh', self.word(1)])}",
            f"ONBUILD {self.choice(['LABEL l=', 'ENV a=', 'CMD ', 'WORKDIR /o'])}{self.word()}"])

    def heredoc(self):
        mark = self.choice(["E", "'E'", "-E"])
        return f"COPY <<{mark} /h{self.chance.randrange(3)}/\n{self.words()}\n\t{self.word()}\nE"

    def copy(self):
        flags = self.choice(["", "", "--chmod=7${u:-55} ", "--chown=1:2 ", "--chmod=u=rwX,go=r ", "--link "])
        return (self.keyword("COPY", "ADD") + " " + flags + self.choice(["f1 ", "f1 d ", "d/ ", "${a:-f1} ", "d/g? "]) +
                self.choice(["/c/", "/c/x/", "/c/y$a/", "./z/"]))

    def run(self):
        number = self.chance.randrange(3)
        return self.choice([
            f"RUN echo {self.word(4)} > /r{number}", f"RUN env | grep -E '^(a|b|X|Y_1|v)=' | sort > /e{number}",
            "RUN " + json.dumps(["sh", "-c", f"echo $0 {self.word(2)} > /x{number}", self.word()]),
            f"RUN <<E\necho {self.word()} >> /s\npwd >> /s\nE",
            f"RUN --mount=target=/m,source={self.choice(['d', '${a:-d}', '.'])} ls /m > /t"])

    def dockerfile(self):
        has_shell = self.chance.random() < 0.6
        text = self.choice([""] * 6 + ["# escape=`\n"])
        if self.chance.random() < 0.5:
            text += f"ARG {self.pairs()}\n"
        for stage in range(self.chance.randint(1, 2)):
            base = self.choice(["scratch", "s0"]) if stage else "mybuild.example/busybox:1" if has_shell else "scratch"
            text += f"FROM {base} AS s{stage}\n" + ("" if stage else 'ENV a=ab/xbx b="c d" v=4\n')
            for _ in range(self.chance.randint(1, 6)):
                text += self.instruction(has_shell and base != "scratch") + "\n"
        return text

    def case(self, name):
        sections = [("Dockerfile", None, None, self.dockerfile())]
        sections += [(path, mode, None, text) for path, mode, text in FILES]
        return case.Case(name, {"frontend": ["newest"]}, sections)
