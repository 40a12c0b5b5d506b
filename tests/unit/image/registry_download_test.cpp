#include "image/registry/client.hpp"
#include "tests/support/registry_fakes.hpp"

#include <doctest/doctest.h>

#include <array>
#include <set>

using namespace mybuild;
using namespace mybuild::registry;
using test::BlobBasket;
using test::FakeReply;
using test::FakeRequest;
using test::FakeTransport;

namespace {

ClientOptions quick() {
    ClientOptions options;
    options.backoff = std::chrono::milliseconds(1);
    options.backoff_cap = std::chrono::milliseconds(20);
    return options;
}

const oci::Reference reference = oci::parse_reference("r.example/app:1").value();
const std::string layer = "0123456789abcdefghij";

oci::Descriptor described(std::string_view bytes = layer) {
    return test::describe(oci::media_type::layer_gzip, bytes);
}

FakeReply part(std::size_t first, std::size_t break_after = SIZE_MAX) {
    return {
        206,
        {{"Content-Range", fmt::format("bytes {}-{}/{}", first, layer.size() - 1, layer.size())}},
        layer.substr(first),
        break_after};
}

FakeReply broken(const std::string& message = "cannot connect to r.example:443") {
    FakeReply reply;
    reply.error = Error{ErrorCode::network, message};
    return reply;
}

/// Fetches the layer while the network gives these replies one after the other.
struct Fetch {
    explicit Fetch(std::vector<FakeReply> given) : replies(std::move(given)) {}

    std::vector<FakeReply> replies;
    std::size_t next = 0;
    FakeTransport network{[this](const FakeRequest&) {
        return next < replies.size() ? replies[next++] : broken("no more replies");
    }};
    BlobBasket blobs;
    std::vector<BlobEvent::Kind> events;

    Status run(const ClientOptions& options = quick()) {
        RegistryClient client(network, nullptr, options);
        return client.fetch_blob(reference, described(), blobs, [this](const BlobEvent& event) {
            if (event.kind != BlobEvent::Kind::received) events.push_back(event.kind);
        });
    }
    [[nodiscard]] std::vector<std::string> ranges() const {
        std::vector<std::string> out;
        for (const FakeRequest& request : network.requests())
            out.push_back(request.range);
        return out;
    }
};

} // namespace

TEST_CASE("a blob that arrives in one piece") {
    Fetch fetch({FakeReply{200, {{"Content-Length", "20"}}, layer}});
    REQUIRE(fetch.run());
    CHECK(fetch.blobs.get(described().digest) == layer);
    CHECK(fetch.network.lines() == std::vector<std::string>{"GET https://r.example/v2/app/blobs/" +
                                                            described().digest.str()});
    CHECK(fetch.events == std::vector{BlobEvent::Kind::started, BlobEvent::Kind::done});
}

TEST_CASE("what broke off goes on where it stopped") {
    struct Case {
        const char* name;
        std::vector<FakeReply> replies;
        std::vector<std::string> ranges;
    };
    const std::array cases = {
        Case{"twice", {{200, {}, layer, 7}, part(7, 5), part(12)}, {"", "bytes=7-", "bytes=12-"}},
        Case{"no ranges served", {{200, {}, layer, 7}, {200, {}, layer}}, {"", "bytes=7-"}},
        Case{"no ranges served, broken earlier",
             {{200, {}, layer, 7}, {200, {}, layer, 3}, {200, {}, layer}},
             {"", "bytes=7-", "bytes=7-"}},
        Case{"ended without a word", {{200, {}, layer.substr(0, 4)}, part(4)}, {"", "bytes=4-"}},
        Case{"refused at first", {broken(), {200, {}, layer}}, {"", ""}},
        Case{"server errors",
             {{503, {}, "<html>"}, {429, {{"Retry-After", "0"}}, {}}, {200, {}, layer}},
             {"", "", ""}},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        Fetch fetch(c.replies);
        REQUIRE(fetch.run());
        CHECK(fetch.blobs.get(described().digest) == layer);
        CHECK(fetch.ranges() == c.ranges);
    }
}

TEST_CASE("what cannot be had is said, and nothing of it is kept") {
    struct Case {
        const char* name;
        std::vector<FakeReply> replies;
        ErrorCode code;
        const char* message;
        std::size_t requests;
    };
    std::string tampered = layer;
    tampered[3] = 'X';
    const std::string ten = layer.substr(0, 10);
    const std::array cases = {
        Case{"tampered",
             {{200, {}, tampered}},
             ErrorCode::corrupt,
             "is not what its manifest names",
             1},
        Case{"tampered by the resumed part",
             {{200, {}, layer, 3}, {206, {{"Content-Range", "bytes 3-19/20"}}, tampered.substr(3)}},
             ErrorCode::corrupt,
             "is not what its manifest names",
             2},
        Case{"truncated at the registry",
             {{200, {{"Content-Length", "10"}}, ten}},
             ErrorCode::corrupt,
             "has 10 bytes at the registry, its manifest says 20",
             1},
        Case{"longer than announced",
             {{200, {}, layer + "more"}},
             ErrorCode::corrupt,
             "has 24 bytes at the registry",
             1},
        Case{"another part",
             {{200, {}, layer, 7}, part(8)},
             ErrorCode::unsupported,
             "another part came than was asked for",
             2},
        Case{"not there",
             {{404, {}, {}}},
             ErrorCode::not_found,
             "pull access denied or not found: r.example/app:1",
             1},
        Case{"down",
             {broken(), broken(), broken(), broken(), {200, {}, layer}},
             ErrorCode::network,
             "broke off after 0 of 20 bytes: cannot connect to r.example:443",
             4},
        Case{"always in trouble",
             {{500}, {500}, {500}, {500}, {200, {}, layer}},
             ErrorCode::network,
             "r.example:443 is in trouble",
             4},
        Case{"asks for too much patience",
             {{429, {{"Retry-After", "3600"}}, {}}, {200, {}, layer}},
             ErrorCode::network,
             "limits the number of pulls",
             1},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        Fetch fetch(c.replies);
        const Status status = fetch.run();
        REQUIRE_FALSE(status);
        CHECK(status.error().code == c.code);
        CAPTURE(status.error().message);
        CHECK(status.error().message.find(c.message) != std::string::npos);
        CHECK(status.error().message.find("r.example/app:1") != std::string::npos);
        CHECK(fetch.network.requests().size() == c.requests);
        CHECK(fetch.blobs.count() == 0);
    }
}

