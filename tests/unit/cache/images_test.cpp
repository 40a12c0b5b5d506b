#include "cache/images.hpp"
#include "support.hpp"

#include <thread>

using namespace mybuild;
using namespace mybuild::test;

namespace {

StoredImage image(const std::string& name, std::int64_t stored_ns = 0) {
    StoredImage made;
    made.config = R"({"name":")" + name + "\"}";
    made.id = Digest::of(made.config);
    made.manifest = {.media_type = std::string(oci::media_type::manifest),
                     .digest = Digest::of("manifest " + name),
                     .size = 123};
    made.size = 5'000'000'000;
    made.stored_ns = stored_ns;
    return made;
}

bool same(const StoredImage& a, const StoredImage& b) {
    return a.id == b.id && a.manifest == b.manifest && a.config == b.config && a.size == b.size &&
           a.stored_ns == b.stored_ns;
}

oci::Reference name(const std::string& repository, const std::string& tag = "latest") {
    return {.registry = "docker.io", .repository = "library/" + repository, .tag = tag};
}

std::vector<std::string> tag_names(Images& images) {
    std::vector<std::string> names;
    const auto tags = images.tags().value();
    for (const auto& tag : tags)
        names.push_back(tag.name);
    return names;
}

} // namespace

TEST_CASE("an image comes back as it was put, and putting it again changes it") {
    const TempStore made;
    auto& images = made->images();
    auto one = image("one", 7);
    CHECK_FALSE(images.find(one.id).value());
    REQUIRE(images.put(one));
    CHECK(same(images.find(one.id).value().value(), one));
    one.manifest.annotations = {{"b", "2"}, {"a=\n", std::string("\0", 1)}, {"", ""}};
    one.manifest.platform = oci::Platform{.os = "linux", .architecture = "arm", .variant = "v7"};
    one.stored_ns = 8;
    REQUIRE(images.put(one));
    CHECK(same(images.find(one.id).value().value(), one));
    CHECK(images.list().value().size() == 1);
}

TEST_CASE("images are listed newest first") {
    const TempStore made;
    for (const auto& [text, time] : std::vector<std::pair<std::string, std::int64_t>>{
             {"middle", 2}, {"new", 3}, {"old", 1}, {"new, put later", 3}})
        REQUIRE(made->images().put(image(text, time)));
    std::vector<std::string> configs;
    const auto listed = made->images().list().value();
    for (const auto& one : listed)
        configs.push_back(one.config);
    CHECK(configs == std::vector{image("new, put later").config, image("new").config,
                                 image("middle").config, image("old").config});
}

TEST_CASE("a tag names one image and moves to another") {
    const TempStore made;
    auto& images = made->images();
    const auto one = image("one");
    const auto two = image("two");
    REQUIRE(images.put(one));
    REQUIRE(images.put(two));
    CHECK_FALSE(images.by_tag(name("app")).value());

    const oci::Descriptor index{.media_type = std::string(oci::media_type::index),
                                .digest = Digest::of("index"),
                                .size = 9};
    REQUIRE(images.tag(name("app"), index, one.id));
    REQUIRE(images.tag(name("app", "v1"), one.manifest, one.id));
    CHECK(same(images.by_tag(name("app")).value().value(), one));
    CHECK_FALSE(images.by_tag(name("app", "v2")).value());

    const auto tags = images.tags().value();
    REQUIRE(tags.size() == 2);
    CHECK(tags[0].name == "docker.io/library/app:latest");
    CHECK(tags[0].target == index);
    CHECK(tags[0].image == one.id);
    CHECK(tags[1].name == "docker.io/library/app:v1");

    REQUIRE(images.tag(name("app"), two.manifest, two.id));
    CHECK(same(images.by_tag(name("app")).value().value(), two));
    CHECK(same(images.by_tag(name("app", "v1")).value().value(), one));
}

TEST_CASE("a tag needs an image") {
    const TempStore made;
    const auto one = image("one");
    const auto tagged = made->images().tag(name("app"), one.manifest, one.id);
    REQUIRE_FALSE(tagged);
    CHECK(tagged.error().code == ErrorCode::not_found);
    CHECK(tagged.error().message.find("app") != std::string::npos);
    CHECK(tag_names(made->images()).empty());
}

TEST_CASE("removing: a tag alone, or an image with all its tags") {
    const TempStore made;
    auto& images = made->images();
    const auto one = image("one");
    const auto two = image("two");
    for (const auto& each : {one, two})
        REQUIRE(images.put(each));
    REQUIRE(images.tag(name("a"), one.manifest, one.id));
    REQUIRE(images.tag(name("b"), one.manifest, one.id));
    REQUIRE(images.tag(name("c"), two.manifest, two.id));

    CHECK(images.untag(name("a")).value());
    CHECK_FALSE(images.untag(name("a")).value());
    CHECK(images.find(one.id).value());

    REQUIRE(images.remove(one.id));
    CHECK_FALSE(images.find(one.id).value());
    CHECK(tag_names(images) == std::vector<std::string>{"docker.io/library/c:latest"});
    CHECK(images.remove(one.id)); // gone is gone
}

TEST_CASE("images are found by the first digits of their id") {
    const TempStore made;
    auto& images = made->images();
    auto low = image("low");
    auto high = image("high");
    low.id = Digest::from_hex("0a0" + std::string(61, '0')).value();
    high.id = Digest::from_hex("0af" + std::string(61, 'f')).value();
    REQUIRE(images.put(low));
    REQUIRE(images.put(high));
    CHECK(same(images.by_prefix("0a0").value().value(), low));
    CHECK(same(images.by_prefix("0aff").value().value(), high));
    CHECK(same(images.by_prefix(high.id.hex()).value().value(), high));
    for (const auto* prefix : {"1", "", "0A", "zz", "latest"})
        CHECK_FALSE(images.by_prefix(prefix).value());
    for (const auto* prefix : {"0", "0a"}) {
        const auto found = images.by_prefix(prefix);
        REQUIRE_FALSE(found);
        CHECK(found.error().code == ErrorCode::invalid);
    }
}

TEST_CASE("builds that tag the same name at once: one of them has it in the end") {
    const TempStore made;
    std::vector<StoredImage> all;
    for (int i = 0; i < 4; ++i) {
        all.push_back(image(std::to_string(i)));
        REQUIRE(made->images().put(all.back()));
    }
    std::atomic<int> failures = 0;
    {
        std::vector<std::jthread> threads;
        for (const auto& one : all)
            threads.emplace_back([&] {
                const auto store = Store::open(made->root()); // a connection of its own
                for (int round = 0; round < 20; ++round)
                    if (!store || !(*store)->images().tag(name("app"), one.manifest, one.id))
                        ++failures;
            });
    }
    CHECK(failures == 0);
    const auto tags = made->images().tags().value();
    REQUIRE(tags.size() == 1);
    const auto owner = made->images().find(tags[0].image).value().value();
    CHECK(tags[0].target == owner.manifest);
}
