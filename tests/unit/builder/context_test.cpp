#include "base/fs.hpp"
#include "builder/copy/context_tree.hpp"
#include "builder/copy/select.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace mybuild;

namespace {

struct Context {
    fs::TempDir dir = fs::TempDir::create("/tmp", "mybuild-test-").value();
    std::shared_ptr<const Source> dockerfile = std::make_shared<Source>("Dockerfile", "COPY x /\n");

    void file(const std::string& path, const std::string& content = "x") const {
        REQUIRE(fs::make_dirs_at(dir.fd(), std::string(parent_path(path))));
        REQUIRE(fs::write_file_atomic(dir.fd(), path, content));
    }
    void link(const std::string& path, const std::string& target) const {
        REQUIRE(::symlinkat(target.c_str(), dir.fd(), path.c_str()) == 0);
    }
    [[nodiscard]] std::unique_ptr<ContextTree> open(const std::string& ignore = "") const {
        auto rules = IgnoreRules::parse(std::make_shared<Source>(".dockerignore", ignore));
        return ContextTree::open(dir.path(), rules.value(), nullptr).value();
    }
    [[nodiscard]] Result<std::vector<SelectedSource>>
    select(ContextTree& tree, std::vector<std::string> sources,
           std::vector<std::string> excludes = {}) const {
        plan::CopyOp op;
        op.source_spans.assign(sources.size(), Span{5, 6});
        op.sources = std::move(sources);
        op.excludes = std::move(excludes);
        return select_sources(op, tree, dockerfile);
    }
};

std::vector<std::string> names(const std::vector<SelectedSource>& sources) {
    std::vector<std::string> out;
    for (const auto& source : sources)
        out.push_back(source.name);
    return out;
}

std::vector<std::string> paths(const SelectedSource& source) {
    std::vector<std::string> out;
    for (const auto& node : source.nodes)
        out.push_back(node.entry.path);
    return out;
}

} // namespace

TEST_CASE("sources are cleaned against the context's root") {
    const Context context;
    context.file("dir/a");
    const auto tree = context.open();
    for (const auto* source : {"dir/a", "/dir/a", "../dir/a", "./dir//a", "x/../dir/a"})
        CHECK(names(context.select(*tree, {source}).value()) == std::vector<std::string>{"a"});
}

TEST_CASE("a directory is selected with all below it, in canonical order, links as links") {
    const Context context;
    context.file("d/b/c");
    context.file("d/b-c");
    context.link("d/l", "/etc/passwd");
    const auto tree = context.open();
    const auto selected = context.select(*tree, {"d"}).value();
    CHECK(paths(selected.at(0)) == std::vector<std::string>{"", "b", "b/c", "b-c", "l"});
    CHECK(selected.at(0).nodes[4].entry.type == EntryType::symlink);
    CHECK(selected.at(0).nodes[2].entry.content == Digest::of("x"));
}

TEST_CASE("a link named as the source is followed, but never out of the context") {
    const Context context;
    context.file("real/f", "inside");
    context.file("etc/passwd", "mine");
    context.link("to-dir", "real");
    context.link("out", "../../../../etc/passwd");
    const auto tree = context.open();
    CHECK(context.select(*tree, {"to-dir"}).value().at(0).is_directory());
    const auto out = context.select(*tree, {"out"}).value();
    CHECK(out.at(0).nodes[0].entry.content == Digest::of("mine"));
    CHECK(out.at(0).name == "out");
}

TEST_CASE("wildcards match component by component and may match nothing") {
    const Context context;
    for (const auto* path : {"a.go", "b.go", ".hidden.go", "sub/c.go", "sub/d.txt"})
        context.file(path);
    const auto tree = context.open();
    CHECK(names(context.select(*tree, {"*.go"}).value()) ==
          std::vector<std::string>{".hidden.go", "a.go", "b.go"});
    CHECK(names(context.select(*tree, {"s*/[cd].go"}).value()) == std::vector<std::string>{"c.go"});
    CHECK(context.select(*tree, {"*.none"}).value().empty());
}

