#include "base/fs.hpp"
#include "tests/unit/image/layer_tar_support.hpp"

#include <algorithm>
using namespace mybuild;
using namespace mybuild::test;

namespace {

/// One of everything, in canonical order.
std::vector<Item> everything() {
    std::vector<Item> items;
    items.push_back(directory("dev", 0755));
    items.push_back({.entry = {.path = "dev/disk",
                               .type = EntryType::block_device,
                               .mode = 0660,
                               .gid = 6,
                               .device_major = 259,
                               .device_minor = 1048575}});
    items.push_back({.entry = {.path = "dev/null",
                               .type = EntryType::char_device,
                               .mode = 0666,
                               .device_major = 1,
                               .device_minor = 3}});
    items.push_back({.entry = {.path = "dev/pipe", .type = EntryType::fifo, .mode = 0600}});
    items.push_back(directory("etc"));
    items.push_back(file("etc/app.conf", "x=1\n"));
    items.back().entry.mtime = 1700000000;
    items.push_back(whiteout("etc/gone"));
    items.push_back(link_to("etc/link", EntryType::symlink, "../usr/with space"));
    items.push_back(link_to("etc/twin", EntryType::hard_link, "etc/app.conf"));
    items.push_back(directory("opaque", 0700, true));
    items.push_back(file("opaque/new", std::string(1000, 'n')));
    items.push_back(directory("tmp", 01777));
    items.push_back(file("usr\xc3\xa9", "e", 0755));
    items.push_back(file("x" + std::string(300, '/') + "y", "long"));
    items.back().entry.path = "x" + std::string(99, 'x') + "/" + std::string(200, 'y');
    items.push_back(file("z-suid", "s", 04755));
    items.back().entry.uid = 3000000;
    items.back().entry.gid = 4294967294;
    items.back().entry.mtime = -5;
    items.back().entry.xattrs = {{"security.capability", std::string("\1\0\0\2\0\x20\0\0", 8)},
                                 {"user.note", "line\nbreak=1"},
                                 {"user.zero", std::string(3, '\0')}};
    return items;
}

} // namespace

TEST_CASE("what is written is read back as it was") {
    const auto items = everything();
    const auto archive = write_layer(items);
    REQUIRE(archive);
    CHECK(archive->size() % 512 == 0);
    const auto read = read_layer(*archive);
    REQUIRE_MESSAGE(read, read.error().message);
    std::vector<Item> expected;
    for (auto item : items) {
        // The mark of an opaque directory is an entry of its own to a reader.
        const bool opaque = std::exchange(item.entry.opaque, false);
        const auto path = item.entry.path;
        expected.push_back(std::move(item));
        if (opaque) expected.push_back(whiteout(path)), expected.back().entry.opaque = true;
    }
    REQUIRE(read->size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        CAPTURE(expected[i].entry.path);
        CHECK(read->at(i).entry.path == expected[i].entry.path);
        CHECK((read->at(i).entry == expected[i].entry));
        CHECK(read->at(i).content == expected[i].content);
    }
}

TEST_CASE("the bytes of a header are those of the standard") {
    auto item = file("a/b", "hello");
    item.entry.uid = 1000;
    item.entry.mtime = 8;
    const auto archive = write_layer({directory("a"), item});
    REQUIRE(archive);
    REQUIRE(archive->size() == 5 * 512);
    const auto header = archive->substr(512, 512);
    CHECK(header.substr(0, 4) == std::string("a/b\0", 4));
    CHECK(header.substr(100, 8) == std::string("0000644\0", 8));
    CHECK(header.substr(108, 8) == std::string("0001750\0", 8));
    CHECK(header.substr(124, 12) == std::string("00000000005\0", 12));
    CHECK(header.substr(136, 12) == std::string("00000000010\0", 12));
    CHECK(header[156] == '0');
    CHECK(header.substr(257, 8) == std::string("ustar\00000", 8));
    CHECK(header.substr(265, 64) == std::string(64, '\0'));
    CHECK(archive->substr(1024, 512) == "hello" + std::string(507, '\0'));
    CHECK(archive->substr(1536) == std::string(1024, '\0'));
}

TEST_CASE("the digest of a layer does not change between versions") {
    // Golden: a change here changes the diff id of every layer that is ever built again.
    CHECK(Digest::of(*write_layer({})).hex() ==
          "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");
    CHECK(Digest::of(*write_layer(everything())).hex() ==
          "26732f252cc417056999db8297d71b2870d4987eed4ca04ca76fd7beb17ad56c");
}

