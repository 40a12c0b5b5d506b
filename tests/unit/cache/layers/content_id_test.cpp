#include "tests/unit/cache/layers/entries.hpp"

#include <doctest/doctest.h>

#include <functional>

using namespace mybuild;
using namespace mybuild::test;

namespace {
Digest id(const std::vector<LayerEntry>& entries) {
    return listing(entries)->content_id();
}
} // namespace

TEST_CASE("content ids do not change by accident: keys of every cache hang on them") {
    CHECK(id({}).hex() == "7ea670bbeef3f587960f397ea593d4b061fbd81e4f83b05455506d8ca14958c1");
    auto capable = file("bin/ping", "x");
    capable.xattrs = {{"security.capability", "cap"}};
    auto device = file("null");
    device.type = EntryType::char_device;
    device.device_major = 1;
    device.device_minor = 3;
    device.content = {};
    CHECK(id({directory("bin"), capable, hard_link("bin/pong", "bin/ping"),
              soft_link("bin/sh", "dash"), whiteout("gone"), device, opaque("run")})
              .hex() == "cf21622fd345cc2cf6d3b9f0bcee9086c430d4d3963aa3f382cec3437770eb14");
}

TEST_CASE("times change no content id") {
    auto later = file("a", "1");
    later.mtime += 1000;
    CHECK(id({file("a", "1")}) == id({later}));
}

TEST_CASE("symbolic links have no mode") {
    auto other = soft_link("a", "b");
    other.mode = 0755;
    CHECK(id({soft_link("a", "b")}) == id({other}));
}

TEST_CASE("everything else changes the content id") {
    const std::vector<std::function<void(LayerEntry&)>> changes = {
        [](LayerEntry& e) { e.path = "b"; },
        [](LayerEntry& e) {
            e.type = EntryType::fifo;
            e.size = 0;
        },
        [](LayerEntry& e) { e.mode ^= 04000; },
        [](LayerEntry& e) { e.uid = 1; },
        [](LayerEntry& e) { e.gid = 1; },
        [](LayerEntry& e) { e.size += 1; },
        [](LayerEntry& e) { e.content = Digest::of("2"); },
        [](LayerEntry& e) {
            e.xattrs = {{"user.a", ""}};
        },
        [](LayerEntry& e) {
            e.xattrs = {{"user.a", "b"}};
        },
        [](LayerEntry& e) { e = whiteout("a"); },
        [](LayerEntry& e) { e = directory("a"); },
        [](LayerEntry& e) { e = opaque("a"); },
        [](LayerEntry& e) { e = soft_link("a", "x"); },
        [](LayerEntry& e) { e = soft_link("a", "y"); },
    };
    std::vector<Digest> seen = {id({file("a", "1")}), id({}), id({file("a", "1"), file("b")})};
    for (const auto& change : changes) {
        auto entry = file("a", "1");
        change(entry);
        seen.push_back(id({entry}));
    }
    std::ranges::sort(seen);
    CHECK(std::ranges::adjacent_find(seen) == seen.end());
}
