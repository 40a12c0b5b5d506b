#include "base/fs.hpp"
#include "builder/copy/context_tree.hpp"
#include "builder/copy/select.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fcntl.h>
#include <map>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

using namespace mybuild;

// What the sources of COPY and ADD stand for: dockerfile-language.md, 6.9 "Local source paths",
// --parents and --exclude.

namespace {

using Lines = std::vector<std::string>;

struct Tree {
    fs::TempDir dir = fs::TempDir::create("/tmp", "mybuild-test-").value();
    std::shared_ptr<const Source> dockerfile = std::make_shared<Source>("Dockerfile", "COPY x /\n");

    /// `a/b` a file, `a/b/` a directory, `a -> b` a link.
    explicit Tree(const Lines& entries) {
        for (const auto& entry : entries) {
            const auto arrow = entry.find(" -> ");
            const auto path = entry.substr(0, arrow);
            REQUIRE(fs::make_dirs_at(dir.fd(), std::string(parent_path(path))));
            if (arrow != std::string::npos) {
                REQUIRE(::symlinkat(entry.c_str() + arrow + 4, dir.fd(), path.c_str()) == 0);
            } else if (path.ends_with('/')) {
                REQUIRE(fs::make_dirs_at(dir.fd(), path.substr(0, path.size() - 1)));
            } else {
                REQUIRE(fs::write_file_atomic(dir.fd(), path, path));
            }
        }
    }
    [[nodiscard]] std::unique_ptr<ContextTree> open(const std::string& ignore = "") const {
        auto rules = IgnoreRules::parse(std::make_shared<Source>(".dockerignore", ignore));
        return ContextTree::open(dir.path(), rules.value(), nullptr).value();
    }
};

struct Asked {
    Lines sources;
    Lines excludes = {};
    bool parents = false;
    std::string ignore = {};
};

plan::CopyOp operation(const Asked& asked) {
    plan::CopyOp op;
    op.sources = asked.sources;
    op.source_spans.assign(asked.sources.size(), Span{5, 6});
    op.excludes = asked.excludes;
    op.parents = asked.parents;
    return op;
}

/// One line for each thing selected: a file's name, or `{ … }` with all paths of a directory; those
/// that are only on the way to others in parentheses. An error is its message.
Lines selected(const Tree& tree, const Asked& asked) {
    const auto opened = tree.open(asked.ignore);
    const auto found = select_sources(operation(asked), *opened, tree.dockerfile);
    if (!found) return {found.error().message};
    Lines lines;
    for (const auto& source : *found) {
        std::string line = source.name;
        if (source.is_directory()) {
            line = "{";
            for (const auto& node : source.nodes)
                if (!node.entry.path.empty())
                    line += node.on_the_way ? " (" + node.entry.path + ")" : " " + node.entry.path;
            line += " }";
        }
        lines.push_back(line);
    }
    return lines;
}

struct Case {
    Asked asked;
    Lines result;
};

void check(const Tree& tree, const std::vector<Case>& cases) {
    for (const auto& [asked, result] : cases) {
        CAPTURE(fmt::format("{}", fmt::join(asked.sources, " ")));
        CAPTURE(fmt::format("{}", fmt::join(asked.excludes, " ")));
        CHECK(selected(tree, asked) == result);
    }
}

} // namespace

TEST_CASE("plain paths") {
    const Tree tree({"dir/a", "dir/sub/b", "link -> dir/sub", "file -> dir/a", "chain -> link/b",
                     "up -> ../../dir", "abs -> /dir/a", "gone -> nowhere", "loop -> loop",
                     "dir/inner -> a"});
    check(tree, {
                    {{{"dir/a"}}, {"a"}},
                    {{{"/dir/a"}}, {"a"}},
                    {{{"../../dir/a"}}, {"a"}},
                    {{{"dir//./x/../a"}}, {"a"}},
                    {{{"dir/a/"}}, {"a"}},
                    {{{"dir"}}, {"{ a inner sub sub/b }"}},
                    {{{"dir/"}}, {"{ a inner sub sub/b }"}},
                    {{{"dir/."}}, {"{ a inner sub sub/b }"}},
                    {{{"link"}}, {"{ b }"}},
                    {{{"link/b"}}, {"b"}},
                    {{{"file"}}, {"file"}}, // named as written, not after what it points to
                    {{{"chain"}}, {"chain"}},
                    {{{"up"}}, {"{ a inner sub sub/b }"}}, // stopped at the context's root
                    {{{"abs"}}, {"abs"}},
                    {{{"dir/a", "dir/sub/b"}}, {"a", "b"}},
                    {{{"none"}}, {"\"/none\" not found in the build context"}},
                    {{{"dir/a/x"}}, {"\"/dir/a/x\" not found in the build context"}},
                    {{{"gone"}}, {"\"/gone\" not found in the build context"}},
                    {{{"loop"}}, {"too many symbolic links in loop"}},
                });
}

