#include "builder/remote/ssh_hosts.hpp"

#include <doctest/doctest.h>

using namespace mybuild;

TEST_CASE("user and path of repositories over ssh") {
    struct Case {
        std::string_view url, user, path;
    };
    const Case cases[] = {
        {"git@github.com:team/project.git", "git", "team/project.git"},
        {"me@host:/srv/r.git#main:d", "me", "/srv/r.git"},
        {"ssh://host/srv/r.git", "git", "/srv/r.git"},
        {"ssh://me@host:22/srv/a%20b.git?branch=x", "me", "/srv/a b.git"},
        {"ssh://me@host/~you/r.git", "me", "~you/r.git"},
        {"ssh://me@[::1]:22/~/r.git", "me", "~/r.git"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.url);
        const auto place = ssh_place(parse_git_url(c.url).value()).value();
        CHECK(place.user == c.user);
        CHECK(place.path == c.path);
    }
    CHECK_FALSE(ssh_place(parse_git_url("ssh://me@host/a%00b").value()));
}
