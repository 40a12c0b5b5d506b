#include "image/byte_stream_io.hpp"
#include "image/compress.hpp"
#include "tests/unit/image/layer_tar_support.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>

using namespace mybuild;

namespace {

const std::map<Compression, const char*> tools = {{Compression::gzip, "gzip"},
                                                  {Compression::zstd, "zstd"},
                                                  {Compression::xz, "xz"},
                                                  {Compression::bzip2, "bzip2"}};

/// Text that compresses, with some noise.
std::string sample(std::size_t size) {
    std::mt19937 random(7);
    std::string out;
    out.reserve(size + 64);
    while (out.size() < size) {
        if (random() % 4 == 0)
            out += static_cast<char>(random());
        else
            out += "line of some program " + std::to_string(random() % 100);
    }
    out.resize(size);
    return out;
}

std::string noise(std::size_t size) {
    std::mt19937 random(9);
    std::string out(size, '\0');
    for (char& byte : out)
        byte = static_cast<char>(random());
    return out;
}

std::string compress(const CompressOptions& options, std::string_view data,
                     std::size_t chunk = SIZE_MAX) {
    StringSink out;
    auto sink = make_compressor(options, out);
    REQUIRE(sink);
    while (!data.empty()) {
        const auto part = data.substr(0, chunk);
        REQUIRE((*sink)->write(std::as_bytes(std::span(part))));
        data.remove_prefix(part.size());
    }
    REQUIRE((*sink)->finish());
    return out.take();
}

/// Gives its bytes in pieces of one size.
class Dripping final : public ByteSource {
  public:
    Dripping(std::string_view data, std::size_t piece) : m_data(data), m_piece(piece) {}
    Result<std::size_t> read(std::span<std::byte> out) override {
        return m_data.read(out.first(std::min(out.size(), m_piece)));
    }

  private:
    MemorySource m_data;
    std::size_t m_piece;
};

Result<std::string> decompress(std::string_view data, std::size_t in_piece = SIZE_MAX,
                               std::size_t out_piece = 65536) {
    Dripping in(data, in_piece);
    TRY_ASSIGN(const auto source, make_decompressor(in));
    std::string out;
    std::vector<std::byte> buffer(out_piece);
    for (;;) {
        TRY_ASSIGN(const auto count, source->read(buffer));
        if (count == 0) return out;
        out.append(reinterpret_cast<const char*>(buffer.data()), count);
    }
}

/// What a command makes of its input.
std::string piped(const std::string& command, std::string_view input) {
    return test::run_tool(command + " <in >out", input);
}

} // namespace

TEST_CASE("what is compressed comes back, by us and by the tools") {
    const std::string inputs[] = {"",
                                  "x",
                                  sample(1000),
                                  sample(1024 * 1024),
                                  sample(3'333'333),
                                  noise(2'500'000),
                                  std::string(5'000'000, '\0')};
    for (const auto& row :
         std::map<Compression, std::vector<int>>{{Compression::none, {0}},
                                                 {Compression::gzip, {0, 1, 2, 3}},
                                                 {Compression::zstd, {0, 9}}}) {
        const auto& kind = row.first;
        const auto& levels = row.second;
        for (const int level : levels) {
            for (const auto& input : inputs) {
                CAPTURE(to_string(kind));
                CAPTURE(level);
                CAPTURE(input.size());
                const auto packed = compress({.kind = kind, .level = level}, input);
                const auto unpacked = decompress(packed);
                REQUIRE_MESSAGE(unpacked, (unpacked ? "" : unpacked.error().message));
                CHECK((*unpacked == input));
                CHECK(packed.size() < input.size() + 1000 + input.size() / 200);
                if (kind == Compression::none) continue;
                CHECK((piped(std::string(tools.at(kind)) + " -dc", packed) == input));
            }
        }
    }
}

TEST_CASE("python reads our gzip") {
    const auto input = sample(2'500'000);
    const auto packed = compress({.kind = Compression::gzip}, input);
    CHECK((piped("python3 -c 'import gzip,sys; sys.stdout.buffer.write(gzip.decompress("
                 "sys.stdin.buffer.read()))'",
                 packed) == input));
    piped("gzip -t", packed);
}