TEST_CASE("wildcards") {
    const Tree tree({"a.go", "b.go", ".h.go", "sub/c.go", "sub/d.txt", "sub/deep/e.go",
                     "other/c.go", "l.go -> sub", "to-sub -> sub", "x[1", "tail\\",
                     "dead.x -> no"});
    check(tree, {
                    {{{"*.go"}}, {".h.go", "a.go", "b.go", "{ c.go d.txt deep deep/e.go }"}},
                    {{{"?.go"}}, {"a.go", "b.go", "{ c.go d.txt deep deep/e.go }"}},
                    {{{"[ab].go"}}, {"a.go", "b.go"}},
                    {{{"[^a-k].go"}}, {"{ c.go d.txt deep deep/e.go }"}},
                    {{{"s*/*.go"}}, {"c.go"}},
                    {{{"*/c.go"}}, {"c.go", "c.go"}}, // links are not entered: not to-sub/c.go
                    {{{"to-sub/*.go"}}, {"c.go"}},    // but before the first wildcard
                    {{{"*b/*/e.go"}}, {"e.go"}},
                    {{{"**/c.go"}}, {"c.go", "c.go"}}, // `**` is one component here
                    {{{"**/e.go"}}, {}},
                    {{{"x[[]1"}}, {"x[1"}},
                    {{{"*\\\\"}}, {"tail\\"}},
                    {{{"*.none"}}, {}},
                    {{{"*.none", "a.go"}}, {"a.go"}},
                    {{{"none/*.go"}}, {"\"/none\" not found in the build context"}},
                    {{{"a.go/*"}}, {"\"/a.go\" not found in the build context"}},
                    {{{"dead*"}}, {"\"/dead.x\" not found in the build context"}},
                    {{{"[a"}}, {"syntax error in pattern \"[a\": a bracket is not closed"}},
                });
}

TEST_CASE("--exclude") {
    const Tree tree({"home.txt", "home.go", "d/a.txt", "d/b.go", "d/sub/c.txt", "d/sub/d.go",
                     "d/sub/deep/e.txt", "d/tmp/x/f", "d/tmp/g"});
    const std::string all = "sub sub/c.txt sub/d.go sub/deep sub/deep/e.txt";
    check(tree,
          {
              {{{"d"}, {"*.txt"}},
               {"{ b.go " + all + " tmp tmp/g tmp/x tmp/x/f }"}}, // its first level alone
              {{{"d"}, {"**/*.txt"}}, {"{ b.go sub sub/d.go sub/deep tmp tmp/g tmp/x tmp/x/f }"}},
              {{{"d"}, {"sub", "tmp"}}, {"{ a.txt b.go }"}},
              {{{"d"}, {"./sub/", "tmp/x/../"}}, {"{ a.txt b.go }"}},
              {{{"d"}, {"sub/*", "tmp/**"}}, {"{ a.txt b.go sub tmp }"}},
              {{{"d"}, {"*", "!b.go"}}, {"{ b.go }"}},
              {{{"d"}, {"*", "!tmp/x"}}, {"{ (tmp) tmp/x tmp/x/f }"}},
              {{{"d"}, {"sub", "!sub/deep", "tmp"}},
               {"{ a.txt b.go (sub) sub/deep sub/deep/e.txt }"}},
              {{{"d"}, {"!b.go", "*"}}, {"{ }"}}, // the last pattern decides
              {{{"d"}, {"/sub", "d/tmp"}},        // patterns begin at the copied directory
               {"{ a.txt b.go " + all + " tmp tmp/g tmp/x tmp/x/f }"}},
              {{{"d"}, {"", " sub ", "tmp"}}, {"{ a.txt b.go }"}},
              {{{"d/sub"}, {"c.txt"}}, {"{ d.go deep deep/e.txt }"}},
              {{{"d/*"}, {"tmp"}}, // of a directory that a wildcard fits, what is below it
               {"a.txt", "b.go", "{ c.txt d.go deep deep/e.txt }", "{ g x x/f }"}},
              {{{"home.txt"}, {"*.txt"}}, {"home.txt"}}, // named explicitly
              {{{"hom*"}, {"*.txt"}}, {"home.go"}},      // as Docker's documentation says
              {{{"d/*.txt", "d/*.go"}, {"d/a.*"}}, {"b.go"}},
          });
}

