#include "base/fs.hpp"
#include "builder/copy/context_tree.hpp"
#include "builder/mounts/mounted_tree.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace mybuild;

namespace {

struct Context {
    fs::TempDir dir = fs::TempDir::create("/tmp", "mybuild-mounted-").value();

    void file(const std::string& path, const std::string& content = "x",
              unsigned mode = 0644) const {
        REQUIRE(fs::make_dirs_at(dir.fd(), std::string(parent_path(path))));
        REQUIRE(fs::write_file_atomic(dir.fd(), path, content));
        REQUIRE(::fchmodat(dir.fd(), path.c_str(), mode, 0) == 0);
    }
    void link(const std::string& path, const std::string& target) const {
        REQUIRE(::symlinkat(target.c_str(), dir.fd(), path.c_str()) == 0);
    }
    [[nodiscard]] std::unique_ptr<ContextTree> open(const std::string& ignore = "") const {
        auto rules = IgnoreRules::parse(std::make_shared<Source>(".dockerignore", ignore));
        return ContextTree::open(dir.path(), rules.value(), nullptr).value();
    }
    [[nodiscard]] Digest digest(const std::string& source, const std::string& ignore = "") const {
        const auto tree = open(ignore);
        return mounted_digest(find_mounted(*tree, source).value(), Owners::root);
    }
};

} // namespace

TEST_CASE("source is found inside the tree, links followed") {
    const Context context;
    context.file("dir/sub/file");
    context.link("link", "dir/sub");
    context.link("up", "../../../dir");
    context.link("absolute", "/dir");
    const auto tree = context.open();
    for (const auto& [source, root] :
         std::vector<std::pair<std::string, std::string>>{{"/", ""},
                                                          {"", ""},
                                                          {"dir", "dir"},
                                                          {"/dir/./sub/", "dir/sub"},
                                                          {"../../dir", "dir"},
                                                          {"link/file", "dir/sub/file"},
                                                          {"up/sub", "dir/sub"},
                                                          {"absolute", "dir"}}) {
        CAPTURE(source);
        CHECK(mounted_path(*tree, source).value_or("not found") == root);
    }
    for (const auto* source : {"/nothing", "link/nothing"}) {
        CAPTURE(source);
        CHECK(mounted_path(*tree, source).error().code == ErrorCode::not_found);
    }
    const auto ignoring = context.open("dir/sub");
    CHECK(mounted_path(*ignoring, "link").error().message ==
          "\"/link\" not found in the build context");
}

TEST_CASE("the digest covers what a step can see, and nothing else") {
    const Context context;
    context.file("src/a", "a");
    context.file("src/sub/b", "b");
    context.file("other", "x");
    const auto before = context.digest("src");
    const auto whole = context.digest("/");

    context.file("other", "y");
    CHECK(context.digest("src") == before);
    CHECK(context.digest("/") != whole);
    CHECK(context.digest("src", "other") == before);

    const std::array<struct timespec, 2> old{{{1, 0}, {1, 0}}};
    REQUIRE(::utimensat(context.dir.fd(), "src/a", old.data(), 0) == 0);
    CHECK(context.digest("src") == before);

    context.file("src/a", "A");
    CHECK(context.digest("src") != before);
    context.file("src/a", "a");
    CHECK(context.digest("src") == before);
    context.file("src/a", "a", 0755);
    CHECK(context.digest("src") != before);
    context.file("src/a", "a");
    CHECK(context.digest("src", "src/sub") != before);
    CHECK(context.digest("src/a") != context.digest("src/sub/b"));

    // The mode of a directory that is mounted can be seen; that of a context cannot.
    const auto src = context.digest("src");
    const auto root = context.digest("/");
    REQUIRE(::fchmodat(context.dir.fd(), "src", 0700, 0) == 0);
    CHECK(context.digest("src") != src);
    REQUIRE(::fchmodat(context.dir.fd(), "src", 0755, 0) == 0);
    REQUIRE(::fchmod(context.dir.fd(), 0711) == 0);
    CHECK(context.digest("/") == root);
}

TEST_CASE("a tree is written as it is, but for what is ignored") {
    if (::geteuid() != 0) return;
    const Context context;
    context.file("src/a", "a", 04750);
    context.file("src/sub/b", "b");
    context.file("src/ignored", "x");
    context.link("src/link", "sub/b");
    REQUIRE(::linkat(context.dir.fd(), "src/a", context.dir.fd(), "src/z", 0) == 0);
    REQUIRE(::fchownat(context.dir.fd(), "src/a", 1234, 1234, 0) == 0);
    REQUIRE(::fchmodat(context.dir.fd(), "src/a", 04750, 0) == 0);
    const std::array<struct timespec, 2> old{{{7, 0}, {7, 0}}};
    REQUIRE(::utimensat(context.dir.fd(), "src/sub", old.data(), 0) == 0);

    const auto tree = context.open("src/ignored");
    const auto out = fs::TempDir::create("/tmp", "mybuild-written-").value();
    REQUIRE(write_tree(*tree, find_mounted(*tree, "src").value(), out.fd(), "copy"));
    CHECK(fs::read_file_at(out.fd(), "copy/sub/b").value() == "b");
    CHECK(!fs::stat_at(out.fd(), "copy/ignored"));
    const auto a = fs::stat_at(out.fd(), "copy/a").value();
    CHECK((a.st_mode & 07777U) == 04750);
    CHECK(a.st_uid == 0);
    CHECK(a.st_ino == fs::stat_at(out.fd(), "copy/z").value().st_ino);
    CHECK(S_ISLNK(fs::stat_at(out.fd(), "copy/link").value().st_mode));
    CHECK(fs::stat_at(out.fd(), "copy/sub").value().st_mtim.tv_sec == 7);

    REQUIRE(write_tree(*tree, find_mounted(*tree, "src/link").value(), out.fd(), "file"));
    CHECK(fs::read_file_at(out.fd(), "file").value() == "b");
    REQUIRE(write_tree(*tree, find_mounted(*tree, "/").value(), out.fd(), "all"));
    CHECK(fs::read_file_at(out.fd(), "all/src/sub/b").value() == "b");
}
