#include "cache/layers/listing_format.hpp"

#include <limits>

namespace mybuild::listing_format {

std::uint64_t checksum(std::string_view bytes) {
    // Four lanes keep the multiplier busy. Each step is a bijection of the lane for a fixed word
    // and of the word for a fixed lane, so one changed word cannot go unnoticed.
    constexpr std::uint64_t prime = 0x9E3779B97F4A7C15ULL;
    std::array<std::uint64_t, 4> lanes = {1, 2, 3, 4};
    const auto mix = [](std::uint64_t lane, std::uint64_t word) {
        return std::rotl(lane ^ word, 29) * prime;
    };
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 32; left -= 32, at += 32) {
        std::array<std::uint64_t, 4> words{};
        std::memcpy(words.data(), at, 32);
        for (std::size_t i = 0; i < 4; ++i)
            lanes[i] = mix(lanes[i], words[i]);
    }
    std::array<std::uint64_t, 4> rest{};
    if (left > 0) std::memcpy(rest.data(), at, left);
    std::uint64_t sum = bytes.size();
    for (std::size_t i = 0; i < 4; ++i)
        sum = mix(sum, mix(lanes[i], rest[i]));
    return sum ^ (sum >> 32U);
}

bool is_clean_path(std::string_view path) {
    if (path.find('\0') != std::string_view::npos) return false;
    while (true) {
        const auto part = path.substr(0, path.find('/'));
        if (part.empty() || part == "." || part == "..") return false;
        if (part.size() == path.size()) return true;
        path.remove_prefix(part.size() + 1);
    }
}

std::string_view entry_problem(const LayerEntry& entry) {
    constexpr auto max = std::numeric_limits<std::uint16_t>::max();
    if (!is_clean_path(entry.path)) return "its path is not clean";
    if (entry.path.size() > max || entry.link.size() > max) return "its path or link is too long";
    if (entry.type > EntryType::whiteout) return "its type is unknown";
    if (entry.mode > 07777) return "its mode has other bits than permissions";
    if (entry.opaque && entry.type != EntryType::directory) return "only directories can be opaque";
    if (entry.type == EntryType::hard_link && !is_clean_path(entry.link))
        return "its link's path is not clean";
    if (entry.size != 0 && entry.type != EntryType::file) return "only files have a size";
    for (std::size_t i = 1; i < entry.xattrs.size(); ++i)
        if (entry.xattrs[i - 1].name >= entry.xattrs[i].name) return "its xattrs are not sorted";
    return {};
}

} // namespace mybuild::listing_format
