#include "tests/unit/plan/planned.hpp"

#include <doctest/doctest.h>

// Which parts of which instruction have variables replaced (dockerfile-language.md, 3.1), seen by
// what its history says.

namespace mybuild::plan::test {

namespace {

std::string last_entry(std::string_view line) {
    const std::string base = "FROM a\nENV x=val p=80 pp=\"80 81\" m=0644 s=9 q=\"'\" b='a\\b'\n";
    const auto entries = history(base + std::string(line) + "\n");
    REQUIRE_FALSE(entries.empty());
    return entries.back();
}

struct Row {
    const char* line;
    const char* entry;
};

template <std::size_t N>
void check(const Row (&rows)[N]) {
    for (const auto& row : rows) {
        CAPTURE(row.line);
        CHECK(last_entry(row.line) == row.entry);
    }
}

} // namespace

TEST_CASE("what is expanded") {
    check({
        {"ENV a=$x", "ENV a=val"},
        {"ENV $x=1", "ENV val=1"},
        {"ENV k $x y", "ENV k=val y"},
        {"LABEL a=\"${x}\"", "LABEL a=val"},
        {"LABEL $x=1", "LABEL val=1"},
        {"ARG a=$x", "ARG a=val"},
        {"ARG a=1 b=$a", "ARG a=1 b=1"},
        {"EXPOSE $p", "EXPOSE [80/tcp]"},
        {"EXPOSE $pp", "EXPOSE [80/tcp 81/tcp]"},
        {"EXPOSE 80${none:-80}", "EXPOSE [8080/tcp]"},
        {"EXPOSE $p-82/${none:-udp}", "EXPOSE [80/udp 81/udp 82/udp]"},
        {"EXPOSE $none", "EXPOSE []"},
        {"USER $x:$x", "USER val:val"},
        {"WORKDIR /$x", "WORKDIR /val"},
        {"WORKDIR $x y", "WORKDIR /val y"},
        {"STOPSIGNAL $s", "STOPSIGNAL 9"},
        {"VOLUME /$x $x", "VOLUME [/val val]"},
        {"VOLUME [\"/$x\", \"'$x'\"]", "VOLUME [/val $x]"},
        {"COPY $x ${x}2 /$x/", "COPY val val2 /val/ # buildkit"},
        {"COPY [\"$x\", \"/$x y\"]", "COPY val /val y # buildkit"},
        {"COPY --chown=$x:$p a /b", "COPY --chown=val:80 a /b # buildkit"},
        {"COPY --chmod=$m a /b", "COPY --chmod=0644 a /b # buildkit"},
        {"ADD $x /$x", "ADD val /val # buildkit"},
    });
}

TEST_CASE("what is not") {
    check({
        {"ARG $x=1", "ARG $x=1"},
        {"RUN echo $x", "RUN /bin/sh -c echo $x # buildkit"},
        {"RUN [\"echo\", \"$x\"]", "RUN echo $x # buildkit"},
        {"CMD $x", "CMD [\"/bin/sh\" \"-c\" \"$x\"]"},
        {"CMD [\"$x\"]", "CMD [\"$x\"]"},
        {"ENTRYPOINT $x", "ENTRYPOINT [\"/bin/sh\" \"-c\" \"$x\"]"},
        {"ENTRYPOINT [\"$x\"]", "ENTRYPOINT [\"$x\"]"},
        {"SHELL [\"$x\"]", "SHELL [$x]"},
        {"MAINTAINER $x", "MAINTAINER $x"},
        {"HEALTHCHECK CMD $x", "HEALTHCHECK {Test:[CMD-SHELL $x] Interval:0s Timeout:0s "
                               "StartPeriod:0s StartInterval:0s Retries:0}"},
        {"ENV a='$x'", "ENV a=$x"},
        {"ENV a=\\$x", "ENV a=$x"},
        {"ENV a=\"\\$x\"", "ENV a=$x"},
    });
    CHECK(plan_text("FROM a\nENV x=1\nCOPY --exclude=$x a /b\n").op<CopyOp>(1).excludes ==
          Words{"$x"});
    CHECK(plan_text("FROM a\nENV x=1\nONBUILD RUN echo $x\n").config().on_build ==
          Words{"RUN echo $x"});
}

TEST_CASE("quotes and escapes are removed where words are expanded, once more than JSON does") {
    check({
        {"WORKDIR \"/a b\"", "WORKDIR /a b"},
        {"WORKDIR /a\\ b", "WORKDIR /a b"},
        {"USER \"x\"'y'", "USER xy"},
        {"STOPSIGNAL \"9\"", "STOPSIGNAL 9"},
        {"VOLUME [\"/a\\\\ b\"]", "VOLUME [/a b]"},
        {"COPY [\"a\\\\b\", \"/c\"]", "COPY ab /c # buildkit"},
        {"COPY \"a\" '/b'", "COPY a /b # buildkit"},
        {"ENV a=$q", "ENV a='"},
        {"ENV a=$b", "ENV a=a\\b"},
        {"LABEL \"a b\"=\"c d\"", "LABEL a b=c d"},
    });
}

TEST_CASE("a mount's values are expanded, from is not") {
    const auto planned = plan_text("FROM a\n"
                                   "ENV x=val\n"
                                   "RUN --mount=type=cache,id=$x,target=/$x,uid=${u:-7} true\n");
    const auto& mount = planned.op<RunOp>(1).mounts.at(0);
    CHECK(mount.id == "val");
    CHECK(mount.target == "/val");
    CHECK(mount.uid == 7);
}

TEST_CASE("a heredoc's body is expanded in COPY unless its delimiter is quoted, never in RUN") {
    const auto body = [](std::string_view line) {
        const auto planned = plan_text("FROM a\nENV x=val\n" + std::string(line));
        return planned.op<CopyOp>(1).inline_files.at(0).content;
    };
    CHECK(body("COPY <<E /f\n$x '$x' \"$x\" \\$x\nE\n") == "val 'val' \"val\" $x\n");
    CHECK(body("COPY <<'E' /f\n$x \\$x\nE\n") == "$x \\$x\n");
    CHECK(body("COPY <<-E /f\n\t$x\n\tE\n") == "val\n");
    CHECK(body("ADD <<E /f\n${x:+y}\nE\n") == "y\n");
    CHECK(last_entry("RUN <<E\necho $x\nE") == "RUN /bin/sh -c echo $x\n # buildkit");
}

} // namespace mybuild::plan::test
