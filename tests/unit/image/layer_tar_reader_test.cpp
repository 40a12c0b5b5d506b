#include "base/fs.hpp"
#include "tests/unit/image/layer_tar_support.hpp"

#include <algorithm>
#include <array>
#include <clocale>
#include <cstring>
#include <map>

using namespace mybuild;
using namespace mybuild::test;

namespace {

/// What the writer would never write.
struct Raw {
    std::string name = "f";
    char type = '0';
    std::string content = {};
    std::string link = {};
    std::string size = {}; ///< size field; empty: that of content
    std::string uid = "0000000";
    std::string mtime = "00000000000";
    std::string magic = std::string("ustar\00000", 8);
    std::string prefix = {};
};

std::string octal(std::size_t value, int digits) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%0*zo", digits, value);
    return text.data();
}

void pad(std::string& out) {
    out.append((512 - out.size() % 512) % 512, '\0');
}

std::string raw(const Raw& entry) {
    std::string block(512, '\0');
    const auto put = [&](std::size_t at, std::string_view text) {
        std::memcpy(block.data() + at, text.data(), text.size());
    };
    put(0, entry.name.substr(0, 100));
    put(100, "0000644");
    put(108, entry.uid);
    put(116, "0000000");
    put(124, entry.size.empty() ? octal(entry.content.size(), 11) : entry.size);
    put(136, entry.mtime);
    put(148, "        ");
    block[156] = entry.type;
    put(157, entry.link);
    put(257, entry.magic);
    put(345, entry.prefix);
    unsigned sum = 0;
    for (const char byte : block)
        sum += static_cast<unsigned char>(byte);
    put(148, octal(sum, 6) + std::string(1, '\0'));
    block += entry.content;
    pad(block);
    return block;
}

std::string record(const std::string& key, const std::string& value) {
    std::size_t length = key.size() + value.size() + 3;
    for (std::size_t digits = 1; digits < 8; ++digits) {
        if (std::to_string(length + digits).size() == digits) {
            length += digits;
            break;
        }
    }
    return std::to_string(length) + " " + key + "=" + value + "\n";
}

std::string pax(const std::string& records, char type = 'x') {
    return raw({.name = "pax", .type = type, .content = records});
}

const std::string end(1024, '\0');

/// The single entry of an archive.
Item only(const std::string& archive) {
    const auto items = read_layer(archive);
    REQUIRE_MESSAGE(items, (items ? "" : items.error().message));
    REQUIRE(items->size() == 1);
    return items->front();
}

} // namespace

TEST_CASE("names are cleaned") {
    struct Case {
        std::string name;
        std::string path;
    };
    for (const auto& row : {Case{"a/b", "a/b"},
                            {"./a/b", "a/b"},
                            {"/a/b", "a/b"},
                            {"//a///b", "a/b"},
                            {"a/./b/.", "a/b"},
                            {"...", "..."},
                            {"a..b", "a..b"}}) {
        const auto& name = row.name;
        const auto& path = row.path;
        CAPTURE(name);
        CHECK(only(raw({.name = name}) + end).entry.path == path);
    }
    CHECK(only(raw({.name = "./d//", .type = '5'}) + end).entry.path == "d");
    CHECK(only(raw({.name = "x", .prefix = "some/prefix"}) + end).entry.path == "some/prefix/x");
}

TEST_CASE("names that lead out of the layer are refused") {
    for (const std::string name : {"..", "../a", "a/../../b", "/..", "a/.."}) {
        CAPTURE(name);
        const auto items = read_layer(raw({.name = name}) + end);
        REQUIRE_FALSE(items);
        CHECK(items.error().code == ErrorCode::corrupt);
        const auto link = read_layer(raw({.type = '1', .link = name}) + end);
        REQUIRE_FALSE(link);
        CHECK(link.error().code == ErrorCode::corrupt);
        // A symbolic link may say what it wants; nobody follows it here.
        CHECK(only(raw({.type = '2', .link = name}) + end).entry.link == name);
    }
}

