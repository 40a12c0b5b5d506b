#include "cache/layers/listing_cursor.hpp"

#include <algorithm>

namespace mybuild {
namespace {

/// First index from `first` on, up to `limit`, whose path is not at or below `dir`. Gallops: most
/// children are files, and the end is next door.
std::size_t end_of(const Listing& listing, std::size_t first, std::size_t limit,
                   std::string_view dir) {
    std::size_t inside = first;
    std::size_t step = 1;
    while (inside < limit && is_at_or_below(listing.path(inside), dir)) {
        first = inside + 1;
        inside += step;
        step *= 2;
    }
    std::size_t low = first;
    std::size_t high = std::min(inside, limit);
    while (low < high) {
        const auto middle = low + (high - low) / 2;
        if (is_at_or_below(listing.path(middle), dir))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

} // namespace

bool is_at_or_below(std::string_view path, std::string_view dir) {
    if (dir.empty()) return true;
    return path.starts_with(dir) && (path.size() == dir.size() || path[dir.size()] == '/');
}

ListingCursor::ListingCursor(const Listing& listing, std::string_view dir)
    : m_listing(&listing), m_prefix(dir.empty() ? 0 : dir.size() + 1) {
    m_first = listing.lower_bound(dir);
    m_end = end_of(listing, m_first, listing.size(), dir);
    if (m_first < m_end && listing.path(m_first) == dir) ++m_first;
    load();
}

void ListingCursor::load() {
    if (at_end()) return;
    const auto path = m_listing->path(m_first);
    const auto slash = path.find('/', m_prefix);
    m_has_entry = slash == std::string_view::npos;
    m_path = path.substr(0, slash);
    m_name = m_path.substr(m_prefix);
    m_child_end = end_of(*m_listing, m_first, m_end, m_path);
}

} // namespace mybuild
