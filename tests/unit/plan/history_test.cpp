#include "tests/unit/plan/planned.hpp"

#include <doctest/doctest.h>

namespace mybuild::plan::test {

TEST_CASE("history texts") {
    struct Case {
        std::string_view lines;
        std::string_view text; ///< of the last line
    };
    const Case cases[] = {
        {"RUN echo $x \"y\"", "RUN /bin/sh -c echo $x \"y\" # buildkit"},
        {"RUN [\"echo\", \"a b\"]", "RUN echo a b # buildkit"},
        {"RUN <<E\na\nb\nE", "RUN /bin/sh -c a\nb\n # buildkit"},
        {"RUN <<E\n#!/bin/sh\nE", "RUN /bin/sh -c /dev/pipes/E # buildkit"},
        {"RUN --mount=type=tmpfs,target=/t --network=none x", "RUN /bin/sh -c x # buildkit"},
        {"SHELL [\"/bin/bash\", \"-c\"]\nRUN x", "RUN /bin/bash -c x # buildkit"},
        {"COPY a b /c/", "COPY a b /c/ # buildkit"},
        {"ENV d=x\nCOPY $d \"./$d\"", "COPY x ./x # buildkit"},
        {"COPY [\"a b\", \"c\"]", "COPY a b c # buildkit"},
        {"COPY --chmod=644 --chown=u:g --link --parents --exclude=x --from=img a /b",
         "COPY --parents --chown=u:g --chmod=644 a /b # buildkit"},
        {"COPY <<E x /d/\nbody\nE", "COPY x <<E /d/ # buildkit"},
        {"ADD --checksum=sha256:"
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 --unpack http://x/y /",
         "ADD http://x/y / # buildkit"},
        {"ENV a=1 b=\"2 3\"", "ENV a=1 b=2 3"},
        {"ENV a b c", "ENV a=b c"},
        {"ARG a=1 b c=", "ARG a=1 b c="},
        {"LABEL a=1 \"b c\"='d e'", "LABEL a=1 b c=d e"},
        {"CMD x y", "CMD [\"/bin/sh\" \"-c\" \"x y\"]"},
        {"CMD [\"a\", \"b \\\"c\\\" \\\\ \\t \\u00e9 \\u0001 \\u007f \\u0085\"]",
         "CMD [\"a\" \"b \\\"c\\\" \\\\ \\t \u00e9 \\x01 \\x7f \\u0085\"]"},
        {"CMD []", "CMD []"},
        {"ENTRYPOINT [\"x\"]", "ENTRYPOINT [\"x\"]"},
        {"ENTRYPOINT []", "ENTRYPOINT []"},
        {"EXPOSE 80 443", "EXPOSE [443/tcp 80/tcp]"},
        {"VOLUME /a /b", "VOLUME [/a /b]"},
        {"USER u:g", "USER u:g"},
        {"WORKDIR /a", "WORKDIR /a"},
        {"WORKDIR /a\nWORKDIR b/../c", "WORKDIR /a/c"},
        {"WORKDIR /", "WORKDIR /"},
        {"STOPSIGNAL SIGTERM", "STOPSIGNAL SIGTERM"},
        {"SHELL [\"/bin/bash\", \"-c\"]", "SHELL [/bin/bash -c]"},
        {"MAINTAINER Some One", "MAINTAINER Some One"},
        {"HEALTHCHECK NONE", "HEALTHCHECK {Test:[NONE] Interval:0s Timeout:0s StartPeriod:0s "
                             "StartInterval:0s Retries:0}"},
    };
    for (const auto& [lines, text] : cases) {
        CAPTURE(lines);
        const auto planned = plan_text("FROM a\n" + std::string(lines) + "\n");
        CHECK(planned.last().created_by == text);
    }
}

TEST_CASE("RUN tells the declared args and their values") {
    struct Case {
        std::string_view text;
        std::map<std::string, std::string> build_args;
        std::string_view created_by;
    };
    const Case cases[] = {
        {"FROM a\nARG B=2\nARG A=1\nRUN x\n", {}, "RUN |2 B=2 A=1 /bin/sh -c x # buildkit"},
        {"FROM a\nARG A=1 B\nRUN x\n", {}, "RUN |2 A=1 B= /bin/sh -c x # buildkit"},
        {"FROM a\nARG A\nRUN x\n", {{"A", "given"}}, "RUN |1 A=given /bin/sh -c x # buildkit"},
        {"FROM a\nARG A=1\nARG B=2\nARG A=3\nRUN x\n",
         {},
         "RUN |2 A=3 B=2 /bin/sh -c x # buildkit"},
        // The value is the one that steps see.
        {"FROM a\nARG A=1\nENV A=2\nRUN x\n", {}, "RUN |1 A=2 /bin/sh -c x # buildkit"},
        {"FROM a\nENV A=2\nARG A\nRUN x\n", {}, "RUN |1 A=2 /bin/sh -c x # buildkit"},
        {"FROM a AS one\nARG Z=1\nFROM one\nARG A=2\nARG Z=3\nRUN x\n",
         {},
         "RUN |2 Z=3 A=2 /bin/sh -c x # buildkit"},
        {"FROM a AS one\nENV Z=env\nARG Z=arg\nFROM one\nRUN x\n",
         {},
         "RUN |1 Z=env /bin/sh -c x # buildkit"},
        {"FROM a\nRUN x\nARG A=1\n", {}, ""},
        {"FROM a\nARG A=1\nRUN [\"x\"]\n", {}, "RUN |1 A=1 x # buildkit"},
    };
    for (const auto& [text, build_args, created_by] : cases) {
        CAPTURE(text);
        const auto planned = plan_text(text, {.build_args = build_args});
        if (created_by.empty())
            CHECK(planned.step(0).created_by == "RUN /bin/sh -c x # buildkit");
        else
            CHECK(planned.last().created_by == created_by);
    }
}

TEST_CASE("secrets are in no history") {
    CHECK(history("FROM a\nRUN --mount=type=secret,id=token,env=TOKEN x\n") ==
          Words{"RUN /bin/sh -c x # buildkit"});
}

} // namespace mybuild::plan::test
