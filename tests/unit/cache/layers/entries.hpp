#pragma once

#include "cache/layers/listing.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// Entries for tests, and listings made of them.
namespace mybuild::test {

/// For steps of a test that are not what it tests.
inline void must(const Status& status) {
    if (!status) throw std::runtime_error(status.error().message);
}

inline LayerEntry directory(std::string path, std::uint32_t mode = 0755) {
    LayerEntry entry;
    entry.path = std::move(path);
    entry.type = EntryType::directory;
    entry.mode = mode;
    entry.mtime = 1'600'000'000;
    return entry;
}

inline LayerEntry opaque(std::string path) {
    auto entry = directory(std::move(path));
    entry.opaque = true;
    return entry;
}

inline LayerEntry file(std::string path, std::string_view content = "") {
    LayerEntry entry;
    entry.path = std::move(path);
    entry.mode = 0644;
    entry.mtime = 1'600'000'000;
    entry.size = content.size();
    entry.content = Digest::of(content);
    return entry;
}

inline LayerEntry soft_link(std::string path, std::string target) {
    LayerEntry entry;
    entry.path = std::move(path);
    entry.type = EntryType::symlink;
    entry.mode = 0777;
    entry.mtime = 1'600'000'000;
    entry.link = std::move(target);
    return entry;
}

inline LayerEntry hard_link(std::string path, std::string first) {
    auto entry = file(std::move(path));
    entry.type = EntryType::hard_link;
    entry.content = {};
    entry.link = std::move(first);
    return entry;
}

inline LayerEntry whiteout(std::string path) {
    LayerEntry entry;
    entry.path = std::move(path);
    entry.type = EntryType::whiteout;
    return entry;
}

/// Sorts and lists the entries.
inline std::string listing_bytes(std::vector<LayerEntry> entries) {
    std::ranges::sort(
        entries, [](const auto& a, const auto& b) { return compare_paths(a.path, b.path) < 0; });
    ListingBuilder builder;
    for (const auto& entry : entries)
        must(builder.add(entry));
    return builder.finish();
}

inline std::shared_ptr<const Listing> listing(std::vector<LayerEntry> entries) {
    return Listing::from_bytes(listing_bytes(std::move(entries))).value();
}

inline std::vector<LayerEntry> all_entries(const Listing& listing) {
    std::vector<LayerEntry> entries;
    for (std::size_t i = 0; i < listing.size(); ++i)
        entries.push_back(listing.entry(i));
    return entries;
}

} // namespace mybuild::test
