#include "base/fs.hpp"
#include "ssh/forward.hpp"
#include "ssh/wire.hpp"
#include "tests/unit/ssh/keys.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <future>
#include <sys/socket.h>
#include <sys/un.h>

using namespace mybuild;
using namespace mybuild::ssh;
using namespace mybuild::ssh::test;

namespace {

struct sockaddr_un address_of(const std::string& path) {
    struct sockaddr_un address {};
    address.sun_family = AF_UNIX;
    REQUIRE(path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

Fd listen_at(const std::string& path) {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = address_of(path);
    REQUIRE(::bind(fd.get(), reinterpret_cast<const struct sockaddr*>(&address), sizeof address) ==
            0);
    REQUIRE(::listen(fd.get(), 8) == 0);
    return fd;
}

Fd connect_to(const std::string& path) {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = address_of(path);
    REQUIRE(::connect(fd.get(), reinterpret_cast<const struct sockaddr*>(&address),
                      sizeof address) == 0);
    return fd;
}

void put(const Fd& fd, std::string_view bytes) {
    REQUIRE(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
}

/// So many bytes, or what there is before the end.
std::string get(const Fd& fd, std::size_t size) {
    std::string out(size, '\0');
    std::size_t have = 0;
    while (have < size) {
        const auto got = ::recv(fd.get(), out.data() + have, size - have, 0);
        if (got <= 0) break;
        have += static_cast<std::size_t>(got);
    }
    out.resize(have);
    return out;
}

std::string message(std::string_view body) {
    return WireWriter().string(body).data();
}

std::string get_message(const Fd& fd) {
    const auto header = get(fd, 4);
    return header.size() == 4 ? get(fd, WireReader(header).number()) : "";
}

/// A forward of an agent, and where it listens.
struct Served {
    fs::TempDir dir = fs::TempDir::create("/tmp", "mybuild-ssh-").value();
    std::string path = dir.path() + "/forward";
    std::string agent_path = dir.path() + "/agent";
    std::unique_ptr<Forward> forward;

    void start(Agent agent) {
        forward = Forward::start(listen_at(path), std::make_shared<const Agent>(std::move(agent)))
                      .value();
    }
};

} // namespace

TEST_CASE("keys of our own are served to several at once") {
    Served served;
    const auto key = PrivateKey::parse(keys[0].file, "key").value();
    served.start({.keys = {key}});
    std::vector<Fd> clients;
    for (int i = 0; i < 10; ++i)
        clients.push_back(connect_to(served.path));
    for (auto client = clients.rbegin(); client != clients.rend(); ++client) {
        put(*client, message("\x0b"));
        CHECK(get_message(*client) == answer({key}, "\x0b"));
    }
    // Requests in pieces, and two in one piece.
    const auto request = message("\x0b");
    put(clients[0], request.substr(0, 3));
    put(clients[0], request.substr(3));
    CHECK(get_message(clients[0]) == answer({key}, "\x0b"));
    put(clients[0], request + request);
    CHECK(get_message(clients[0]) == answer({key}, "\x0b"));
    CHECK(get_message(clients[0]) == answer({key}, "\x0b"));
}

TEST_CASE("what is no message ends the connection, and no other") {
    Served served;
    served.start({});
    const auto good = connect_to(served.path);
    for (const auto& bad :
         {WireWriter().number(0).data(), WireWriter().number(max_message + 1).data(),
          WireWriter().number(0xffffffff).data()}) {
        const auto client = connect_to(served.path);
        put(client, bad);
        CHECK(get(client, 1).empty());
    }
    put(good, message("\x0b"));
    CHECK(get_message(good).size() == 5);
}

TEST_CASE("an agent's socket gets what may reach it, the answers come back") {
    Served served;
    const auto agent = listen_at(served.agent_path);
    served.start({.socket = served.agent_path});
    const auto client = connect_to(served.path);
    put(client, message("\x11 add this key"));
    CHECK(get_message(client) == refusal());
    put(client, message("\x0b list"));
    const Fd upstream(::accept(agent.get(), nullptr, nullptr));
    CHECK(get_message(upstream) == "\x0b list"); // the first that arrives
    put(upstream, message("\x0c of the agent"));
    CHECK(get_message(client) == "\x0c of the agent");
}

TEST_CASE("an agent that is not there refuses everything") {
    Served served;
    served.start({.socket = served.agent_path});
    const auto client = connect_to(served.path);
    put(client, message("\x0b"));
    CHECK(get_message(client) == refusal());
}

TEST_CASE("a raw socket is passed on as it is, both ways, ends included") {
    Served served;
    const auto agent = listen_at(served.agent_path);
    served.start({.socket = served.agent_path, .raw = true});
    const auto client = connect_to(served.path);
    put(client, "no message at all");
    const Fd upstream(::accept(agent.get(), nullptr, nullptr));
    CHECK(get(upstream, 17) == "no message at all");
    ::shutdown(client.get(), SHUT_WR);
    CHECK(get(upstream, 1).empty());
    put(upstream, "answer");
    ::shutdown(upstream.get(), SHUT_WR);
    CHECK(get(client, 100) == "answer");
}

TEST_CASE("the end of a forward ends its connections, whatever they wait for") {
    Served served;
    const auto agent = listen_at(served.agent_path);
    served.start({.socket = served.agent_path});
    const auto idle = connect_to(served.path);
    const auto waiting = connect_to(served.path);
    put(waiting, message("\x0b"));
    const Fd upstream(::accept(agent.get(), nullptr, nullptr));
    CHECK(get_message(upstream) == "\x0b"); // and never answered
    served.forward.reset();
    CHECK(get(idle, 1).empty());
    CHECK(get(waiting, 1).empty());
}
