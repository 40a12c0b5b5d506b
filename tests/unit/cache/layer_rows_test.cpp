#include "cache/layer_rows.hpp"
#include "support.hpp"

#include <algorithm>

using namespace mybuild;
using namespace mybuild::test;

namespace {

Digest digest(std::string_view text) {
    return Digest::of(text);
}

LayerRow layer(const std::string& chain, const std::optional<Digest>& parent,
               const std::string& diff, const std::string& content) {
    return {.chain_id = digest(chain),
            .parent_chain = parent,
            .diff_id = digest(diff),
            .content_id = digest(content),
            .listing = "l" + chain};
}

bool same(const LayerRow& a, const LayerRow& b) {
    return a.chain_id == b.chain_id && a.parent_chain == b.parent_chain && a.diff_id == b.diff_id &&
           a.content_id == b.content_id && a.listing == b.listing && a.tree == b.tree &&
           a.tree_boot == b.tree_boot && a.tree_synced == b.tree_synced && a.archive == b.archive &&
           a.tar_size == b.tar_size && a.file_bytes == b.file_bytes;
}

} // namespace

TEST_CASE("a layer comes back as it was put, and putting it again changes it") {
    const TempStore made;
    auto& rows = made->layer_rows();
    auto row = layer("chain", digest("parent"), "diff", "content");
    CHECK_FALSE(rows.find(row.chain_id).value());
    REQUIRE(rows.put(row));
    CHECK(same(rows.find(row.chain_id).value().value(), row));
    row.tree = "t1";
    row.tree_boot = "8c2f";
    row.tree_synced = true;
    row.archive = "a1";
    row.tar_size = 1ULL << 40U;
    row.file_bytes = 12;
    row.parent_chain.reset();
    REQUIRE(rows.put(row));
    CHECK(same(rows.find(row.chain_id).value().value(), row));
    CHECK(rows.list().value().size() == 1);
}

TEST_CASE("layers by content: on this parent, the oldest") {
    const TempStore made;
    auto& rows = made->layer_rows();
    const auto parent = digest("parent");
    const auto bottom = layer("1", std::nullopt, "d1", "same");
    auto first = layer("2", parent, "d2", "same");
    const auto second = layer("3", parent, "d3", "same");
    for (const auto& row : {bottom, first, second})
        REQUIRE(rows.put(row));
    first.tree = "unpacked later"; // does not make it younger
    REQUIRE(rows.put(first));

    CHECK(rows.by_content(std::nullopt, digest("same")).value()->chain_id == bottom.chain_id);
    CHECK(rows.by_content(parent, digest("same")).value()->chain_id == first.chain_id);
    CHECK_FALSE(rows.by_content(digest("other"), digest("same")).value());
    CHECK_FALSE(rows.by_content(parent, digest("other")).value());

    REQUIRE(rows.remove(first.chain_id));
    CHECK(rows.by_content(parent, digest("same")).value()->chain_id == second.chain_id);
    CHECK_FALSE(rows.find(first.chain_id).value());
    CHECK(rows.remove(first.chain_id));
}

TEST_CASE("layers by diff id, on whatever parent") {
    const TempStore made;
    auto& rows = made->layer_rows();
    REQUIRE(rows.put(layer("1", std::nullopt, "same", "c")));
    REQUIRE(rows.put(layer("2", digest("parent"), "same", "c")));
    REQUIRE(rows.put(layer("3", std::nullopt, "other", "c")));
    CHECK(rows.by_diff_id(digest("same")).value().size() == 2);
    CHECK(rows.by_diff_id(digest("other")).value().front().chain_id == digest("3"));
    CHECK(rows.by_diff_id(digest("none")).value().empty());
}

TEST_CASE("compressed forms of a layer") {
    const TempStore made;
    auto& rows = made->layer_rows();
    const oci::Descriptor gzip{.media_type = std::string(oci::media_type::layer_gzip),
                               .digest = digest("gzip"),
                               .size = 10};
    oci::Descriptor zstd{.media_type = std::string(oci::media_type::layer_zstd),
                         .digest = digest("zstd"),
                         .size = 9,
                         .annotations = {{"k", "v"}}};
    auto docker = gzip; // the same bytes under Docker's name
    docker.media_type = oci::media_type::docker_layer_gzip;
    CHECK(rows.blobs_of(digest("diff")).value().empty());
    for (const auto& blob : {gzip, zstd, docker, gzip})
        REQUIRE(rows.add_blob(digest("diff"), blob));
    zstd.annotations.clear();
    REQUIRE(rows.add_blob(digest("diff"), zstd));

    const auto blobs = rows.blobs_of(digest("diff")).value();
    CHECK(blobs.size() == 3);
    for (const auto& blob : {gzip, zstd, docker})
        CHECK(std::ranges::find(blobs, blob) != blobs.end());
    CHECK(rows.blobs_of(digest("other diff")).value().empty());
}
