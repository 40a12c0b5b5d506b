#include "builder/plan/copy_source.hpp"
#include "tests/unit/plan/planned.hpp"

#include <doctest/doctest.h>

namespace mybuild::plan::test {

namespace {

/// The CopyOp of the last instruction.
CopyOp copy_of(std::string_view text, const Given& given = {}) {
    return std::get<CopyOp>(plan_text(text, given).last().op);
}

std::string copied_to(std::string_view workdir, std::string_view destination) {
    return copy_of("FROM a\nWORKDIR " + std::string(workdir) + "\nENV empty=\nCOPY x " +
                   std::string(destination) + "\n")
        .destination;
}

} // namespace

TEST_CASE("the destination is joined to WORKDIR and keeps what says that it is a directory") {
    struct Case {
        std::string_view workdir;
        std::string_view destination;
        std::string_view result;
    };
    const Case cases[] = {
        {"/w", "/x", "/x"},
        {"/w", "/x/", "/x/"},
        {"/w", "x", "/w/x"},
        {"/w", "x/", "/w/x/"},
        {"/w", ".", "/w/"},
        {"/w", "./", "/w/"},
        {"/w", "$empty", "/w/"},
        {"/w", "./x", "/w/x"},
        {"/w", "x/.", "/w/x/"},
        {"/w", "..", "/"},
        {"/w", "../x", "/x"},
        {"/w/v", "../x", "/w/x"},
        {"/w", "../../../x/", "/x/"},
        {"/w", "/", "/"},
        {"/w", "/a/../b//c", "/b/c"},
        {"/", ".", "/"},
        {"/", "x", "/x"},
        {"/w/", "x", "/w/x"},
        {"/w", "/.", "/"},
    };
    for (const auto& [workdir, destination, result] : cases) {
        CAPTURE(workdir);
        CAPTURE(destination);
        CHECK(copied_to(workdir, destination) == result);
    }
}

TEST_CASE("sources and destination are expanded, also in the JSON form") {
    const auto op = copy_of("FROM a\nENV d=dir\nCOPY $d/a \\\"b c\\\" $d/\\$x ./$d/\n");
    CHECK(op.sources == Words{"dir/a", "\"b", "c\"", "dir/$x"});
    const auto json = copy_of("FROM a\nENV d=dir\nCOPY [\"$d/a b\", \"'c'\", \"/$d/\"]\n");
    CHECK(json.sources == Words{"dir/a b", "c"});
    CHECK(json.destination == "/dir/");
}

TEST_CASE("each source knows its place") {
    const auto planned = plan_text("FROM a\nCOPY one two \\\n  three /\n");
    const auto& op = planned.op<CopyOp>(0);
    REQUIRE(op.source_spans.size() == 3);
    CHECK(planned.file->source->slice(op.source_spans[0]) == "one");
    CHECK(planned.file->source->slice(op.source_spans[2]) == "three");
}

TEST_CASE("flags") {
    const auto op = copy_of("FROM a\nENV u=1 m=644\n"
                            "COPY --chown=$u:2 --chmod=$m --parents --exclude=*.$x "
                            "--exclude=b a /\n");
    CHECK(op.chown == "1:2");
    CHECK(op.chmod == "644");
    CHECK(!op.link);
    CHECK(op.parents);
    CHECK(op.excludes == Words{"*.$x", "b"});
    CHECK(!op.is_add);
    CHECK(!op.from);
    CHECK(!op.unpack);

    const auto add = copy_of("FROM a\nENV c=0123abc\nADD --keep-git-dir --unpack=false "
                             "--checksum=$c https://x/y.git /\n");
    CHECK(add.is_add);
    CHECK(add.keep_git_dir);
    CHECK(add.unpack == false);
    CHECK(add.checksum == "0123abc");
}

TEST_CASE("--link is nothing more than a copy where modes are to be changed") {
    CHECK(copy_of("FROM a\nCOPY --link a /\n").link);
    CHECK(copy_of("FROM a\nADD --link=true a /\n").link);
    CHECK(copy_of("FROM a\nENV e=\nCOPY --link --chmod=$e a /\n").link);
    CHECK(!copy_of("FROM a\nCOPY --link=false a /\n").link);
    CHECK(!copy_of("FROM a\nCOPY --link --chmod=644 a /\n").link);
    CHECK(!copy_of("FROM a\nCOPY --link --chmod=+x a /\n").link);
}

TEST_CASE("the history shows --parents, --chown and --chmod in this order, and no other flag") {
    CHECK(history("FROM a AS s\nFROM b\nENV d=dir\n"
                  "COPY --exclude=x --link --chmod=+x --chown=1:2 --parents --from=s $d/a ./b $d/\n"
                  "ADD --unpack=false --link --chmod=7 x <<E /y\nE\n") ==
          Words{"ENV d=dir", "COPY --parents --chown=1:2 --chmod=+x dir/a ./b dir/ # buildkit",
                "ADD --chmod=7 x <<E /y # buildkit"});
}

TEST_CASE("flags that come out empty are not given") {
    const auto op = copy_of("FROM a\nENV e=\nCOPY --chown=$e --chmod=$e a /\n");
    CHECK(!op.chown);
    CHECK(!op.chmod);
    CHECK(history("FROM a\nENV e=\nCOPY --chown=$e --chmod=$e a /\n") ==
          Words{"ENV e=", "COPY a / # buildkit"});
}

TEST_CASE("what is copied from") {
    CHECK(shown(*copy_of("FROM a AS one\nFROM b\nCOPY --from=one x /\n").from) == "stage 0");
    CHECK(shown(*copy_of("FROM b\nCOPY --from=img x /\n").from) == "image img:latest linux/amd64");
}

TEST_CASE("heredocs are files named after their delimiters") {
    const auto op = copy_of("FROM a\nENV v=1\n"
                            "COPY x <<one <<-two <<'three' dir/\n"
                            "v is $v \\$v 'q' \\\\ \\n\n"
                            "one\n"
                            "\t\ttab $v\n"
                            "\ttwo\n"
                            "raw $v \\$v\n"
                            "three\n");
    CHECK(op.sources == Words{"x"});
    REQUIRE(op.inline_files.size() == 3);
    CHECK(op.inline_files[0].name == "one");
    CHECK(op.inline_files[0].content == "v is 1 $v 'q' \\ n\n");
    CHECK(op.inline_files[1].name == "two");
    CHECK(op.inline_files[1].content == "tab 1\n");
    CHECK(op.inline_files[2].name == "three");
    CHECK(op.inline_files[2].content == "raw $v \\$v\n");
    CHECK(op.destination == "/dir/");
}

TEST_CASE("COPY and ADD make a layer each") {
    const auto planned = plan_text("FROM a\nCOPY x /\nADD x /\n");
    CHECK(planned.step(0).makes_layer);
    CHECK(planned.step(1).makes_layer);
    CHECK(planned.step(1).keyword == "ADD");
    CHECK(planned.config().env == planned.target().base_config.env);
}

TEST_CASE("COPY and ADD that cannot be") {
    struct Case {
        std::string_view text;
        std::string_view error;
    };
    const Case cases[] = {
        {"FROM a\nCOPY http://x/y /\n", "2:6-15 source can't be a URL for COPY"},
        {"FROM a\nCOPY a https://x/y.git#main /\n", "2:8-27 source can't be a git ref for COPY"},
        {"FROM a\nCOPY git@github.com:x/y /\n", "2:6-23 source can't be a git ref for COPY"},
        {"FROM a\nCOPY --chmod=888 a /\n",
         "2:14-16 invalid chmod parameter: '888'. it should be octal string and between 0 and "
         "07777"},
        {"FROM a\nENV m=17777\nCOPY --chmod=$m a /\n",
         "3:14-15 invalid chmod parameter: '17777'. it should be octal string and between 0 and "
         "07777"},
        {"FROM a\nADD --checksum=sha256:1 http://x/a http://x/b /\n",
         "2:16-23 checksum can't be specified for multiple sources"},
        {"FROM a\nADD --checksum=sha256:1 a /\n",
         "2:16-23 checksum requires HTTP(S) or Git sources"},
        {"FROM a\nADD --checksum=sha256:1 http://x/a /\n",
         "2:16-23 --checksum: invalid digest '1': 64 hex digits expected"},
        {"FROM a\nADD --checksum=sha256:1 http://x/a.git /\n",
         "2:16-23 invalid checksum sha256:1 for Git URL, expected hex commit hash"},
        {"FROM a\nADD --checksum=ab http://x/a.git?checksum=cd /\n",
         "2:19-44 checksum mismatch \"ab\" != \"cd\""},
        {"FROM a\nADD --keep-git-dir=false http://x/a.git?keep-git-dir /\n",
         "2:26-52 inconsistent keep-git-dir configuration"},
        {"FROM a\nADD a http://x/a.git?reff=b /\n", "2:7-27 unexpected query \"reff\""},
        {"FROM a\nCOPY --exclude=ok --exclude=[a x /\n",
         "2:29-30 --exclude: syntax error in pattern \"[a\": a bracket is not closed"},
        {"FROM a\nCOPY --exclude=! x /\n", "2:16-16 --exclude: illegal exclusion pattern: \"!\""},
        {"FROM a\nCOPY a${x /\n", ""},
        {"FROM a\nCOPY <<a/b /x\nbody\na/b\n", "2:6-10 a heredoc named a/b cannot be a file"},
        {"FROM a\nCOPY <<E /x\nok\n${y:?no y}\nE\n", ""},
    };
    for (const auto& [text, error] : cases) {
        CAPTURE(text);
        if (!error.empty()) {
            CHECK(failure(text) == error);
        } else {
            const auto planned = try_plan(text);
            REQUIRE(!planned);
            REQUIRE(planned.error().where);
            CHECK(planned.error().message.starts_with("failed to process \""));
        }
    }
}

TEST_CASE("errors of the reached stages only") {
    CHECK(failure("FROM a\nCOPY --chmod=888 a /\nFROM b\n") == "planned");
}

TEST_CASE("kinds of sources") {
    struct Case {
        std::string_view text;
        SourceKind kind;
    };
    const Case cases[] = {
        {"a/b", SourceKind::path},
        {"/", SourceKind::path},
        {"", SourceKind::path},
        {"github.com/x/y", SourceKind::path},
        {"ftp://x/y", SourceKind::path},
        {"a:b", SourceKind::path},
        {"dir/x@y:z", SourceKind::path},
        {"x.git", SourceKind::path},
        {"http://x/y", SourceKind::http},
        {"https://x/y.git.tar", SourceKind::http},
        {"https://x/y?z=.git", SourceKind::http},
        {"https://x/y.git", SourceKind::git},
        {"http://x/y.git#main:sub", SourceKind::git},
        {"https://x/y.git?branch=main", SourceKind::git},
        {"git://x/y", SourceKind::git},
        {"ssh://git@x/y", SourceKind::git},
        {"git@github.com:x/y.git", SourceKind::git},
    };
    for (const auto& [text, kind] : cases) {
        CAPTURE(text);
        CHECK(classify_source(text) == kind);
    }
}

TEST_CASE("passwords in URLs are not shown") {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"https://user:secret@host/f", "https://user:xxxxx@host/f"},
        {"https://user:sec@ret@host:1/f?a=b@c", "https://user:xxxxx@host:1/f?a=b@c"},
        {"https://:secret@host/r.git#main", "https://:xxxxx@host/r.git#main"},
        {"ssh://git:secret@host/r", "ssh://git:xxxxx@host/r"},
        {"https://user@host/f", "https://user@host/f"},
        {"https://host:80/a@b", "https://host:80/a@b"},
        {"git@host:team/r.git", "git@host:team/r.git"},
        {"a://b:c@d", "a://b:c@d"}, // a path
    };
    for (const auto& [text, shown] : cases) {
        CAPTURE(text);
        CHECK(shown_source(text) == shown);
    }
}

} // namespace mybuild::plan::test
