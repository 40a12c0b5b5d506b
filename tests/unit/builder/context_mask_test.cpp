#include "base/fs.hpp"
#include "builder/copy/context_tree.hpp"
#include "builder/mounts/context_mask.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <map>
#include <sys/stat.h>
#include <unistd.h>

using namespace mybuild;

namespace {

struct Context {
    fs::TempDir dir = fs::TempDir::create("/tmp", "mybuild-mask-").value();

    Context() {
        for (const auto* path : {"a", "b", "dir/c", "dir/sub/d", "log/one", "log/keep"}) {
            REQUIRE(fs::make_dirs_at(dir.fd(), std::string(parent_path(path))));
            REQUIRE(fs::write_file_atomic(dir.fd(), path, "x"));
        }
        REQUIRE(::fchmod(dir.fd(), 0755) == 0);
        for (const auto* path :
             {"", "a", "b", "dir", "dir/c", "dir/sub", "dir/sub/d", "log", "log/one", "log/keep"})
            own(path, 1000);
    }
    void own(const std::string& path, unsigned id) const {
        REQUIRE(::fchownat(dir.fd(), path.c_str(), id, id, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) ==
                0);
    }
    /// What is laid over it: paths with `-` for whiteouts, and the owner that is shown as root.
    [[nodiscard]] std::pair<std::vector<std::string>, unsigned>
    mask(const std::string& source = "/", const std::string& ignore = "") const {
        auto rules = IgnoreRules::parse(std::make_shared<Source>(".dockerignore", ignore));
        const auto tree = ContextTree::open(dir.path(), rules.value(), nullptr).value();
        const auto mounted = find_mounted(*tree, source).value();
        const auto root =
            mounted.is_directory() ? mounted.root : std::string(parent_path(mounted.root));
        const auto at = fs::open_in_root(dir.fd(), "/" + root, O_RDONLY | O_DIRECTORY).value();
        const auto mask = make_mask(at.get(), mounted).value();
        std::vector<std::string> over;
        for (const auto& node : mask.over.nodes)
            over.push_back((node.entry.type == EntryType::whiteout ? "-" : "") + node.entry.path);
        return {over, mask.uid};
    }
};

using Over = std::vector<std::string>;

} // namespace

TEST_CASE("nothing is laid over a directory that can be shown as it is") {
    if (::geteuid() != 0) return;
    const Context context;
    CHECK(context.mask() == std::pair(Over{}, 1000U));
    CHECK(context.mask("dir") == std::pair(Over{}, 1000U));
    CHECK(context.mask("dir/c") == std::pair(Over{}, 1000U));
    CHECK(context.mask("dir", "log\nb") == std::pair(Over{}, 1000U));
}

TEST_CASE("what is ignored is hidden, and not looked into") {
    if (::geteuid() != 0) return;
    const Context context;
    CHECK(context.mask("/", "dir\nb").first == Over{"", "-b", "-dir"});
    CHECK(context.mask("/", "log\n!log/keep").first == Over{"", "log", "-log/one"});
    CHECK(context.mask("dir", "dir/sub").first == Over{"dir", "-dir/sub"});
    REQUIRE(::fchmodat(context.dir.fd(), "dir", 0, 0) == 0);
    CHECK(context.mask("/", "dir").first == Over{"", "-dir"});
}

TEST_CASE("files of other owners are copied, with the directories that lead to them") {
    if (::geteuid() != 0) return;
    const Context context;
    context.own("dir/sub/d", 7);
    CHECK(context.mask() == std::pair(Over{"", "dir", "dir/sub", "dir/sub/d"}, 1000U));
    CHECK(context.mask("dir/sub/d") == std::pair(Over{}, 7U));
    context.own("dir", 0);
    CHECK(context.mask("dir").first == Over{"dir", "dir/sub", "dir/sub/d"});
    CHECK(context.mask("/", "dir/sub").first == Over{"", "dir", "-dir/sub"});
}

TEST_CASE("sockets, pipes and devices are not those of the machine") {
    if (::geteuid() != 0) return;
    const Context context;
    REQUIRE(::mknodat(context.dir.fd(), "socket", S_IFSOCK | 0600, 0) == 0);
    REQUIRE(::mknodat(context.dir.fd(), "fifo", S_IFIFO | 0600, 0) == 0);
    for (const auto* name : {"socket", "fifo"})
        context.own(name, 1000);
    CHECK(context.mask().first == Over{"", "fifo", "socket"});
}
