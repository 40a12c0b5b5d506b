#include "base/fs.hpp"
#include "cache/layers/listing.hpp"
#include "cache/layers/listing_format.hpp"
#include "tests/unit/cache/layers/entries.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <functional>

using namespace mybuild;
using namespace mybuild::test;

namespace {

/// One entry of every kind, with values at the edges of their fields.
std::vector<LayerEntry> every_kind() {
    auto device = file("dev/null");
    device.type = EntryType::char_device;
    device.device_major = 1;
    device.device_minor = 0xFFFFF;
    auto disk = device;
    disk.path = "dev/sda";
    disk.type = EntryType::block_device;
    auto pipe = file("run/pipe");
    pipe.type = EntryType::fifo;
    auto capable = file("usr/bin/ping", "binary");
    capable.mode = 04755;
    capable.uid = 3'000'000'000;
    capable.gid = 4'294'967'294;
    capable.mtime = -5;
    capable.xattrs = {{"security.capability", std::string("\1\0\0\2", 4)}, {"user.empty", ""}};
    auto odd = file("odd\xff\n name", "x");
    device.content = disk.content = pipe.content = {};
    return {directory("dev"),
            device,
            disk,
            directory("etc"),
            file("etc/group", "root:x:0:\n"),
            file("etc/passwd", "root:x:0:0::/root:/bin/sh\n"),
            whiteout("gone"),
            odd,
            opaque("run"),
            pipe,
            directory("usr"),
            directory("usr/bin"),
            capable,
            hard_link("usr/bin/pong", "usr/bin/ping"),
            soft_link("usr/bin/sh", "/bin/dash"),
            file("usr/bin-x"),
            directory("usr/bin.d")};
}

} // namespace

TEST_CASE("a listing gives back every entry as it was added, in canonical order") {
    auto entries = every_kind();
    const auto listed = listing(entries);
    std::ranges::sort(
        entries, [](const auto& a, const auto& b) { return compare_paths(a.path, b.path) < 0; });
    CHECK(all_entries(*listed) == entries);
    CHECK(listed->file_bytes() == 6 + 1 + 10 + 26);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        CHECK(listed->find(entries[i].path) == i);
        CHECK(listed->lower_bound(entries[i].path) == i);
        CHECK(listed->type(i) == entries[i].type);
    }
    CHECK_FALSE(listed->find("usr/bi"));
    CHECK_FALSE(listed->find(""));
    CHECK(listed->lower_bound("usr/bin/zz") == *listed->find("usr/bin-x"));
    CHECK(listed->lower_bound("zzz") == listed->size());
}

TEST_CASE("a listing without entries is a listing") {
    const auto empty = listing({});
    CHECK(empty->size() == 0);
    CHECK_FALSE(empty->find("a"));
    CHECK(empty->file_bytes() == 0);
}

TEST_CASE("kept bytes come back, also empty ones and those with NULs") {
    ListingBuilder builder;
    builder.keep("etc/passwd", std::string("a\0b", 3));
    builder.keep("etc/group", "");
    const auto listed = Listing::from_bytes(builder.finish()).value();
    CHECK(listed->kept("etc/passwd") == std::string_view("a\0b", 3));
    CHECK(listed->kept("etc/group") == "");
    CHECK_FALSE(listed->kept("etc/shadow"));
    CHECK(keeps_bytes("etc/passwd"));
    CHECK_FALSE(keeps_bytes("etc/passwd-"));
}

TEST_CASE("a listing file is mapped, and what is wrong with it is said") {
    const auto dir = fs::TempDir::create("/tmp", "mybuild-test-").value();
    const auto bytes = listing_bytes(every_kind());
    REQUIRE(fs::write_file_atomic(dir.fd(), "good", bytes));
    REQUIRE(fs::write_file_atomic(dir.fd(), "empty", ""));
    REQUIRE(fs::write_file_atomic(dir.fd(), "short", bytes.substr(0, bytes.size() - 1)));
    CHECK(all_entries(*Listing::open(dir.fd(), "good").value()) ==
          all_entries(*listing(every_kind())));
    CHECK(Listing::open(dir.fd(), "empty").error().code == ErrorCode::corrupt);
    CHECK(Listing::open(dir.fd(), "short").error().code == ErrorCode::corrupt);
    CHECK(Listing::open(dir.fd(), "none").error().code == ErrorCode::not_found);
}

TEST_CASE("any single changed byte is noticed") {
    const auto good = listing_bytes(every_kind());
    for (std::size_t i = 0; i < good.size(); ++i) {
        auto bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 0x10);
        const auto opened = Listing::from_bytes(bad);
        REQUIRE_MESSAGE(!opened, "byte " << i);
        CHECK(opened.error().code == ErrorCode::corrupt);
    }
    for (std::size_t size = 0; size < good.size(); size += 7)
        CHECK_FALSE(Listing::from_bytes(good.substr(0, size)));
}

