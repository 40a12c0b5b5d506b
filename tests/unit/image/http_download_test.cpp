#include "image/http/download.hpp"
#include "tests/support/registry_fakes.hpp"

#include <doctest/doctest.h>

using namespace mybuild;
using test::BlobBasket;
using test::FakeReply;
using test::FakeRequest;
using test::FakeTransport;

namespace {

DownloadRequest wanted(const std::string& url, std::string etag = {}, std::string modified = {}) {
    DownloadRequest request;
    request.url = parse_url(url).value();
    request.etag = std::move(etag);
    request.last_modified = std::move(modified);
    request.backoff = std::chrono::milliseconds(1);
    return request;
}

FakeReply broken_after(FakeReply reply, std::size_t bytes) {
    reply.break_after = bytes;
    return reply;
}

} // namespace

TEST_CASE("a file comes into the sink, with what the server says of it") {
    BlobBasket blobs;
    FakeTransport network([](const FakeRequest&) {
        return FakeReply{200, {{"ETag", "\"1\""}, {"Last-Modified", "yesterday"}}, "hello"};
    });
    std::uint64_t seen = 0;
    const auto done = download(network, wanted("http://h/x"), blobs,
                               [&](std::uint64_t received, std::uint64_t) { seen = received; });
    REQUIRE(done);
    CHECK(done->blob.digest == Digest::of("hello"));
    CHECK(done->blob.size == 5);
    CHECK(done->etag == "\"1\"");
    CHECK(done->last_modified == "yesterday");
    CHECK(blobs.get(done->blob.digest) == "hello");
    CHECK(seen == 5);
    CHECK(network.requests()[0].conditions.empty());
}

TEST_CASE("what the server says has not changed does not come again") {
    BlobBasket blobs;
    FakeTransport network([](const FakeRequest&) { return FakeReply{304, {}, {}}; });
    CHECK(download(network, wanted("http://h/x", "\"1\"", "then"), blobs)->unchanged);
    CHECK(network.requests()[0].conditions == "If-None-Match: \"1\"\nIf-Modified-Since: then\n");

    FakeTransport ignorant([](const FakeRequest&) {
        return FakeReply{200, {{"ETag", "\"1\""}}, "as before"};
    });
    CHECK(download(ignorant, wanted("http://h/x", "\"1\""), blobs)->unchanged);
    CHECK(blobs.count() == 0);
    // A weak validator says that two files mean the same, not that they are.
    CHECK_FALSE(download(ignorant, wanted("http://h/x", "W/\"1\""), blobs)->unchanged);
    // Nobody asked.
    CHECK_FALSE(download(network, wanted("http://h/x"), blobs));
}

TEST_CASE("a transfer that breaks off goes on where it stopped if the file is the same") {
    BlobBasket blobs;
    const std::string file = "0123456789";
    FakeTransport network([&](const FakeRequest& request) -> FakeReply {
        if (request.range.empty()) return broken_after({200, {{"ETag", "\"1\""}}, file}, 4);
        return {206, {{"Content-Range", "bytes 4-9/10"}}, file.substr(4)};
    });
    const auto done = download(network, wanted("http://h/x"), blobs);
    REQUIRE(done);
    CHECK(blobs.get(done->blob.digest) == file);
    CHECK(network.requests()[1].range == "bytes=4-");
    CHECK(network.requests()[1].conditions == "If-Range: \"1\"\n");
}

TEST_CASE("a transfer that breaks off begins anew where the server cannot go on") {
    BlobBasket blobs;
    int count = 0;
    FakeTransport network([&](const FakeRequest&) -> FakeReply {
        if (++count < 3) return broken_after({200, {}, "old old old"}, 3);
        return {200, {}, "new"};
    });
    const auto done = download(network, wanted("http://h/x"), blobs);
    REQUIRE(done);
    CHECK(blobs.get(done->blob.digest) == "new");
    CHECK(network.requests()[1].range.empty());
}

TEST_CASE("a body shorter than its announced length is not taken") {
    BlobBasket blobs;
    FakeTransport network([](const FakeRequest&) {
        return FakeReply{200, {{"Content-Length", "10"}}, "short"};
    });
    const auto done = download(network, wanted("http://h/x"), blobs);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == ErrorCode::network);
    CHECK(blobs.count() == 0);
}

TEST_CASE("redirects are followed, without credentials to others, never from https to http") {
    BlobBasket blobs;
    FakeTransport network([](const FakeRequest& request) -> FakeReply {
        if (request.line.ends_with("//a/x")) return {302, {{"Location", "https://b/y"}}, {}};
        if (request.line.ends_with("//b/y")) return {200, {}, "there"};
        if (request.line.ends_with("//b/down")) return {302, {{"Location", "http://b/y"}}, {}};
        return {302, {{"Location", "https://b/round"}}, {}};
    });
    auto request = wanted("https://a/x");
    request.headers = {{"Authorization", "secret"}};
    REQUIRE(download(network, request, blobs));
    CHECK(network.requests()[0].authorization == "secret");
    CHECK(network.requests()[1].authorization.empty());
    CHECK(download(network, wanted("https://b/down"), blobs).error().code == ErrorCode::denied);
    CHECK(download(network, wanted("https://b/round"), blobs).error().message.find("circles") !=
          std::string::npos);
}

TEST_CASE("a status that is no success is an error of its kind") {
    BlobBasket blobs;
    int status = 0;
    FakeTransport network([&](const FakeRequest&) { return FakeReply{status, {}, "no"}; });
    struct Case {
        int status;
        ErrorCode code;
        std::size_t requests;
    };
    std::size_t before = 0;
    for (const auto& c : std::vector<Case>{{404, ErrorCode::not_found, 1},
                                           {403, ErrorCode::denied, 1},
                                           {400, ErrorCode::network, 1},
                                           {503, ErrorCode::network, 4},
                                           {204, ErrorCode::network, 4}}) {
        CAPTURE(c.status);
        status = c.status;
        const auto done = download(network, wanted("http://h/x"), blobs);
        REQUIRE_FALSE(done);
        CHECK(done.error().code == c.code);
        CHECK(done.error().message == "invalid response status " + std::to_string(status));
        CHECK(network.requests().size() - before == c.requests);
        before = network.requests().size();
    }
    CHECK(blobs.count() == 0);
}

TEST_CASE("a file that is too large is refused before and while it comes") {
    BlobBasket blobs;
    std::vector<HttpHeader> headers{{"Content-Length", "11"}};
    FakeTransport network([&](const FakeRequest&) {
        return FakeReply{200, headers, "0123456789+"};
    });
    auto request = wanted("http://h/x");
    request.max_size = 10;
    CHECK(download(network, request, blobs).error().code == ErrorCode::invalid);
    headers.clear();
    CHECK(download(network, request, blobs).error().code == ErrorCode::invalid);
    request.max_size = 11;
    CHECK(download(network, request, blobs));
}

TEST_CASE("who cannot be reached is asked once more") {
    BlobBasket blobs;
    FakeTransport network([](const FakeRequest&) {
        FakeReply reply;
        reply.error = Error{ErrorCode::network, "cannot connect"};
        return reply;
    });
    CHECK(download(network, wanted("http://h/x"), blobs).error().message == "cannot connect");
    CHECK(network.requests().size() == 2);
}