TEST_CASE("layers: several at once, each once, not those that are there") {
    std::vector<std::string> contents;
    std::vector<oci::Descriptor> layers;
    for (int i = 0; i < 9; ++i) {
        contents.push_back(fmt::format("layer {}", i));
        layers.push_back(described(contents.back()));
    }
    layers.push_back(layers[4]);
    FakeTransport network([&](const FakeRequest& request) -> FakeReply {
        for (const std::string& content : contents)
            if (request.line.ends_with(Digest::of(content).str())) return {200, {}, content};
        return {404, {}, {}};
    });
    BlobBasket blobs;
    blobs.put(contents[2]);
    std::mutex mutex;
    std::multiset<BlobEvent::Kind> ends;
    RegistryClient client(network, nullptr, quick());
    REQUIRE(client.fetch_layers(reference, layers, blobs, [&](const BlobEvent& event) {
        const std::lock_guard lock(mutex);
        ends.insert(event.kind);
    }));
    CHECK(blobs.count() == 9);
    for (const std::string& content : contents)
        CHECK(blobs.get(Digest::of(content)) == content);
    CHECK(network.requests().size() == 8);
    CHECK(ends.count(BlobEvent::Kind::exists) == 1);
    CHECK(ends.count(BlobEvent::Kind::done) == 8);
    CHECK(client.fetch_layers(reference, {}, blobs));
}

TEST_CASE("the first layer that fails cancels the others and is what is reported") {
    std::vector<oci::Descriptor> layers;
    for (int i = 0; i < 50; ++i)
        layers.push_back(described(fmt::format("layer {}", i)));
    FakeTransport network([&](const FakeRequest& request) -> FakeReply {
        if (request.line.ends_with(layers[1].digest.str())) return {404, {}, {}};
        for (int i = 0; i < 50; ++i)
            if (request.line.ends_with(layers[static_cast<std::size_t>(i)].digest.str()))
                return {200, {}, fmt::format("layer {}", i)};
        return {404, {}, {}};
    });
    BlobBasket blobs;
    ClientOptions options = quick();
    options.parallel_layers = 1;
    RegistryClient client(network, nullptr, options);
    const Status status = client.fetch_layers(reference, layers, blobs);
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::not_found);
    CHECK(network.requests().size() == 2);
    CHECK(blobs.count() == 1);
}

TEST_CASE("a stop ends everything, also a pause between attempts") {
    std::stop_source stop;
    FakeTransport network([&](const FakeRequest&) -> FakeReply {
        stop.request_stop();
        return {503, {{"Retry-After", "3600"}}, {}};
    });
    ClientOptions options;
    options.backoff = std::chrono::hours(1);
    options.backoff_cap = std::chrono::hours(2);
    RegistryClient client(network, nullptr, options);
    BlobBasket blobs;
    const Status one = client.fetch_blob(reference, described(), blobs, {}, stop.get_token());
    REQUIRE_FALSE(one);
    CHECK(one.error().code == ErrorCode::cancelled);
    const std::array layers = {described(), described("other")};
    const Status several = client.fetch_layers(reference, layers, blobs, {}, stop.get_token());
    REQUIRE_FALSE(several);
    CHECK(several.error().code == ErrorCode::cancelled);
    CHECK(network.requests().size() == 1);
}

TEST_CASE("a full disk is no reason to ask the next endpoint") {
    class FullWriter final : public BlobWriter {
      public:
        Status write(std::span<const std::byte>) override {
            return fail({ErrorCode::no_space, "no space left"});
        }
        Result<oci::Descriptor> commit(const oci::Descriptor*) override {
            return fail({ErrorCode::internal, "nothing was written"});
        }
    };
    class FullDisk final : public BlobSink {
      public:
        bool has(const Digest&) override { return false; }
        Result<std::unique_ptr<BlobWriter>> begin() override {
            return std::make_unique<FullWriter>();
        }
    } full;
    FakeTransport network([](const FakeRequest&) -> FakeReply { return {200, {}, layer}; });
    ClientOptions options = quick();
    options.mirrors["r.example"] = {"https://mirror.example"};
    RegistryClient client(network, nullptr, options);
    const Status status = client.fetch_blob(reference, described(), full);
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::no_space);
    CHECK(network.requests().size() == 1);
}