TEST_CASE("names of any bytes come through unchanged, whatever the locale") {
    const std::string decomposed = "e\xcc\x81";
    const std::string latin = "caf\xe9";
    const auto check = [&] {
        for (const auto& name :
             {std::string("caf\xc3\xa9"), decomposed, latin, std::string("\x01")}) {
            CAPTURE(name);
            CHECK(only(raw({.name = name}) + end).entry.path == name);
            CHECK(only(pax(record("path", name)) + raw({}) + end).entry.path == name);
            const auto both = pax(record("linkpath", name));
            CHECK(only(both + raw({.type = '2'}) + end).entry.link == name);
            CHECK(only(both + raw({.type = '1'}) + end).entry.link == name);
        }
    };
    check();
    for (const auto* locale : {"C.UTF-8", "en_US.UTF-8"}) {
        if (std::setlocale(LC_ALL, locale) == nullptr) continue;
        check();
        std::setlocale(LC_ALL, "C");
    }
}

TEST_CASE("whiteouts and opaque marks") {
    const auto items = read_layer(raw({.name = "a/.wh.gone"}) + raw({.name = ".wh.top"}) +
                                  raw({.name = "a/.wh..wh..opq"}) + raw({.name = ".wh..wh..opq"}) +
                                  raw({.name = ".wh..hidden"}) + raw({.name = ".wh.....x"}) + end);
    REQUIRE(items);
    std::vector<std::pair<std::string, bool>> found;
    for (const auto& item : *items) {
        CHECK(item.entry.type == EntryType::whiteout);
        found.emplace_back(item.entry.path, item.entry.opaque);
    }
    CHECK((found == std::vector<std::pair<std::string, bool>>{{"a/gone", false},
                                                              {"top", false},
                                                              {"a", true},
                                                              {"", true},
                                                              {".hidden", false},
                                                              {"....x", false}}));
}

TEST_CASE("aufs's metadata is left out") {
    const auto items =
        read_layer(raw({.name = ".wh..wh.aufs"}) + raw({.name = ".wh..wh.plnk/", .type = '5'}) +
                   raw({.name = ".wh..wh.plnk/12.34", .content = "x"}) +
                   raw({.name = "kept", .content = "y"}) + end);
    REQUIRE(items);
    REQUIRE(items->size() == 1);
    CHECK(items->front().entry.path == "kept");
    CHECK(items->front().content == "y");
}

TEST_CASE("invalid whiteouts are errors") {
    for (const std::string name : {".wh.", ".wh..", ".wh...", "a/.wh.", "a/.wh..", "a/.wh...",
                                   ".wh.a/b", ".wh..wh..opq/x"}) {
        CAPTURE(name);
        const auto items = read_layer(raw({.name = name}) + end);
        REQUIRE_FALSE(items);
        CHECK(items.error().code == ErrorCode::corrupt);
    }
}

TEST_CASE("of an archive that is no layer, every name is one, and `..` stays inside") {
    struct Case {
        std::string name;
        std::string_view path;
    };
    const Case cases[] = {
        {"/abs", "abs"},
        {"a/../b", "b"},
        {"a/b/../../b/./c", "b/c"},
        {"a/.wh.gone", "a/.wh.gone"},
        {".wh..wh..opq", ".wh..wh..opq"},
        {".wh.", ".wh."},
        {".wh..wh.plnk", ".wh..wh.plnk"},
    };
    for (const auto& [name, path] : cases) {
        CAPTURE(name);
        const auto archive = raw({.name = name, .content = "x"}) +
                             raw({.name = "link", .type = '1', .link = name}) +
                             raw({.name = "a/..", .type = '5'}) + end;
        MemorySource source(archive);
        LayerTarReader reader(source, {}, TarKind::files);
        const auto file = reader.next();
        REQUIRE(file);
        REQUIRE(*file);
        CHECK((*file)->path == path);
        CHECK((*file)->type == EntryType::file);
        const auto link = reader.next();
        REQUIRE(link);
        REQUIRE(*link);
        CHECK((*link)->link == path);
        const auto none = reader.next();
        REQUIRE(none);
        CHECK_FALSE(*none);
        CHECK(reader.root());
    }
}

