#include "parser/git_url.hpp"

#include <doctest/doctest.h>

#include <array>
#include <vector>

using namespace mybuild;

namespace {

using Transport = GitUrl::Transport;
using Times = GitUrl::Times;

std::string problem(std::string_view text) {
    const auto url = parse_git_url(text);
    return url ? "none" : url.error().message;
}

} // namespace

TEST_CASE("the form of a text says whether it names a repository") {
    for (const char* text :
         {"git://h/x", "ssh://git@h/x", "git@h:x", "git@h:a/b.git", "user-1@h-1.example:x#main",
          "http://h/x.git", "https://h/a/b.git#ref:dir", "https://h/x.git?branch=b",
          "HTTPS://h/x.git", "https://h/x%2Egit", "https://u:p@h/x.git"}) {
        CAPTURE(text);
        CHECK(is_git_url(text));
        CHECK(is_git_context(text));
        CHECK(parse_git_url(text));
    }
    for (const char* text :
         {"", "x", "./x.git", "../git@h:x", "/git@h:x", "https://h/x", "https://h/x.git/y",
          "http://h/x?a.git", "http://h/x#y.git", "ftp://h/x.git", "file:///x.git", "a b@h:x",
          "git@:x", "@h:x", "git@h", "C:\\x", "https://h/%zz.git"}) {
        CAPTURE(text);
        CHECK_FALSE(is_git_url(text));
        CHECK_FALSE(is_git_context(text));
        CHECK_FALSE(parse_git_url(text));
    }
    CHECK_FALSE(is_git_url("github.com/a/b"));
    CHECK(is_git_context("github.com/a/b"));
}

TEST_CASE("a URL is what is connected to, and which part of it in which state") {
    struct Case {
        const char* text;
        GitUrl url;
    };
    for (const Case& c : std::vector<Case>{
             {"git://H:9418/a/b",
              {.transport = Transport::git, .remote = "git://h:9418/a/b", .host = "h:9418"}},
             {"https://h/x.git", {.remote = "https://h/x.git", .host = "h"}},
             {"github.com/a/b#v1",
              {.remote = "https://github.com/a/b", .host = "github.com", .ref = "v1"}},
             {"https://u%40x:p%3Aw@h/x.git",
              {.remote = "https://h/x.git", .host = "h", .user = "u@x", .password = "p:w"}},
             {"git@h:a/b.git#main:sub/dir",
              {.transport = Transport::ssh,
              .remote = "h:a/b.git",
              .host = "h",
              .user = "git",
              .ref = "main",
              .subdir = "sub/dir"}},
             {"ssh://git@h:22/~/b",
              {.transport = Transport::ssh,
              .remote = "ssh://h:22/~/b",
              .host = "h:22",
              .user = "git"}},
             {"http://h/x.git#:/a/../b/",
              {.transport = Transport::http,
              .remote = "http://h/x.git",
              .host = "h",
              .subdir = "b"}},
             {"http://h/x.git#:../../etc",
              {.transport = Transport::http,
              .remote = "http://h/x.git",
              .host = "h",
              .subdir = "etc"}},
             {"https://h/x.git#a%20b", {.remote = "https://h/x.git", .host = "h", .ref = "a b"}},
             {"https://h/x.git?ref=r&subdir=s&commit=abc",
              {.remote = "https://h/x.git",
              .host = "h",
              .ref = "r",
              .subdir = "s",
              .checksum = "abc"}},
             {"https://h/x.git?tag=v1",
              {.remote = "https://h/x.git", .host = "h", .ref = "refs/tags/v1"}},
             {"https://h/x.git?branch=b",
              {.remote = "https://h/x.git", .host = "h", .ref = "refs/heads/b"}},
             {"https://h/x.git?branch=refs/heads/b#refs/heads/b",
              {.remote = "https://h/x.git", .host = "h", .ref = "refs/heads/b"}},
             {"https://h/x.git?keep-git-dir&submodules=0&mtime=commit",
              {.remote = "https://h/x.git",
              .host = "h",
              .keep_git_dir = true,
              .submodules = false,
              .times = Times::commit}},
             {"https://h/x.git?mtime=checkout&keep-git-dir=false",
              {.remote = "https://h/x.git",
              .host = "h",
              .keep_git_dir = false,
              .times = Times::checkout}},
             {"https://h/"
              "x.git?fetch-by-commit=true&checksum=0123456789012345678901234567890123456789",
              {.remote = "https://h/x.git",
              .host = "h",
              .checksum = "0123456789012345678901234567890123456789",
              .fetch_by_commit = true}},
         }) {
        CAPTURE(c.text);
        const auto url = parse_git_url(c.text);
        REQUIRE(url);
        CHECK(url->remote == c.url.remote);
        CHECK(url->ref == c.url.ref);
        CHECK(url->subdir == c.url.subdir);
        CHECK(*url == c.url);
    }
}

TEST_CASE("options that make no sense are refused") {
    const auto with = [](const char* options) {
        return problem("https://h/x.git" + std::string(options));
    };
    CHECK(with("?reff=a") == "unexpected query \"reff\"");
    CHECK(with("?ref=") == "query \"ref\" has no value");
    CHECK(with("?ref=a&ref=b") == "query \"ref\" has multiple values");
    CHECK(with("?ref=a#b") == "ref conflicts: \"b\" vs \"a\"");
    CHECK(with("?tag=a&branch=b") == "branch conflicts with tag");
    CHECK(with("?tag=a#a") == "ref conflicts: \"a\" vs \"refs/tags/a\"");
    CHECK(with("?subdir=a#:b") == "subdir conflicts: \"b\" vs \"a\"");
    CHECK(with("?submodules=maybe") == "invalid submodules value: \"maybe\"");
    CHECK(with("?mtime=now") ==
          "invalid mtime value: \"now\" (must be \"checkout\" or \"commit\")");
    CHECK(with("?fetch-by-commit") == "fetch-by-commit requires a checksum or a commit SHA ref");
    CHECK(with("?fetch-by-commit&checksum=abc") ==
          "fetch-by-commit requires a full commit SHA checksum, got \"abc\"");
    CHECK(with("#%zz") == "malformed fragment in a git URL: %zz");
    CHECK(with("#-x") == "invalid git ref \"-x\"");
    CHECK(problem("git:///x") == "no valid host in a git URL: ");
    CHECK(problem("git://h") == "no path to a repository in the URL of h");
}

TEST_CASE("URLs of repositories without options") {
    const auto https = parse_git_remote("HTTPS://me:pw@H:1/a/b").value();
    CHECK(https.remote == "https://h:1/a/b");
    CHECK(https.host == "h:1");
    CHECK(https.user == "me");
    CHECK(https.password == "pw");
    CHECK(parse_git_remote("git@h:a/b").value().remote == "h:a/b");
    CHECK(parse_git_remote("git://h/b").value().transport == GitUrl::Transport::git);
    for (const auto* text : {"", "a", "/a", "./a", "file:///a", "ext::sh -c x", "http://h/a#b",
                             "http://h/a?b", "http:///a", "http://h", "-x"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_git_remote(text));
    }
}

TEST_CASE("ids of commits are 40 or 64 digits") {
    CHECK(is_commit_id(std::string(40, 'a')));
    CHECK(is_commit_id(std::string(64, '0')));
    CHECK_FALSE(is_commit_id(std::string(39, 'a')));
    CHECK_FALSE(is_commit_id(std::string(40, 'A')));
    CHECK_FALSE(is_commit_id(std::string(40, 'g')));
}