TEST_CASE("--parents keeps the path as written") {
    const Tree tree(
        {"a/b/c/f", "a/b/c/d/g", "a/b/h", "a/b2/c/i", "a/top.txt", "z -> a/b", "empty/"});
    check(tree,
          {
              {{{"a/b/h"}, {}, true}, {"{ (a) (a/b) a/b/h }"}},
              {{{"/a/b/h"}, {}, true}, {"{ (a) (a/b) a/b/h }"}},
              {{{"./a//b/../b/h"}, {}, true}, {"{ (a) (a/b) a/b/h }"}},
              {{{"a/b/c/."}, {}, true}, {"{ (a) (a/b) a/b/c a/b/c/d a/b/c/d/g a/b/c/f }"}},
              {{{"a/b/c/"}, {}, true}, {"{ (a) (a/b) a/b/c a/b/c/d a/b/c/d/g a/b/c/f }"}},
              {{{"empty"}, {}, true}, {"{ empty }"}},
              {{{"a/b/h", "a/top.txt"}, {}, true}, {"{ (a) (a/b) a/b/h }", "{ (a) a/top.txt }"}},
              {{{"z"}, {}, true}, {"{ z }"}}, // the link itself
              {{{"none/x"}, {}, true}, {"\"/none/x\" not found in the build context"}},
              {{{"z/h"}, {}, true}, {"\"/z/h\" not found in the build context"}},
              {{{"a/top.txt/x"}, {}, true}, {"\"/a/top.txt/x\" not found in the build context"}},
          });
    CHECK(selected(tree, {{"."}, {}, true}) == selected(tree, {{"."}}));
}

TEST_CASE("--parents from a pivot on") {
    const Tree tree({"a/b/c/f", "a/b/c/d/g", "a/b/h", "a/b2/c/i", "a/top.txt", "z -> a/b"});
    check(tree,
          {
              {{{"a/./b/h"}, {}, true}, {"{ (b) b/h }"}},
              {{{"a/b/./c/d"}, {}, true}, {"{ (c) c/d c/d/g }"}},
              {{{"/a/./b/./c"}, {}, true}, {"{ (b) b/c b/c/d b/c/d/g b/c/f }"}}, // the first
              {{{"./a/b/./h"}, {}, true}, {"{ h }"}},
              {{{"/./a/top.txt"}, {}, true}, {"{ (a) a/top.txt }"}},
              {{{"z/./h"}, {}, true}, {"{ h }"}}, // links before it are followed
              {{{"a/b*/./c"}, {}, true}, {"{ c c/d c/d/g c/f }", "{ c c/i }"}},
              {{{"a/*/./c/f"}, {}, true}, {"{ (c) c/f }", "{ }"}}, // top.txt is no directory
              {{{"a/b/./none"}, {}, true}, {"\"/a/b/none\" not found in the build context"}},
              {{{"none/./b"}, {}, true}, {"\"/none\" not found in the build context"}},
              {{{"none/./*"}, {}, true}, {"\"/none\" not found in the build context"}},
              {{{"a/top.txt/./x"}, {}, true}, {"\"/a/top.txt\" not found in the build context"}},
          });
}

TEST_CASE("--parents has the pattern language of ignore files") {
    const Tree tree({"a/b/c/f", "a/b/c/d/baz", "a/b/c/e/x", "a/b2/c/bar", "k[1]", "q*"});
    check(tree,
          {
              {{{"a/*/c"}, {}, true},
               {"{ (a) (a/b) a/b/c a/b/c/d a/b/c/d/baz a/b/c/e a/b/c/e/x a/b/c/f (a/b2) a/b2/c "
                "a/b2/c/bar }"}},
              {{{"**/ba?"}, {}, true},
               {"{ (a) (a/b) (a/b/c) (a/b/c/d) a/b/c/d/baz (a/b2) (a/b2/c) a/b2/c/bar }"}},
              {{{"a/b*/./c/**/ba[rz]"}, {}, true}, {"{ (c) (c/d) c/d/baz }", "{ (c) c/bar }"}},
              {{{"a/b/**/x"}, {}, true}, {"{ (a) (a/b) (a/b/c) (a/b/c/e) a/b/c/e/x }"}},
              {{{"*.none"}, {}, true}, {"{ }"}},
              {{{"a/b/./c2*"}, {}, true}, {"{ }"}},
              {{{"k\\[1]"}, {}, true}, {"{ k[1] }"}},
              {{{"q\\*"}, {}, true}, {"{ q* }"}},
              {{{"a/[b"}, {}, true}, {"syntax error in pattern \"a/[b\": a bracket is not closed"}},
              {{{"a/b"}, {"**/c/d", "**/x"}, true}, {"{ (a) a/b a/b/c a/b/c/e a/b/c/f }"}},
              {{{"a/b/./c"}, {"c/d", "x"}, true}, {"{ c c/e c/e/x c/f }"}}, // from the pivot
              {{{"a/b"}, {"a/b/c", "!a/b/c/f"}, true}, {"{ (a) a/b (a/b/c) a/b/c/f }"}},
              {{{"a/b/c/f"}, {"**/f"}, true}, {"\"/a/b/c/f\" not found in the build context"}},
          });
}

