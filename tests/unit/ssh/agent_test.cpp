#include "ssh/agent.hpp"
#include "ssh/wire.hpp"
#include "tests/unit/ssh/keys.hpp"
#include "tests/unit/ssh/verify.hpp"

#include <doctest/doctest.h>

using namespace mybuild;
using namespace mybuild::ssh;
using namespace mybuild::ssh::test;

namespace {

std::vector<PrivateKey> two_keys() {
    return {PrivateKey::parse(keys[0].file, "first").value(),
            PrivateKey::parse(keys[4].file, "second").value()};
}

std::string sign_request(std::string_view key, std::string_view data, std::uint32_t flags) {
    return WireWriter().byte(13).string(key).string(data).number(flags).data();
}

} // namespace

TEST_CASE("an agent of our own lists its keys and signs with them") {
    const auto keys_held = two_keys();
    const auto list = answer(keys_held, WireWriter().byte(11).data());
    WireReader in(list);
    CHECK(in.byte() == 12);
    CHECK(in.number() == 2);
    CHECK(in.string() == keys_held[0].public_key());
    CHECK(in.string() == "first");
    CHECK(in.string() == keys_held[1].public_key());
    CHECK(in.string() == "second");
    CHECK(in.is_good());
    CHECK(in.rest().empty());

    const auto signed_data = answer(keys_held, sign_request(keys_held[1].public_key(), "x", 2));
    WireReader response(signed_data);
    CHECK(response.byte() == 14);
    CHECK(holds(keys[4].file, response.string(), "x"));
    CHECK(response.rest().empty());
}

TEST_CASE("what an agent of our own does not do") {
    const auto held = two_keys();
    const auto other = PrivateKey::parse(keys[1].file, "").value();
    CHECK(answer(held, sign_request(other.public_key(), "x", 0)) == refusal());
    CHECK(answer(held, sign_request("", "x", 0)) == refusal());
    CHECK(answer(held, "") == refusal());
    CHECK(answer(held, std::string("\x0d\x00\x00\x00\xff", 5)) == refusal());
    for (int type = 0; type < 256; ++type) {
        if (type == 11) continue;
        const std::string request(1, static_cast<char>(type));
        CAPTURE(type);
        CHECK(answer(held, request) == refusal());
    }
    CHECK(refusal() == std::string("\x05"));
}

TEST_CASE("only listing and signing reach somebody's agent") {
    for (int type = 0; type < 256; ++type) {
        CAPTURE(type);
        const std::string request(1, static_cast<char>(type));
        CHECK(may_reach_agent(request) == (type == 11 || type == 13));
    }
    CHECK(!may_reach_agent(""));
}

TEST_CASE("integers are as RFC 4251 has them") {
    const auto written = [](std::string_view bytes) { return WireWriter().integer(bytes).data(); };
    using namespace std::string_view_literals;
    CHECK(written("") == "\0\0\0\0"sv);
    CHECK(written("\0\0"sv) == "\0\0\0\0"sv);
    CHECK(written("\x09\xa3\x78"sv) == "\0\0\0\x03\x09\xa3\x78"sv);
    CHECK(written("\x80"sv) == "\0\0\0\x02\0\x80"sv);
    CHECK(written("\0\x7f"sv) == "\0\0\0\x01\x7f"sv);
    const auto read = [](std::string_view data) {
        WireReader in(data);
        auto value = std::string(in.integer());
        return in.is_good() ? value : "bad";
    };
    CHECK(read("\0\0\0\x02\0\x80"sv) == "\x80"sv);
    CHECK(read("\0\0\0\0"sv) == "");
    CHECK(read("\0\0\0\x01\x80"sv) == "bad"); // negative
    CHECK(read("\0\0\0\x05\x01"sv) == "bad");
    CHECK(read("\0\0"sv) == "bad");
}
