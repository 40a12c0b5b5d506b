#include "builder/plan/contexts.hpp"
#include "tests/unit/plan/planned.hpp"

using namespace mybuild;
using namespace mybuild::plan;
using namespace mybuild::plan::test;

namespace {

using Kind = ContextSpec::Kind;

std::string problem(std::string_view text) {
    const auto context = parse_named_context(text);
    if (context) return "none";
    CHECK(context.error().code == ErrorCode::usage);
    return context.error().message;
}

} // namespace

TEST_CASE("--build-context names an image or stage and what takes its place") {
    struct Case {
        const char* text;
        const char* name;
        Kind kind;
        const char* value;
        const char* selector;
    };
    for (const auto& c : std::vector<Case>{
             {"src=../src", "src", Kind::directory, "../src", ""},
             {"src=a=b", "src", Kind::directory, "a=b", ""},
             {"alpine=.", "alpine", Kind::directory, ".", ""},
             {"alpine:latest=.", "alpine", Kind::directory, ".", ""},
             {"docker.io/library/alpine=.", "alpine", Kind::directory, ".", ""},
             {"alpine:3.20=.", "alpine:3.20", Kind::directory, ".", ""},
             {"localhost:5000/x=.", "localhost:5000/x", Kind::directory, ".", ""},
             {"alpine::linux/arm64=.", "alpine::linux/arm64", Kind::directory, ".", ""},
             {"a=docker-image://busybox:1", "a", Kind::image, "", ""},
             {"a=container-image://busybox", "a", Kind::image, "", ""},
             {"a=docker://busybox", "a", Kind::image, "", ""},
             {"a=docker-image://scratch", "a", Kind::empty, "", ""},
             {"a=oci-layout:///tmp/l", "a", Kind::layout, "/tmp/l", ""},
             {"a=oci-layout:///tmp/l:v1", "a", Kind::layout, "/tmp/l", ":v1"},
             {"a=oci-layout:///t:mp/l", "a", Kind::layout, "/t:mp/l", ""},
             {"a=oci-layout://l@sha256:00", "a", Kind::layout, "l", "@sha256:00"},
             {"a=git@h:x/y.git#main", "a", Kind::git, "git@h:x/y.git#main", ""},
             {"a=https://h/x.git", "a", Kind::git, "https://h/x.git", ""},
             {"a=https://h/x.tar.gz", "a", Kind::url, "https://h/x.tar.gz", ""}}) {
        CAPTURE(c.text);
        const auto context = parse_named_context(c.text);
        REQUIRE(context);
        CHECK(context->first == c.name);
        CHECK(context->second.kind == c.kind);
        CHECK(context->second.text == c.value);
        CHECK(context->second.selector == c.selector);
    }
    CHECK(parse_named_context("a=docker-image://busybox:1")->second.image->familiar() ==
          "busybox:1");
}

TEST_CASE("--build-context that makes no sense is wrong usage") {
    CHECK(problem("src") == "invalid context value: src, expected key=value");
    CHECK(problem("src=") == "invalid context value: src=, expected key=value");
    CHECK(problem("=x") == "invalid context name ");
    CHECK(problem("UPPER=x") == "invalid context name UPPER");
    CHECK(problem("scratch=x") == "the context scratch cannot be replaced");
    CHECK(problem("context=x") == "the context context cannot be replaced");
    CHECK(problem("a::b/c/d/e=x").starts_with("invalid context name a::b/c/d/e: "));
    CHECK(problem("a=target:b") == "build context a: unsupported context source \"target\"");
    CHECK(problem("a=ftp://h/x") == "build context a: unsupported context source \"ftp\"");
    CHECK(problem("a=docker-image://UP").starts_with("build context a: invalid reference format"));
    CHECK(problem("a=https://h/x.git?what=1") == "build context a: unexpected query \"what\"");
}

TEST_CASE("a named context takes the place of an image wherever it is named") {
    const Given given{
        .contexts = {"base=docker-image://other:1", "src=dir", "layout=oci-layout://l"}};
    const auto planned = plan_text("FROM base AS a\n"
                                   "COPY --from=src x /\n"
                                   "COPY --from=src:latest x /\n"
                                   "COPY --from=docker.io/library/src x /\n"
                                   "RUN --mount=from=src,target=/m true\n"
                                   "FROM src\n"
                                   "COPY --from=a x /\n"
                                   "COPY --from=layout x /\n",
                                   given);
    const auto& graph = planned.graph;
    CHECK(shown(graph.stages[0].base) == "image other:1 linux/amd64");
    CHECK(shown(graph.stages[1].base) == "context src");
    const auto& first = planned.stages.at(0);
    for (std::size_t i = 0; i < 3; ++i)
        CHECK(shown(*std::get<CopyOp>(first.steps[i].op).from) == "context src");
    CHECK(shown(std::get<RunOp>(first.steps[3].op).mount_origins[0]) == "context src");
    const auto layout = *planned.op<CopyOp>(1).from;
    CHECK(std::get<FromImage>(layout).layout == "layout");
    CHECK(graph.contexts == Words{"src"});
    CHECK(graph.images.size() == 2);
    CHECK(planned.config().working_dir == "/");
    CHECK(planned.config().platform.str() == "linux/amd64");
}

TEST_CASE("names are those of stages before those of contexts") {
    const auto planned =
        plan_text("FROM scratch AS a\nFROM scratch\nCOPY --from=a x /\n", {.contexts = {"b=dir"}});
    CHECK(shown(*planned.op<CopyOp>(0).from) == "stage 0");
    CHECK(planned.graph.contexts.empty());
    CHECK(plan_text("FROM scratch\nCOPY --from=src:1 x /\n", {.contexts = {"src=dir"}})
              .graph.images.size() == 1);
}

TEST_CASE("a named context takes the place of a whole stage") {
    const auto* text = "FROM nowhere AS build\n"
                       "COPY --from=missing x /\n"
                       "ENV A=1\n"
                       "ONBUILD RUN true\n"
                       "FROM build\n"
                       "ENV B=2\n";
    const auto planned = plan_text(text, {.contexts = {"build=dir"}});
    CHECK(planned.graph.stages[0].replaced);
    CHECK(planned.graph.images.empty());
    CHECK(planned.stages.at(0).steps.empty());
    CHECK(planned.target().steps.size() == 1);
    const auto image = plan_text(text, {.contexts = {"build=docker-image://done"}});
    REQUIRE(image.graph.images.size() == 1);
    CHECK(image.graph.images[0].name.familiar() == "done:latest");
    CHECK(image.stages.at(0).steps.empty());
    const auto empty = plan_text(text, {.contexts = {"build=docker-image://scratch"}});
    CHECK(shown(empty.graph.stages[0].base) == "scratch");
}

TEST_CASE("a context for a platform comes before one for all") {
    const Given given{
        .contexts = {"base=docker-image://all", "base::linux/arm64=docker-image://arm"}};
    const auto planned = plan_text("FROM --platform=linux/arm64 base AS a\n"
                                   "FROM base\n"
                                   "COPY --from=a x /\n",
                                   given);
    CHECK(shown(planned.graph.stages[0].base) == "image arm:latest linux/arm64");
    CHECK(shown(planned.graph.stages[1].base) == "image all:latest linux/amd64");
}
