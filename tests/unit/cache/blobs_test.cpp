#include "cache/blob_files.hpp"
#include "support.hpp"

#include <csignal>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <thread>

using namespace mybuild;
using namespace mybuild::test;

namespace {

std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
}

std::vector<std::string> blob_names(const Store& store) {
    return fs::list_dir(
               fs::open_at(store.root_fd(), "blobs/sha256", O_RDONLY | O_DIRECTORY).value().get())
        .value();
}

/// A blob written in pieces.
Result<oci::Descriptor> store_pieces(Blobs& blobs, const std::vector<std::string>& pieces,
                                     const oci::Descriptor* expected) {
    TRY_ASSIGN(const auto writer, blobs.begin());
    for (const auto& piece : pieces)
        TRY(writer->write(bytes(piece)));
    return writer->commit(expected);
}

/// Both ways of hiding a blob that is being written.
struct BothWays {
    TempStore made;
    WorkDir work{made->root_fd()};
    BlobFiles unnamed{made->root_fd(), work};
    BlobFiles named{made->root_fd(), work, BlobFiles::Unnamed::never};
};

} // namespace

TEST_CASE("a blob is known by its digest once it is whole") {
    BothWays ways;
    for (auto* blobs : {&ways.unnamed, &ways.named}) {
        const std::string text = blobs == &ways.named ? "named way" : "other way";
        {
            const auto writer = blobs->begin().value();
            REQUIRE(writer->write(bytes(text.substr(0, 4))));
            CHECK_FALSE(blobs->has(Digest::of(text)));
            REQUIRE(writer->write(bytes(text.substr(4))));
            CHECK_FALSE(blobs->has(Digest::of(text)));
            const auto stored = writer->commit(nullptr);
            REQUIRE(stored);
            CHECK(stored->digest == Digest::of(text));
            CHECK(stored->size == text.size());
        }
        REQUIRE(blobs->has(Digest::of(text)));
        const auto fd = blobs->open(Digest::of(text)).value();
        CHECK(::lseek(fd.get(), 0, SEEK_CUR) == 0);
        CHECK(fs::read_all(fd.get()).value() == text);
        CHECK(blobs->read(Digest::of(text), text.size()).value() == text);
        struct stat info {};
        REQUIRE(::fstat(fd.get(), &info) == 0);
        CHECK((info.st_mode & 07777U) == 0444);
    }
    CHECK(blob_names(*ways.made.store).size() == 2);
    CHECK(fs::list_dir(ways.work.get().value().fd).value().empty());
}

TEST_CASE("an empty blob is a blob") {
    const TempStore made;
    CHECK(made->blobs().put("", "text/plain").value().size == 0);
    CHECK(made->blobs().read(Digest::of(""), 0).value().empty());
}

TEST_CASE("bytes that are not what was announced are refused and leave nothing") {
    BothWays ways;
    const oci::Descriptor expected{.media_type = "m", .digest = Digest::of("text"), .size = 4};
    struct Case {
        std::vector<std::string> pieces;
        const char* says;
    };
    const std::vector<Case> cases = {
        {{"tex"}, "has 3 bytes, 4 were expected"},
        {{"text", "!"}, "has 5 bytes, 4 were expected"},
        {{}, "has 0 bytes, 4 were expected"},
        {{"te", "st"}, "has the digest sha256:9f86d081"},
    };
    for (auto* blobs : {&ways.unnamed, &ways.named}) {
        for (const auto& [pieces, says] : cases) {
            const auto stored = store_pieces(*blobs, pieces, &expected);
            REQUIRE_FALSE(stored);
            CHECK(stored.error().code == ErrorCode::corrupt);
            CHECK(stored.error().message.find(says) != std::string::npos);
            CHECK(stored.error().message.find(expected.digest.str()) != std::string::npos);
        }
        CHECK(blob_names(*ways.made.store).empty());
        CHECK(fs::list_dir(ways.work.get().value().fd).value().empty());
    }
    CHECK(store_pieces(ways.unnamed, {"te", "xt"}, &expected).value() == expected);
}

TEST_CASE("a writer that is dropped leaves nothing") {
    BothWays ways;
    for (auto* blobs : {&ways.unnamed, &ways.named})
        REQUIRE(blobs->begin().value()->write(bytes("half of it")));
    CHECK(blob_names(*ways.made.store).empty());
    CHECK(fs::list_dir(ways.work.get().value().fd).value().empty());
}