TEST_CASE("PAX headers appear only where ustar does not suffice") {
    struct Case {
        const char* name;
        Item item;
        bool pax;
    };
    const auto with = [](const auto& change) {
        auto item = file("f", "");
        change(item.entry);
        return item;
    };
    const Case cases[] = {
        {"100 bytes", file(std::string(100, 'a')), false},
        {"101 bytes", file(std::string(50, 'a') + "/" + std::string(50, 'a')), true},
        {"directory of 99", directory(std::string(99, 'a')), false},
        {"directory of 100", directory(std::string(100, 'a')), true},
        {"not ASCII", file("\xc3\xa9"), true},
        {"not UTF-8", file("\xff"), true},
        {"link of 100", link_to("l", EntryType::symlink, std::string(100, 'a')), false},
        {"link of 101", link_to("l", EntryType::symlink, std::string(101, 'a')), true},
        {"link not ASCII", link_to("l", EntryType::symlink, "\xc3\xa9"), true},
        {"largest uid", with([](auto& e) { e.uid = 2097151; }), false},
        {"large uid", with([](auto& e) { e.uid = 2097152; }), true},
        {"large gid", with([](auto& e) { e.gid = 2097152; }), true},
        {"latest time", with([](auto& e) { e.mtime = (1LL << 33) - 1; }), false},
        {"later time", with([](auto& e) { e.mtime = 1LL << 33; }), true},
        {"before 1970", with([](auto& e) { e.mtime = -1; }), true},
        {"xattr", with([](auto& e) {
             e.xattrs = {{"user.a", "b"}};
         }),
         true},
        {"foreign xattr", with([](auto& e) {
             e.xattrs = {{"security.selinux", "b"},
                         {"system.posix_acl_access", "b"},
                         {"trusted.overlay.opaque", "y"},
                         {"trusted.x", "y"},
                         {"user.overlay.origin", "y"}};
         }),
         false},
    };
    for (const auto& row : cases) {
        const auto& name = row.name;
        const auto& item = row.item;
        const auto& pax = row.pax;
        CAPTURE(name);
        const auto archive = write_layer({item});
        REQUIRE(archive);
        CHECK((archive->at(156) == 'x') == pax);
        const auto read = read_layer(*archive);
        REQUIRE_MESSAGE(read, read.error().message);
        REQUIRE(read->size() == 1);
        auto expected = item.entry;
        std::erase_if(expected.xattrs, [](const Xattr& x) { return !is_layer_xattr(x.name); });
        CHECK((read->front().entry == expected));
    }
}

TEST_CASE("a size beyond ustar goes into a PAX record") {
    struct Zeros final : ByteSource {
        std::uint64_t left = 0;
        Result<std::size_t> read(std::span<std::byte> out) override {
            const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, out.size()));
            std::fill_n(out.begin(), count, std::byte{0});
            left -= count;
            return count;
        }
    };
    struct Start final : ByteSink {
        std::string start;
        Status write(std::span<const std::byte> bytes) override {
            if (start.empty()) start.assign(reinterpret_cast<const char*>(bytes.data()), 2048);
            return fail(Error{.message = "enough"});
        }
    };
    Start start;
    Zeros zeros;
    zeros.left = 1ULL << 33;
    LayerTarWriter writer(start);
    auto item = file("big");
    item.entry.size = zeros.left;
    CHECK_FALSE(writer.add(item.entry, &zeros));
    CHECK(start.start.find("size=8589934592\n") != std::string::npos);
    CHECK(start.start.substr(1024 + 124, 12) == std::string("00000000000\0", 12));
}

TEST_CASE("xattr order does not change the bytes") {
    auto one = file("f");
    one.entry.xattrs = {{"user.a", "1"}, {"user.b", "2"}};
    auto other = file("f");
    other.entry.xattrs = {{"user.b", "2"}, {"user.a", "1"}};
    CHECK(*write_layer({one}) == *write_layer({other}));
}

TEST_CASE("python reads what we write") {
    const auto archive = write_layer(everything());
    REQUIRE(archive);
    const auto told = run_tool("cat >s.py <<'PY'\n"
                               "import tarfile\n"
                               "t = tarfile.open('in')\n"
                               "m = t.getmembers()\n"
                               "print([i.name for i in m][4:9])\n"
                               "print([(i.uid, i.gid, i.mtime, i.mode) for i in m][-1])\n"
                               "print(t.getmember('dev/disk').devminor)\n"
                               "print(t.getmember('etc/twin').linkname)\n"
                               "print(len(m[-2].name))\n"
                               "print(repr(m[-1].pax_headers['SCHILY.xattr.user.note']))\n"
                               "PY\npython3 s.py >out",
                               *archive);
    CHECK(told == "['etc', 'etc/app.conf', 'etc/.wh.gone', 'etc/link', 'etc/twin']\n"
                  "(3000000, 4294967294, -5.0, 2541)\n"
                  "1048575\n"
                  "etc/app.conf\n"
                  "301\n"
                  "'line\\nbreak=1'\n");
}

