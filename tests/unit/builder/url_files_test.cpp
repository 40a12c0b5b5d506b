#include "base/fs.hpp"
#include "builder/remote/url_files.hpp"
#include "cache/store.hpp"
#include "tests/support/registry_fakes.hpp"

#include <doctest/doctest.h>

using namespace mybuild;
using test::FakeReply;
using test::FakeRequest;
using test::FakeTransport;

namespace {

/// A server with one file, and a store that takes it in.
struct Fixture {
    fs::TempDir dir = fs::TempDir::create("/tmp", "mybuild-test-").value();
    std::unique_ptr<Store> store = Store::open(dir.path() + "/store").value();
    std::string content = "hello";
    std::string modified = "Sun, 06 Nov 1994 08:49:37 GMT";
    bool has_etag = true;
    FakeTransport network{[this](const FakeRequest& request) -> FakeReply {
        const auto etag = "\"" + content + "\"";
        if (has_etag && request.conditions.find("If-None-Match: " + etag) != std::string::npos)
            return {304, {}, {}};
        std::vector<HttpHeader> headers{{"Last-Modified", modified}};
        if (has_etag) headers.push_back({"ETag", etag});
        return {200, std::move(headers), content};
    }};
    std::map<std::string, std::string> secrets = {};
    UrlFiles files{network, *store, [this](const std::string& id) {
                       const auto found = secrets.find(id);
                       return Result<std::optional<std::string>>(
                           found == secrets.end() ? std::nullopt : std::optional(found->second));
                   }};

    Result<UrlFiles::File> fetch(const std::string& url = "http://h/x",
                                 const std::optional<Digest>& checksum = {}) {
        return files.fetch(parse_file_url(url).value(), checksum, {}, {});
    }
    [[nodiscard]] std::size_t requests() const { return network.requests().size(); }
};

} // namespace

TEST_CASE("a URL's file is fetched once and then only asked for") {
    Fixture f;
    for (int i = 0; i < 2; ++i) {
        const auto file = f.fetch().value();
        CHECK(file.blob.digest == Digest::of("hello"));
        CHECK(file.blob.size == 5);
        CHECK(file.modified == 784111777);
        CHECK(f.store->blobs().read(file.blob.digest, 100).value() == "hello");
    }
    CHECK(f.network.requests()[0].conditions.empty());
    CHECK(f.network.requests()[1].conditions ==
          "If-None-Match: \"hello\"\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\n");
    f.content = "changed";
    CHECK(f.fetch().value().blob.digest == Digest::of("changed"));
    CHECK(f.requests() == 3);
}

TEST_CASE("a file whose blob is gone from the store is fetched again") {
    Fixture f;
    REQUIRE(f.store->blobs().remove(f.fetch().value().blob.digest));
    CHECK(f.store->blobs().has(f.fetch().value().blob.digest));
    CHECK(f.network.requests()[1].conditions.empty());
}

TEST_CASE("a file with a checksum that is here already is not asked for at all") {
    Fixture f;
    const auto digest = Digest::of("hello");
    CHECK(f.fetch("http://h/x", digest));
    CHECK(f.fetch("http://h/x", digest).value().modified == 784111777);
    CHECK(f.requests() == 1);
}

TEST_CASE("a file that has not its checksum is refused, and fetched anew next time") {
    Fixture f;
    for (int i = 0; i < 2; ++i) {
        const auto wrong = f.fetch("http://h/x", Digest::of("other"));
        REQUIRE_FALSE(wrong);
        CHECK(wrong.error().code == ErrorCode::corrupt);
        CHECK(wrong.error().message ==
              "digest mismatch for http://h/x: " + Digest::of("hello").str() +
                  " (expected: " + Digest::of("other").str() + ")");
    }
    f.content = "other";
    CHECK(f.fetch("http://h/x", Digest::of("other")));
    CHECK(f.network.requests()[2].conditions.empty());
}

TEST_CASE("a server that says no time leaves the file without one") {
    Fixture f;
    f.modified = "soon";
    CHECK(f.fetch().value().modified == 0);
}

TEST_CASE("credentials come from the URL or from secrets, for their host alone") {
    Fixture f;
    f.secrets = {{"HTTP_AUTH_TOKEN_h", "t"}, {"HTTP_AUTH_HEADER_g", "Custom x"}};
    REQUIRE(f.fetch("http://h/a"));
    REQUIRE(f.fetch("http://g/a"));
    REQUIRE(f.fetch("http://i/a"));
    REQUIRE(f.fetch("http://us%20er:p%3Aw@h/b"));
    const auto seen = f.network.requests();
    CHECK(seen[0].authorization == "Bearer t");
    CHECK(seen[1].authorization == "Custom x");
    CHECK(seen[2].authorization.empty());
    CHECK(seen[3].authorization == "Basic dXMgZXI6cDp3");
    CHECK(seen[3].line == "GET http://h/b");
}

TEST_CASE("a URL gives its file a name") {
    struct Case {
        const char* url;
        const char* name;
    };
    for (const auto& c : std::vector<Case>{{"http://h/a/b.tar?x=/y", "b.tar"},
                                           {"http://h/a/", "a"},
                                           {"http://h/a%20b", "a b"},
                                           {"http://h/\xc3\xa4", "\xc3\xa4"},
                                           {"http://h", ""},
                                           {"http://h/?q", ""},
                                           {"http://h/..", ""},
                                           {"http://h/%2e%2e", ""},
                                           {"http://h/a%2Fb", "b"},
                                           {"http://h/a%00", ""},
                                           {"http://h/%zz", ""}}) {
        CAPTURE(c.url);
        CHECK(parse_file_url(c.url).value().name == c.name);
    }
    CHECK(parse_file_url("https://me:secret@h/x").value().shown == "https://h/x");
    CHECK_FALSE(parse_file_url("https://a:b:c%zz@h/x"));
    CHECK_FALSE(parse_file_url("ftp://h/x"));
    const auto bad = parse_file_url("https://me:secret@h:bad/x");
    REQUIRE_FALSE(bad);
    CHECK(bad.error().message.find("secret") == std::string::npos);
}