TEST_CASE("of an archive that is no layer, names and hard links that lead out are refused") {
    for (const std::string name : {"../../up", "a/../../b", "/../x", ".."}) {
        CAPTURE(name);
        for (const auto& entry :
             {raw({.name = name}), raw({.name = "l", .type = '1', .link = name})}) {
            const auto archive = entry + end;
            MemorySource source(archive);
            LayerTarReader reader(source, {}, TarKind::files);
            const auto got = reader.next();
            REQUIRE_FALSE(got);
            CHECK(got.error().code == ErrorCode::invalid);
            CHECK(got.error().message == "the name " + name + " leads out of the archive");
        }
    }
}

TEST_CASE("the root's own entry is kept apart") {
    for (const std::string name : {"./", "/", "."}) {
        CAPTURE(name);
        const auto archive = pax(record("uid", "7")) + raw({.name = name, .type = '5'}) +
                             raw({.name = "./a", .content = "x"}) + end;
        MemorySource source(archive);
        LayerTarReader reader(source);
        auto entry = reader.next();
        REQUIRE(entry);
        REQUIRE(*entry);
        CHECK((*entry)->path == "a");
        REQUIRE(reader.root());
        CHECK(reader.root()->uid == 7);
    }
}

TEST_CASE("PAX records count before the header's fields") {
    const auto item =
        only(pax(record("path", "long/" + std::string(200, 'n')) + record("uid", "3000000") +
                 record("gid", "4294967295") + record("mtime", "1700000000.987654321") +
                 record("size", "3") + record("atime", "1") +
                 record("SCHILY.xattr.user.raw", std::string("a\0\n=b", 5)) +
                 record("SCHILY.xattr.user.empty", "") +
                 record("SCHILY.xattr.trusted.overlay.redirect", "/etc") +
                 record("comment", "anything")) +
             raw({.content = "abc", .size = "00000000001"}) + end);
    CHECK(item.entry.path == "long/" + std::string(200, 'n'));
    CHECK(item.entry.uid == 3000000);
    CHECK(item.entry.gid == 4294967295);
    CHECK(item.entry.mtime == 1700000000);
    CHECK(item.content == "abc");
    REQUIRE(item.entry.xattrs.size() == 2);
    CHECK(item.entry.xattrs[0] == Xattr{"user.empty", ""});
    CHECK(item.entry.xattrs[1] == Xattr{"user.raw", std::string("a\0\n=b", 5)});
}

TEST_CASE("global PAX headers are ignored") {
    const auto item = only(pax(record("comment", "git commit") + record("path", "evil"), 'g') +
                           raw({.name = "f"}) + end);
    CHECK(item.entry.path == "f");
}

TEST_CASE("GNU's long names and base-256 numbers") {
    const std::string magic = "ustar  ";
    const std::string name = std::string(200, 'd') + "/" + std::string(200, 'x');
    const auto item =
        only(raw({.name = "././@LongLink",
                  .type = 'L',
                  .content = name + std::string(1, '\0'),
                  .magic = magic}) +
             raw({.name = "././@LongLink",
                  .type = 'K',
                  .content = "t/" + std::string(300, 'y'),
                  .magic = magic}) +
             raw({.type = '2',
                  .link = "t",
                  .uid = std::string("\x80\0\0\0\0\x2d\xc6\xc0", 8),
                  .mtime = std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfb", 12),
                  .magic = magic}) +
             end);
    CHECK(item.entry.path == name);
    CHECK(item.entry.link == "t/" + std::string(300, 'y'));
    CHECK(item.entry.uid == 3000000);
    CHECK(item.entry.mtime == -5);
}