TEST_CASE("GNU tar lists what we write without a complaint") {
    const auto list =
        run_tool("LC_ALL=C tar tf in >out 2>err; test ! -s err", *write_layer(everything()));
    CHECK(std::ranges::count(list, '\n') == static_cast<long>(everything().size()) + 1);
    CHECK(list.find("opaque/\nopaque/.wh..wh..opq\nopaque/new\n") != std::string::npos);
}

TEST_CASE("a file that changes while it is read is an error") {
    for (const std::size_t actual : {0U, 4U, 6U, 300'000U}) {
        CAPTURE(actual);
        auto item = file("app/data", std::string(5, 'x'));
        const std::string bytes(actual, 'x');
        StringSink out;
        LayerTarWriter writer(out);
        MemorySource content(bytes);
        const auto status = writer.add(item.entry, &content);
        REQUIRE_FALSE(status);
        CHECK(status.error().code == ErrorCode::io);
        CHECK(status.error().message.find("app/data changed while it was read") == 0);
    }
}

TEST_CASE("content of every size near a block's and the buffer's end is complete") {
    for (const std::size_t size : {1U, 511U, 512U, 513U, 262143U, 262144U, 262145U, 600'000U}) {
        CAPTURE(size);
        std::string bytes(size, '\0');
        for (std::size_t i = 0; i < size; ++i)
            bytes[i] = static_cast<char>(i * 31 + i / 7);
        const auto archive = write_layer({file("a", bytes), file("b", "b")});
        REQUIRE(archive);
        const auto read = read_layer(*archive);
        REQUIRE(read);
        REQUIRE(read->size() == 2);
        CHECK(read->at(0).content == bytes);
        CHECK(read->at(1).content == "b");
    }
}

TEST_CASE("names that mean deletions cannot be files") {
    for (const std::string path : {".wh.x", "a/.wh.x", "a/.wh..wh..opq", ".wh.", "a/.wh.b/c"}) {
        CAPTURE(path);
        const auto archive = write_layer({file(path)});
        REQUIRE_FALSE(archive);
        CHECK(archive.error().code == ErrorCode::invalid);
        CHECK(archive.error().message.find("beginning with .wh.") != std::string::npos);
    }
    CHECK(write_layer({file("a.wh.x")}));
}

TEST_CASE("what no archive can hold is refused") {
    auto bad_name = file("f");
    bad_name.entry.xattrs = {{"user.a=b", "c"}};
    auto large = file("f");
    large.entry.xattrs = {{"user.a", std::string(1'100'000, 'x')}};
    auto device = whiteout("d");
    device.entry.type = EntryType::char_device;
    device.entry.device_major = 1U << 21U;
    const std::vector<Item> items = {bad_name, large, device, file(std::string("a\0b", 3)),
                                     link_to("l", EntryType::symlink, std::string("a\0b", 3))};
    for (const Item& item : items) {
        const auto archive = write_layer({item});
        REQUIRE_FALSE(archive);
        CHECK(archive.error().code == ErrorCode::invalid);
    }
}

TEST_CASE("entries out of order or with paths that are none are bugs of the caller") {
    const std::vector<std::vector<Item>> lists = {
        {file("b"), file("a")},
        {file("a"), file("a")},
        {file("a/b"), file("a")},
        {file("/a")},
        {file("a/")},
        {file("a/../b")},
        {file("./a")},
        {file("")},
        {directory("")},
        {link_to("a", EntryType::hard_link, "b")},
    };
    for (const auto& items : lists) {
        CAPTURE(items.back().entry.path);
        const auto archive = write_layer(items);
        REQUIRE_FALSE(archive);
        CHECK(archive.error().code == ErrorCode::internal);
    }
}

TEST_CASE("an opaque root is the mark alone") {
    const auto archive = write_layer({directory("", 0755, true), file("a")});
    REQUIRE(archive);
    const auto read = read_layer(*archive);
    REQUIRE(read);
    REQUIRE(read->size() == 2);
    CHECK(read->at(0).entry.type == EntryType::whiteout);
    CHECK(read->at(0).entry.opaque);
    CHECK(read->at(0).entry.path == "");
}
