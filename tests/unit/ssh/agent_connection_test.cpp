#include "ssh/agent_connection.hpp"
#include "ssh/wire.hpp"
#include "tests/unit/ssh/keys.hpp"

#include <doctest/doctest.h>

#include <string>
#include <sys/socket.h>

using namespace mybuild;
using namespace mybuild::ssh;
using namespace mybuild::ssh::test;

TEST_CASE("a connection of our own to keys of our own") {
    const auto key = PrivateKey::parse(keys[0].file, "key").value();
    const std::string list = "\x0b";
    const auto expected = WireWriter().string(answer({key}, list)).data();
    auto connection =
        AgentConnection::open(std::make_shared<const Agent>(Agent{.keys = {key}})).value();
    const auto socket = connection->take_socket();
    for (int i = 0; i < 2; ++i) {
        const auto request = WireWriter().string(list).data();
        REQUIRE(::send(socket.get(), request.data(), request.size(), 0) ==
                static_cast<ssize_t>(request.size()));
        std::string got(expected.size(), '\0');
        REQUIRE(::recv(socket.get(), got.data(), got.size(), MSG_WAITALL) ==
                static_cast<ssize_t>(got.size()));
        CHECK(got == expected);
    }
    // Whoever still holds the socket does not keep it from ending.
    connection.reset();
    char byte = 0;
    CHECK(::recv(socket.get(), &byte, 1, 0) == 0);
}
