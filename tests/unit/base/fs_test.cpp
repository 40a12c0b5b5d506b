#include "base/fs.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>

using namespace mybuild;

namespace {
fs::TempDir temp() {
    return fs::TempDir::create("/tmp", "mybuild-test-").value();
}
} // namespace

TEST_CASE("a file replaced atomically is there whole, and no temporary is left") {
    const auto dir = temp();
    REQUIRE(fs::write_file_atomic(dir.fd(), "f", "one"));
    REQUIRE(fs::write_file_atomic(dir.fd(), "f", "two"));
    CHECK(fs::read_file_at(dir.fd(), "f").value() == "two");
    CHECK(fs::list_dir(dir.fd()).value() == std::vector<std::string>{"f"});
}

TEST_CASE("reading stops at the limit with an error") {
    const auto dir = temp();
    REQUIRE(fs::write_file_atomic(dir.fd(), "f", std::string(100, 'x')));
    CHECK(fs::read_file_at(dir.fd(), "f", 100).has_value());
    CHECK_FALSE(fs::read_file_at(dir.fd(), "f", 99).has_value());
}

TEST_CASE("symbolic links and dot-dot stay inside the root") {
    const auto dir = temp();
    REQUIRE(fs::make_dirs_at(dir.fd(), "etc/deep"));
    REQUIRE(fs::write_file_atomic(dir.fd(), "etc/passwd", "inside"));
    REQUIRE(::symlinkat("/etc/passwd", dir.fd(), "abs") == 0);
    REQUIRE(::symlinkat("../../../../etc/passwd", dir.fd(), "etc/deep/rel") == 0);
    for (const auto* path : {"abs", "etc/deep/rel", "../../etc/passwd", "/etc/passwd"}) {
        const auto fd = fs::open_in_root(dir.fd(), path, O_RDONLY);
        REQUIRE(fd);
        CHECK(fs::read_all(fd->get()).value() == "inside");
    }
}

TEST_CASE("a tree with unwritable directories and links to outside is removed, and only it") {
    const auto outside = temp();
    REQUIRE(fs::write_file_atomic(outside.fd(), "keep", "k"));
    const auto dir = temp();
    REQUIRE(fs::make_dirs_at(dir.fd(), "t/a/b"));
    REQUIRE(fs::write_file_atomic(dir.fd(), "t/a/f", "x"));
    REQUIRE(::symlinkat(outside.path().c_str(), dir.fd(), "t/link") == 0);
    REQUIRE(::fchmodat(dir.fd(), "t/a", 0500, 0) == 0);
    REQUIRE(fs::remove_tree_at(dir.fd(), "t"));
    REQUIRE(fs::remove_tree_at(dir.fd(), "not-there"));
    CHECK(fs::list_dir(dir.fd()).value().empty());
    CHECK(fs::read_file_at(outside.fd(), "keep").value() == "k");
}
