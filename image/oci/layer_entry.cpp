#include "image/oci/layer_entry.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace mybuild {

namespace {

/// Index of the first byte that differs, or `size`. Eight bytes at a time: neighbours in a layer
/// share long prefixes, and sorting compares paths millions of times.
std::size_t first_difference(const char* a, const char* b, std::size_t size) {
    static_assert(std::endian::native == std::endian::little);
    std::size_t at = 0;
    for (; at + 8 <= size; at += 8) {
        std::uint64_t left = 0;
        std::uint64_t right = 0;
        std::memcpy(&left, a + at, 8);
        std::memcpy(&right, b + at, 8);
        if (left != right) return at + static_cast<std::size_t>(std::countr_zero(left ^ right)) / 8;
    }
    while (at < size && a[at] == b[at])
        ++at;
    return at;
}

/// Rank of a byte: `/` before all others.
unsigned rank(char byte) {
    return byte == '/' ? 0 : 1U + static_cast<unsigned char>(byte);
}

} // namespace

std::strong_ordering compare_paths(std::string_view a, std::string_view b) {
    const std::size_t common = std::min(a.size(), b.size());
    const std::size_t at = first_difference(a.data(), b.data(), common);
    if (at == common) return a.size() <=> b.size();
    return rank(a[at]) <=> rank(b[at]);
}

std::string_view parent_path(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view base_name(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

} // namespace mybuild