TEST_CASE("a process killed in the middle of a blob leaves nothing visible") {
    for (const auto unnamed : {BlobFiles::Unnamed::if_possible, BlobFiles::Unnamed::never}) {
        const TempStore made;
        auto ready = make_pipe();
        const auto child = in_child([&] {
            WorkDir work(made->root_fd());
            BlobFiles blobs(made->root_fd(), work, unnamed);
            const auto writer = blobs.begin();
            if (!writer || !(*writer)->write(bytes(std::string(1 << 20, 'x')))) return 1;
            (void)!::write(ready.write.get(), "x", 1);
            ::pause();
            return 2;
        });
        ready.write.reset();
        char byte = 0;
        REQUIRE(::read(ready.read.get(), &byte, 1) == 1);
        ::kill(child, SIGKILL);
        CHECK(wait_for(child) == 128 + SIGKILL);
        CHECK(blob_names(*made.store).empty());
        // The next ones to write sweep what is left below work/.
        { CHECK(Store::open(made->root()).value()->scratch_dir()); }
        { CHECK(Store::open(made->root()).value()->scratch_dir()); }
        const auto work = fs::open_at(made->root_fd(), "work", O_RDONLY | O_DIRECTORY).value();
        CHECK(fs::list_dir(work.get()).value().empty());
    }
}

TEST_CASE("several threads and processes store the same blob") {
    BothWays ways;
    const std::string text(100'000, 'b');
    std::vector<pid_t> children;
    for (int i = 0; i < 3; ++i)
        children.push_back(in_child([&] {
            const auto store = Store::open(ways.made->root());
            return store && store_pieces((*store)->blobs(), {text}, nullptr) ? 0 : 1;
        }));
    std::atomic<int> stored = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&, i] {
                Blobs& blobs = i % 2 == 0 ? ways.unnamed : ways.named;
                stored += store_pieces(blobs, {text}, nullptr) ? 1 : 0;
                stored += blobs.put(text, "m") ? 1 : 0;
            });
    }
    CHECK(stored == 8);
    for (const auto child : children)
        CHECK(wait_for(child) == 0);
    CHECK(blob_names(*ways.made.store) == std::vector{Digest::of(text).hex()});
    CHECK(ways.unnamed.read(Digest::of(text), text.size()).value() == text);
}

TEST_CASE("what is not there, too long or damaged") {
    BothWays ways;
    auto& blobs = ways.unnamed;
    const auto missing = Digest::of("missing");
    CHECK_FALSE(blobs.has(missing));
    CHECK(blobs.open(missing).error().code == ErrorCode::not_found);
    CHECK(blobs.read(missing, 10).error().code == ErrorCode::not_found);
    CHECK(blobs.remove(missing));

    REQUIRE(blobs.put("four", "m"));
    const auto digest = Digest::of("four");
    CHECK(blobs.read(digest, 3).error().code == ErrorCode::invalid);

    const auto path = "blobs/sha256/" + digest.hex();
    REQUIRE(fs::write_file_atomic(ways.made->root_fd(), path, "Four"));
    const auto damaged = blobs.read(digest, 10);
    CHECK(damaged.error().code == ErrorCode::corrupt);
    CHECK(damaged.error().hint.find(path) != std::string::npos);

    REQUIRE(blobs.remove(digest));
    CHECK_FALSE(blobs.has(digest));
}

TEST_CASE("a blob that was cut off is replaced by a whole one") {
    BothWays ways;
    for (auto* blobs : {&ways.unnamed, &ways.named}) {
        const auto digest = Digest::of("whole");
        REQUIRE(fs::write_file_atomic(ways.made->root_fd(), "blobs/sha256/" + digest.hex(), "who"));
        REQUIRE(store_pieces(*blobs, {"whole"}, nullptr));
        CHECK(blobs->read(digest, 10).value() == "whole");
        REQUIRE(fs::write_file_atomic(ways.made->root_fd(), "blobs/sha256/" + digest.hex(), "who"));
        REQUIRE(blobs->put("whole", "m"));
        CHECK(blobs->read(digest, 10).value() == "whole");
    }
    CHECK(fs::list_dir(ways.work.get().value().fd).value().empty());
}

TEST_CASE("a full disk is told as one, and the store works on when there is space again") {
    const auto dir = temp();
    if (::mount("tmpfs", dir.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
        MESSAGE("skipped: this process may not mount");
        return;
    }
    {
        const auto store = Store::open(dir.path() + "/store").value();
        REQUIRE(store->blobs().put("small", "m"));
        {
            const auto stored =
                store_pieces(store->blobs(), std::vector(32, std::string(65536, 'x')), nullptr);
            REQUIRE_FALSE(stored);
            CHECK(stored.error().code == ErrorCode::no_space);
            CHECK(stored.error().hint.find("free space") != std::string::npos);
        }
        CHECK(blob_names(*store).size() == 1);
        CHECK(store->blobs().put(std::string(300'000, 'y'), "m"));
    }
    REQUIRE(::umount2(dir.path().c_str(), 0) == 0);
}