TEST_CASE("wrong content is refused even where the checksums are right") {
    using listing_format::Header;
    using listing_format::Record;
    struct Case {
        const char* what;
        std::function<void(Record&, Record&, Header&)> damage; // first, second record
    };
    const Case cases[] = {
        {"order", [](Record& a, Record& b, Header&) { std::swap(a, b); }},
        {"duplicate", [](Record& a, Record& b, Header&) { b = a; }},
        {"path outside", [](Record& a, Record&, Header&) { a.path_offset = 1U << 30U; }},
        {"link outside", [](Record& a, Record&, Header&) { a.link_size = 60000; }},
        {"xattrs outside", [](Record& a, Record&, Header&) { a.xattrs_size = 0xFFFFFFFFU; }},
        {"xattrs torn", [](Record& a, Record&, Header&) { a.xattrs_size -= 1; }},
        {"type", [](Record& a, Record&, Header&) { a.type = 8; }},
        {"mode", [](Record& a, Record&, Header&) { a.mode = 010000; }},
        {"opaque file", [](Record& a, Record&, Header&) { a.opaque = 1; }},
        {"sum", [](Record&, Record&, Header& h) { h.file_bytes += 1; }},
        {"count", [](Record&, Record&, Header& h) { h.count = 1ULL << 60U; }},
        {"pool", [](Record&, Record&, Header& h) { h.pool_size = ~0ULL; }},
        {"empty path", [](Record& a, Record&, Header&) { a.path_size = 0; }},
        {"version", [](Record&, Record&, Header& h) { h.version = 2; }},
        {"link to later", [](Record& a, Record& b, Header& h) {
             a.type = static_cast<std::uint8_t>(EntryType::hard_link);
             h.file_bytes -= a.size;
             a.size = 0;
             a.link_offset = b.path_offset;
             a.link_size = b.path_size;
         }}};
    auto one = file("a/b", "1");
    one.xattrs = {{"user.x", "y"}};
    const auto good = listing_bytes({one, file("c", "2")});
    for (const auto& c : cases) {
        auto bytes = good;
        Header header;
        Record first, second;
        std::memcpy(&header, bytes.data(), sizeof header);
        std::memcpy(&first, bytes.data() + sizeof header, sizeof first);
        std::memcpy(&second, bytes.data() + sizeof header + sizeof first, sizeof second);
        c.damage(first, second, header);
        std::memcpy(bytes.data() + sizeof header, &first, sizeof first);
        std::memcpy(bytes.data() + sizeof header + sizeof first, &second, sizeof second);
        header.body_checksum =
            listing_format::checksum(std::string_view(bytes).substr(sizeof header));
        std::memcpy(bytes.data(), &header, sizeof header);
        header.header_checksum = listing_format::checksum(
            std::string_view(bytes).substr(0, listing_format::header_checked));
        std::memcpy(bytes.data(), &header, sizeof header);
        const auto opened = Listing::from_bytes(bytes);
        REQUIRE_MESSAGE(!opened, c.what);
        CHECK(opened.error().code == ErrorCode::corrupt);
    }
}

TEST_CASE("a builder refuses what would make a listing that cannot be opened") {
    auto unclean = [](std::string path) { return file(std::move(path)); };
    auto opaque_file = file("f");
    opaque_file.opaque = true;
    auto bad_mode = file("f");
    bad_mode.mode = 0100644;
    auto unsorted = file("f");
    unsorted.xattrs = {{"user.b", ""}, {"user.a", ""}};
    for (const auto& entry : {unclean(""), unclean("/a"), unclean("a/"), unclean("a//b"),
                              unclean("./a"), unclean("a/../b"), unclean(std::string("a\0b", 3)),
                              opaque_file, bad_mode, unsorted, hard_link("b", "a")}) {
        ListingBuilder builder;
        const auto added = builder.add(entry);
        REQUIRE_FALSE(added);
        CHECK(added.error().code == ErrorCode::internal);
    }
    ListingBuilder builder;
    REQUIRE(builder.add(directory("a")));
    REQUIRE(builder.add(file("a/b")));
    CHECK_FALSE(builder.add(file("a/b")));
    CHECK_FALSE(builder.add(file("a")));
    CHECK_FALSE(builder.add(hard_link("c", "a"))); // a directory
    CHECK(builder.add(hard_link("c", "a/b")));
    CHECK_FALSE(builder.add(hard_link("d", "c"))); // no first name
}

TEST_CASE("the format of listings does not change by accident") {
    // A new version of the format needs a new number here, and readers for the old one.
    CHECK(Digest::of(listing_bytes(every_kind())).hex() ==
          "a2798cabe55bcd11739005da51040408cae460e6ed4c43f3b880bc1681206631");
}