TEST_CASE("how the input comes and how many threads there are does not change a byte") {
    const auto input = sample(2'500'000);
    for (const auto kind : {Compression::gzip, Compression::zstd}) {
        CAPTURE(to_string(kind));
        const auto expected = compress({.kind = kind}, input);
        for (const std::size_t chunk : {1000U, 4096U, 65536U, 1048576U, 1048577U})
            CHECK((compress({.kind = kind}, input, chunk) == expected));
        for (const unsigned threads : {0U, 2U, 3U, 8U})
            CHECK((compress({.kind = kind, .threads = threads}, input, 300'000) == expected));
    }
}

TEST_CASE("a gzip header carries neither time nor name nor system") {
    const auto packed = compress({.kind = Compression::gzip}, "x");
    CHECK(packed.substr(0, 10) == std::string("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10));
}

TEST_CASE("compression that is abandoned ends its threads") {
    StringSink out;
    {
        auto sink = make_compressor({.kind = Compression::gzip, .threads = 2}, out);
        REQUIRE(sink);
        const auto input = sample(3'000'000);
        REQUIRE((*sink)->write(std::as_bytes(std::span(input))));
    }
    CHECK(decompress(out.str()).error().code == ErrorCode::corrupt);
}

TEST_CASE("an error of the sink is passed on") {
    struct Full final : ByteSink {
        Status write(std::span<const std::byte>) override {
            return fail(Error{.code = ErrorCode::no_space, .message = "full"});
        }
    };
    const auto input = sample(5'000'000);
    for (const auto kind : {Compression::none, Compression::gzip, Compression::zstd}) {
        for (const unsigned threads : {1U, 2U}) {
            Full full;
            auto sink = make_compressor({.kind = kind, .threads = threads}, full);
            REQUIRE(sink);
            auto status = (*sink)->write(std::as_bytes(std::span(input)));
            if (status) status = (*sink)->finish();
            REQUIRE_FALSE(status);
            CHECK(status.error().code == ErrorCode::no_space);
        }
    }
}

TEST_CASE("levels and kinds that do not exist are refused") {
    StringSink out;
    for (const CompressOptions options : {CompressOptions{.kind = Compression::gzip, .level = 4},
                                          {.kind = Compression::gzip, .level = -1},
                                          {.kind = Compression::zstd, .level = 20},
                                          {.kind = Compression::xz},
                                          {.kind = Compression::bzip2}}) {
        const auto sink = make_compressor(options, out);
        REQUIRE_FALSE(sink);
        CHECK(sink.error().code == ErrorCode::unsupported);
    }
}

TEST_CASE("what the tools compress is detected and read, in pieces of any size") {
    for (const auto& row : tools) {
        const auto& kind = row.first;
        const auto& tool = row.second;
        for (const std::size_t size : {0U, 1U, 20'000U}) {
            const auto input = sample(size);
            const auto packed = piped(std::string(tool) + " -c", input);
            CAPTURE(tool);
            CAPTURE(size);
            CHECK(detect_compression(std::as_bytes(std::span(packed)).first(6)) == kind);
            for (const std::size_t in_piece : {std::size_t(1), std::size_t(7), SIZE_MAX}) {
                for (const std::size_t out_piece : {1U, 13U, 1'000'000U}) {
                    CAPTURE(in_piece);
                    CAPTURE(out_piece);
                    const auto unpacked = decompress(packed, in_piece, out_piece);
                    REQUIRE_MESSAGE(unpacked, (unpacked ? "" : unpacked.error().message));
                    CHECK((*unpacked == input));
                }
            }
        }
    }
}

TEST_CASE("members and frames may follow each other") {
    const auto a = sample(1000);
    const auto b = sample(70'000);
    for (const auto& row : tools) {
        const auto& tool = row.second;
        CAPTURE(tool);
        const auto command = std::string(tool) + " -c";
        const auto packed = piped(command, a) + piped(command, "") + piped(command, b);
        for (const std::size_t in_piece : {std::size_t(1), std::size_t(7), SIZE_MAX}) {
            CAPTURE(in_piece);
            const auto unpacked = decompress(packed, in_piece);
            REQUIRE_MESSAGE(unpacked, (unpacked ? "" : unpacked.error().message));
            CHECK((*unpacked == a + b));
        }
    }
    const auto frame = compress({.kind = Compression::zstd}, a);
    const std::string skippable("\x5e\x2a\x4d\x18\x03\0\0\0abc", 11);
    CHECK(*decompress(skippable + frame + skippable + frame + skippable) == a + a);
    CHECK(decompress(skippable)->empty());
}

TEST_CASE("a gzip header may have a name, a comment, extra data and its own checksum") {
    const auto packed = piped("python3 -c '\n"
                              "import sys, zlib, struct\n"
                              "d = sys.stdin.buffer.read()\n"
                              "h = b\"\\x1f\\x8b\\x08\\x1e\\1\\2\\3\\4\\0\\3\" + "
                              "struct.pack(\"<H\", 5) + b\"AB\\1\\0x\" + b\"name\\0comment\\0\"\n"
                              "h += struct.pack(\"<H\", zlib.crc32(h) & 0xffff)\n"
                              "c = zlib.compressobj(9, zlib.DEFLATED, -15)\n"
                              "sys.stdout.buffer.write(h + c.compress(d) + c.flush() + "
                              "struct.pack(\"<II\", zlib.crc32(d), len(d)))'",
                              "hello");
    for (const std::size_t in_piece : {std::size_t(1), std::size_t(3), SIZE_MAX}) {
        const auto unpacked = decompress(packed, in_piece);
        REQUIRE_MESSAGE(unpacked, (unpacked ? "" : unpacked.error().message));
        CHECK(*unpacked == "hello");
    }
}

TEST_CASE("data that is not compressed passes through") {
    for (const std::string input :
         {"", "x", "BZ", "BZhello", "plain text that is longer", "\x1f"}) {
        CAPTURE(input);
        CHECK(*decompress(input) == input);
    }
}

TEST_CASE("damage of every kind is corrupt") {
    const auto input = sample(50'000);
    for (const auto& row : tools) {
        const auto& kind = row.first;
        const auto& tool = row.second;
        CAPTURE(tool);
        const auto packed = piped(std::string(tool) + " -c", input);
        const auto is_corrupt = [&](const std::string& data) {
            const auto unpacked = decompress(data);
            return !unpacked && unpacked.error().code == ErrorCode::corrupt;
        };
        for (const std::size_t size :
             {packed.size() - 1, packed.size() - 4, packed.size() / 2, 30UL}) {
            CAPTURE(size);
            CHECK(is_corrupt(packed.substr(0, size)));
        }
        auto flipped = packed;
        flipped[packed.size() / 2] = static_cast<char>(flipped[packed.size() / 2] ^ 0x10);
        CHECK(is_corrupt(flipped));
        if (kind == Compression::bzip2)
            continue; // ends at what is no further stream, as bzip2 does
        CHECK(is_corrupt(packed + "trailing"));
        CHECK(is_corrupt(packed + std::string(1, '\0')));
    }
    auto crc = compress({.kind = Compression::gzip}, input);
    crc[crc.size() - 6] = static_cast<char>(crc[crc.size() - 6] ^ 1);
    CHECK(decompress(crc).error().message.find("checksum") != std::string::npos);
    auto length = compress({.kind = Compression::gzip}, input);
    length[length.size() - 2] = static_cast<char>(length[length.size() - 2] ^ 1);
    CHECK(decompress(length).error().code == ErrorCode::corrupt);
}

TEST_CASE("what comes before damage is given out first") {
    const auto data = sample(3'000'000);
    for (const auto kind : {Compression::gzip, Compression::zstd}) {
        CAPTURE(to_string(kind));
        auto whole = compress({.kind = kind}, data);
        for (const auto& damaged : {whole.substr(0, whole.size() - 7), whole + "something"}) {
            MemorySource in(damaged);
            auto plain = make_decompressor(in).value();
            std::string found;
            Result<std::size_t> got = 1;
            while (got && *got > 0) {
                std::string piece(100'000, '\0');
                got = plain->read(std::as_writable_bytes(std::span(piece)));
                if (got) found += piece.substr(0, *got);
            }
            REQUIRE_FALSE(got);
            CHECK(got.error().code == ErrorCode::corrupt);
            CHECK(data.starts_with(found));
            CHECK(found.size() > data.size() - 200'000);
            CHECK_FALSE(plain->read(std::as_writable_bytes(std::span(found))));
        }
    }
}

TEST_CASE("behind the end of an archive only damage counts") {
    const auto data = sample(1'000'000);
    for (const auto kind : {Compression::none, Compression::gzip, Compression::zstd}) {
        CAPTURE(to_string(kind));
        const auto whole = compress({.kind = kind}, data);
        struct Case {
            std::string bytes;
            bool is_good;
        };
        auto wrong_sum = whole;
        wrong_sum[whole.size() - (kind == Compression::gzip ? 6 : 2)] ^= 1;
        for (const auto& [bytes, is_good] :
             {Case{whole, true}, Case{whole + "something", true}, Case{whole + whole, true},
              Case{whole + whole + "something", true},
              Case{whole.substr(0, whole.size() - 3), kind == Compression::none},
              Case{wrong_sum, kind == Compression::none}}) {
            MemorySource in(bytes);
            const auto plain = make_decompressor(in).value();
            std::string start(1000, '\0');
            REQUIRE(plain->read(std::as_writable_bytes(std::span(start))));
            CHECK(finish_reading(*plain).has_value() == is_good);
        }
    }
}

TEST_CASE("a zstd window beyond 128 MiB is refused, one of 128 MiB is not") {
    const auto input = sample(100'000);
    CHECK((*decompress(piped("zstd -c --long=27", input)) == input));
    const auto wide = decompress(piped("zstd -c --ultra --long=30 --no-check", input));
    REQUIRE_FALSE(wide);
    CHECK(wide.error().code == ErrorCode::corrupt);
}

TEST_CASE("the source's own error is the one reported, for every format") {
    struct Failing final : ByteSource {
        explicit Failing(std::string_view data) : m_data(data) {}
        Result<std::size_t> read(std::span<std::byte> out) override {
            TRY_ASSIGN(const auto count,
                       m_data.read(out.first(std::min<std::size_t>(out.size(), 100))));
            if (count == 0) return fail(Error{.code = ErrorCode::network, .message = "gone"});
            return count;
        }
        MemorySource m_data;
    };
    for (const auto& row : tools) {
        const auto& tool = row.second;
        CAPTURE(tool);
        const auto packed = piped(std::string(tool) + " -c", sample(50'000));
        Failing in(std::string_view(packed).substr(0, packed.size() / 2));
        auto source = make_decompressor(in);
        StringSink out;
        const auto code = !source ? source.error().code : copy_bytes(**source, out).error().code;
        CHECK(code == ErrorCode::network);
    }
}