TEST_CASE("what an ignore file excludes is in no directory and fits no wildcard") {
    const Tree tree({"keep", "logs/a", "logs/b", "build/x"});
    const std::string ignore = "logs\n!logs/b\nbuild\n";
    check(tree, {
                    {{{"logs"}, {}, false, ignore}, {"{ b }"}},
                    {{{"*"}, {}, false, ignore}, {"keep", "{ b }"}},
                    {{{"l*/*"}, {}, false, ignore}, {"b"}},
                    {{{"build"}, {}, false, ignore}, {"\"/build\" not found in the build context"}},
                    {{{"logs/b"}, {}, true, ignore}, {"{ (logs) logs/b }"}},
                    {{{"**"}, {}, true, ignore}, {"{ keep logs logs/b }"}},
                });
}

TEST_CASE("wildcards that fit nothing are told") {
    const Tree tree({"a", "d/b"});
    const auto opened = tree.open();
    for (const bool parents : {false, true}) {
        const auto op = operation({{"*.none", "a", "d/*", "x*"}, {}, parents});
        const auto found = select_sources(op, *opened, tree.dockerfile).value();
        CHECK(unmatched_sources(op, found) == std::vector<std::size_t>{0, 3});
    }
    const auto excluded = operation({{"a*", "d"}, {"a", "b"}});
    CHECK(unmatched_sources(excluded, select_sources(excluded, *opened, tree.dockerfile).value()) ==
          std::vector<std::size_t>{0});
}

TEST_CASE("what URLs have brought stands among the paths, in order") {
    const Tree tree({"local"});
    const Tree file({"name"});
    const Tree repository({"a", "d/b"});
    const auto opened = tree.open();
    const std::vector<FetchedSource> fetched{{}, {file.open(), "name"}, {repository.open(), ""}};
    auto op = operation({{"local", "http://h/name", "http://h/r.git"}, {"d"}});
    op.is_add = true;
    const auto found = select_sources(op, *opened, tree.dockerfile, fetched).value();
    REQUIRE(found.size() == 3);
    CHECK(found[0].name == "local");
    CHECK_FALSE(found[0].is_fetched);
    CHECK(found[1].name == "name");
    CHECK(found[1].is_fetched);
    CHECK(found[1].nodes.front().entry.content == Digest::of("name"));
    REQUIRE(found[2].is_directory());
    CHECK(found[2].nodes.size() == 2); // without what --exclude names
    CHECK(found[2].nodes.back().entry.path == "a");
    CHECK(unmatched_sources(op, found).empty());
}

TEST_CASE("directories on the way have their attributes, and the digest knows their modes") {
    const Tree tree({"d/e/f"});
    const auto digest = [&] {
        const auto opened = tree.open();
        const auto found =
            select_sources(operation({{"d/e/f"}, {}, true}), *opened, tree.dockerfile).value();
        CHECK(found.front().nodes.at(1).entry.mode == 0750);
        return selection_digest(found, {}, Owners::root);
    };
    REQUIRE(::fchmodat(tree.dir.fd(), "d", 0750, 0) == 0);
    const auto before = digest();
    REQUIRE(::fchmodat(tree.dir.fd(), "d/e", 0700, 0) == 0);
    CHECK(digest() != before);
}

TEST_CASE("devices, fifos and sockets of a context") {
    const Tree tree({"d/f"});
    REQUIRE(::mkfifoat(tree.dir.fd(), "d/fifo", 0640) == 0);
    REQUIRE(::mknodat(tree.dir.fd(), "d/sock", S_IFSOCK | 0600, 0) == 0);
    const bool has_device = ::mknodat(tree.dir.fd(), "d/null", S_IFCHR | 0666, 0x103) == 0;
    const auto opened = tree.open();
    const auto found = select_sources(operation({{"d"}}), *opened, tree.dockerfile).value();
    std::map<std::string, LayerEntry> entries;
    for (const auto& node : found.front().nodes)
        entries.emplace(node.entry.path, node.entry);
    CHECK(entries.at("fifo").type == EntryType::fifo);
    CHECK(entries.at("sock").type == EntryType::file);
    CHECK(entries.at("sock").size == 0);
    CHECK(entries.at("sock").content == Digest::of(""));
    if (!has_device) return; // not as root
    CHECK(entries.at("null").type == EntryType::char_device);
    CHECK(entries.at("null").device_major == 1);
    CHECK(entries.at("null").device_minor == 3);
}
