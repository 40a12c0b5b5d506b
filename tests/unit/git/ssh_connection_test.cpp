#include "git/ssh_connection.hpp"
#include "git/tcp.hpp"

#include <doctest/doctest.h>

using namespace mybuild::git;

TEST_CASE("the command for a path is one word to every shell") {
    struct Case {
        std::string_view path, command;
    };
    const Case cases[] = {
        {"/r.git", "git-upload-pack '/r.git'"},
        {"team/a b.git", "git-upload-pack 'team/a b.git'"},
        {"it's", R"(git-upload-pack 'it'\''s')"},
        {"oh!no", R"(git-upload-pack 'oh'\!'no')"},
        {"$(x)`y`", "git-upload-pack '$(x)`y`'"},
    };
    for (const auto& c : cases)
        CHECK(upload_pack_command(c.path) == c.command);
}

TEST_CASE("hosts with and without a port") {
    struct Case {
        std::string_view written, host, port;
    };
    const Case cases[] = {
        {"h", "h", "22"},
        {"h:1", "h", "1"},
        {"127.0.0.1:2", "127.0.0.1", "2"},
        {"[::1]", "::1", "22"},
        {"[fe80::1]:3", "fe80::1", "3"},
    };
    for (const auto& c : cases) {
        const auto peer = peer_of(std::string(c.written), "22");
        CHECK(peer.host == c.host);
        CHECK(peer.port == c.port);
    }
}