TEST_CASE("a hard link's size does not count") {
    const auto items =
        read_layer(raw({.name = "a", .content = "12345"}) +
                   raw({.name = "b", .type = '1', .link = "./a", .size = "00000000005"}) +
                   raw({.name = "c", .content = "c"}) + end);
    REQUIRE_MESSAGE(items, (items ? "" : items.error().message));
    REQUIRE(items->size() == 3);
    CHECK(items->at(1).entry.type == EntryType::hard_link);
    CHECK(items->at(1).entry.link == "a");
    CHECK(items->at(1).entry.size == 0);
    CHECK(items->at(1).content.empty());
    CHECK(items->at(2).content == "c");
}

TEST_CASE("what was not read of a file is skipped") {
    const auto archive = raw({.name = "a", .content = std::string(700'000, 'a')}) +
                         raw({.name = "b", .content = "b"}) + end;
    MemorySource source(archive);
    LayerTarReader reader(source);
    REQUIRE(*reader.next());
    std::array<std::byte, 10> some{};
    CHECK(*reader.content().read(some) == 10);
    auto second = reader.next();
    REQUIRE(second);
    CHECK((*second)->path == "b");
    CHECK(*reader.content().read(some) == 1);
    CHECK(*reader.content().read(some) == 0);
    auto last = reader.next();
    REQUIRE(last);
    CHECK_FALSE(*last);
}

TEST_CASE("an archive may be empty or lack its end mark") {
    CHECK(read_layer("")->empty());
    CHECK(read_layer(end)->empty());
    CHECK(read_layer(std::string(10240, '\0'))->empty());
    CHECK(read_layer(raw({.content = "x"}))->size() == 1);
    CHECK(read_layer(raw({.content = "x"}) + end + "rubbish after the end")->size() == 1);
}

TEST_CASE("damaged archives are corrupt") {
    auto checksum = raw({.content = "x"}) + raw({.name = "g"}) + end;
    checksum[512 + 512 + 3] = '!';
    const std::map<std::string, std::string> archives = {
        {"no tar", std::string(2000, 'x')},
        {"short", "hello"},
        {"cut in a header", (raw({.content = "x"}) + raw({})).substr(0, 1024 + 100)},
        {"cut in a file", raw({.content = std::string(5000, 'x')}).substr(0, 3000)},
        {"cut in a pax header", pax(record("path", std::string(2000, 'p'))).substr(0, 1024)},
        {"pax header without an entry", pax(record("path", "a")) + end},
        {"wrong checksum", checksum},
        {"negative size", raw({.size = "-0000000001"}) + end},
        {"negative base-256 size", raw({.size = std::string(12, '\xff')}) + end},
        {"negative uid", raw({.uid = std::string(8, '\xff')}) + end},
        {"uid beyond 32 bits", pax(record("uid", "4294967296")) + raw({}) + end},
        {"malformed pax record", pax("xx path=a\n") + raw({}) + end},
        {"pax record longer than its header", pax("99 path=a\n") + raw({}) + end},
        {"nameless device", raw({.name = "/", .type = '3'}) + end},
        {"hard link to nothing", raw({.type = '1', .link = "/"}) + end},
        {"hard link to a whiteout", raw({.type = '1', .link = ".wh.a"}) + end},
    };
    for (const auto& row : archives) {
        const auto& name = row.first;
        const auto& archive = row.second;
        CAPTURE(name);
        const auto items = read_layer(archive);
        REQUIRE_FALSE(items);
        CAPTURE(items.error().message);
        CHECK(items.error().code == ErrorCode::corrupt);
        CHECK(items.error().message.find("layer archive") != std::string::npos);
    }
}

TEST_CASE("every archive cut short is either corrupt or has whole entries") {
    std::string archive;
    for (int i = 0; i < 5; ++i)
        archive += raw({.name = "f" + std::to_string(i), .content = std::string(700, 'c')});
    for (std::size_t size = 1; size < archive.size(); size += 97) {
        CAPTURE(size);
        const auto items = read_layer(archive.substr(0, size));
        if (items) {
            for (const auto& item : *items)
                CHECK(item.content == std::string(700, 'c'));
        } else {
            CHECK(items.error().code == ErrorCode::corrupt);
        }
    }
}

TEST_CASE("limits are errors before anything is stored") {
    const auto code = [](const std::string& archive, TarLimits limits) {
        const auto items = read_layer(archive, limits);
        return items ? ErrorCode::internal : items.error().code;
    };
    const auto two =
        raw({.name = "a", .content = "12345"}) + raw({.name = "b", .content = "12345"}) + end;
    TarLimits limits;
    limits.max_entries = 1;
    CHECK(code(two, limits) == ErrorCode::invalid);
    limits = {};
    limits.max_bytes = 9;
    CHECK(code(two, limits) == ErrorCode::invalid);
    limits.max_bytes = 10;
    CHECK(read_layer(two, limits));
    // A few hundred bytes that claim to hold nearly 8 EiB.
    const auto huge = pax(record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") +
                          record("GNU.sparse.realsize", "9000000000000000000")) +
                      raw({.content = "0\n" + std::string(510, '\0')}) + end;
    CHECK(code(huge, {}) == ErrorCode::invalid);
    CHECK(code(raw({.name = std::string(100, 'a'), .prefix = std::string(155, 'b')}) + end,
               {.max_path = 200}) == ErrorCode::invalid);
    CHECK(code(pax(record("path", std::string(256, 'a'))) + raw({}) + end, {}) ==
          ErrorCode::invalid);
    CHECK(code(pax(record("path", std::string(5000, 'a'))) + raw({}) + end, {}) ==
          ErrorCode::invalid);
    CHECK(code(pax(record("linkpath", std::string(5000, 'a'))) + raw({.type = '2'}) + end, {}) ==
          ErrorCode::invalid);
    std::string deep;
    for (int i = 0; i < 1100; ++i)
        deep += "d/";
    CHECK(code(pax(record("path", deep)) + raw({.type = '5'}) + end, {}) == ErrorCode::invalid);
    CHECK(code(pax(record("SCHILY.xattr.user.a", std::string(70'000, 'a'))) + raw({}) + end, {}) ==
          ErrorCode::invalid);
    std::string many;
    for (int i = 0; i < 300; ++i)
        many += record("SCHILY.xattr.user.a" + std::to_string(i), "x");
    CHECK(code(pax(many) + raw({}) + end, {}) == ErrorCode::invalid);
}

TEST_CASE("the source's own error is the one reported") {
    struct Failing final : ByteSource {
        std::string start = raw({.content = std::string(5000, 'x')}).substr(0, 1024);
        bool given = false;
        Result<std::size_t> read(std::span<std::byte> out) override {
            if (given) return fail(Error{.code = ErrorCode::network, .message = "gone"});
            given = true;
            std::memcpy(out.data(), start.data(), start.size());
            return start.size();
        }
    };
    Failing source;
    LayerTarReader reader(source);
    REQUIRE(reader.next());
    StringSink sink;
    const auto copied = copy_bytes(reader.content(), sink);
    REQUIRE_FALSE(copied);
    CHECK(copied.error().code == ErrorCode::network);
    CHECK(reader.next().error().code == ErrorCode::network);
}

TEST_CASE("the diff id covers the padding after the end mark") {
    const auto archive = raw({.content = "x"}) + end + std::string(8000, '\0') + "tail";
    MemorySource source(archive);
    HashingSource hashing(source);
    LayerTarReader reader(hashing);
    while (*reader.next()) {
    }
    REQUIRE(hashing.drain());
    CHECK(hashing.count() == archive.size());
    CHECK(hashing.finish() == Digest::of(archive));
}

TEST_CASE("archives of GNU tar in every format, sparse files included") {
    for (const std::string format : {"gnu", "oldgnu", "posix", "ustar", "v7"}) {
        CAPTURE(format);
        const bool modern = format != "v7" && format != "ustar";
        const bool sparse = modern;
        const auto archive = run_tool(
            "mkdir -p t/sub && cd t\n"
            "printf hello >plain; ln plain twin; ln -s plain soft; mkfifo pipe\n"
            "truncate -s 3M holes; printf mid | dd of=holes bs=1 seek=1000000 conv=notrunc "
            "2>/dev/null\n"
            "chmod 4750 plain; touch -d @1600000000.5 plain\n" +
            std::string(modern ? "touch " + std::string(150, 'n') + "\n" : "") +
            (format == "v7" ? "rm pipe\n" : "") + "cd ..; tar cf out --format=" + format +
            (sparse ? " -S" : "") + " --sort=name --owner=5 --group=6 -C t .\n");
        if (sparse) CHECK(archive.size() < 1'000'000);
        const auto items = read_layer(archive);
        REQUIRE_MESSAGE(items, (items ? "" : items.error().message));
        std::map<std::string, Item> by_path;
        for (const auto& item : *items)
            by_path[item.entry.path] = item;
        CHECK(by_path.size() == (format == "v7" ? 5U : 6U) + (modern ? 1U : 0U));
        CHECK(by_path["plain"].content == "hello");
        CHECK(by_path["plain"].entry.mode == 04750);
        CHECK(by_path["plain"].entry.mtime == 1600000000);
        CHECK(by_path["plain"].entry.uid == 5);
        CHECK(by_path["plain"].entry.gid == 6);
        CHECK(by_path["twin"].entry.type == EntryType::hard_link);
        CHECK(by_path["twin"].entry.link == "plain");
        CHECK(by_path["soft"].entry.link == "plain");
        CHECK(by_path["sub"].entry.type == EntryType::directory);
        std::string holes(3 << 20, '\0');
        holes.replace(1000000, 3, "mid");
        CHECK((by_path["holes"].content == holes));
    }
}

TEST_CASE("sparse files of both older PAX forms") {
    for (const std::string version : {"0.0", "0.1", "1.0"}) {
        CAPTURE(version);
        const auto archive =
            run_tool("truncate -s 2M holes; printf end | dd of=holes bs=1 seek=2097149 "
                     "conv=notrunc 2>/dev/null\ntar cf out -S --format=posix "
                     "--sparse-version=" +
                     version + " holes\n");
        const auto item = only(archive);
        CHECK(item.entry.path == "holes");
        CHECK(item.entry.size == 2097152);
        CHECK((item.content == std::string(2097149, '\0') + "end"));
    }
}

TEST_CASE("archives of python's tarfile") {
    const auto archive = run_tool(
        "cat >s.py <<'PY'\n"
        "import tarfile, io\n"
        "t = tarfile.open('out', 'w', format=tarfile.PAX_FORMAT)\n"
        "i = tarfile.TarInfo('caf\\u00e9/' + 'x' * 120)\n"
        "i.size = 3; i.mtime = 12.75; i.uid = 2**31; i.mode = 0o640; i.uname = 'somebody'\n"
        "i.pax_headers = {'SCHILY.xattr.user.k': 'v'}\n"
        "t.addfile(i, io.BytesIO(b'abc'))\n"
        "t.close()\nPY\npython3 s.py\n");
    const auto item = only(archive);
    CHECK(item.entry.path == "caf\xc3\xa9/" + std::string(120, 'x'));
    CHECK(item.entry.mtime == 12);
    CHECK(item.entry.uid == 2147483648U);
    CHECK(item.entry.mode == 0640);
    CHECK(item.entry.xattrs == std::vector<Xattr>{{"user.k", "v"}});
    CHECK(item.content == "abc");
}