TEST_CASE("a source that is not there is an error at its place, with a hint") {
    const Context context;
    const auto tree = context.open();
    const auto selected = context.select(*tree, {"missing"});
    REQUIRE_FALSE(selected);
    CHECK(selected.error().code == ErrorCode::not_found);
    CHECK(selected.error().message == "\"/missing\" not found in the build context");
    CHECK(selected.error().where->span == Span{5, 6});
    CHECK_FALSE(selected.error().hint.empty());
}

TEST_CASE("what .dockerignore excludes is not there, exceptions below excluded directories are") {
    const Context context;
    for (const auto* path : {"keep", "logs/a", "logs/b", "build/out/x", "build/y"})
        context.file(path);
    const auto tree = context.open("logs\n!logs/b\nbuild\n");
    CHECK(paths(context.select(*tree, {"."}).value().at(0)) ==
          std::vector<std::string>{"", "keep", "logs", "logs/b"});
    CHECK_FALSE(context.select(*tree, {"build/y"}));
    CHECK_FALSE(context.select(*tree, {"logs/a"}));
    CHECK(context.select(*tree, {"logs/b"}));
}

TEST_CASE("an ignored link is not followed, as it is not there") {
    const Context context;
    context.file("target");
    context.link("ignored", "target");
    context.link("seen", "ignored");
    const auto tree = context.open("ignored\n");
    CHECK_FALSE(context.select(*tree, {"seen"}));
    const auto unfiltered = context.open();
    CHECK(context.select(*unfiltered, {"seen"}));
}

TEST_CASE("--exclude leaves out what matches below the source") {
    const Context context;
    for (const auto* path : {"d/a.txt", "d/b.go", "d/sub/c.txt"})
        context.file(path);
    const auto tree = context.open();
    CHECK(paths(context.select(*tree, {"d"}, {"*.txt"}).value().at(0)) ==
          std::vector<std::string>{"", "b.go", "sub", "sub/c.txt"});
}

TEST_CASE("the digest of a selection knows names, modes and bytes, and no times or owners") {
    const Context context;
    context.file("d/f", "one");
    const auto digest = [&] {
        const auto tree = context.open();
        return selection_digest(context.select(*tree, {"d"}).value(), {}, Owners::root);
    };
    const auto before = digest();
    timespec times[2]{{1, 0}, {1, 0}};
    REQUIRE(::utimensat(context.dir.fd(), "d/f", times, 0) == 0);
    CHECK(digest() == before);
    REQUIRE(::fchmodat(context.dir.fd(), "d", 0700, 0) == 0); // the directory itself is not copied
    CHECK(digest() == before);
    REQUIRE(::fchmodat(context.dir.fd(), "d/f", 0600, 0) == 0);
    CHECK(digest() != before);
    REQUIRE(::fchmodat(context.dir.fd(), "d/f", 0644, 0) == 0);
    REQUIRE(fs::write_file_atomic(context.dir.fd(), "d/f", "two"));
    CHECK(digest() != before);
}

TEST_CASE("an ignored directory is there for the sake of what was re-included below it") {
    const Context context;
    context.file("log/one");
    context.file("log/keep");
    context.file("log/sub/one");
    context.file("tmp/one");
    const auto tree = context.open("log\ntmp\n!log/keep\n");
    CHECK(names(context.select(*tree, {"log"}).value()) == std::vector<std::string>{"log"});
    CHECK(paths(context.select(*tree, {"log"}).value().front()) ==
          std::vector<std::string>{"", "keep"});
    CHECK(names(context.select(*tree, {"*"}).value()) == std::vector<std::string>{"log"});
    CHECK(!context.select(*tree, {"tmp"}));
    CHECK(!context.select(*tree, {"log/sub"}));
    CHECK(!context.select(*tree, {"log/one"}));
}
