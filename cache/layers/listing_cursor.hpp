#pragma once

#include "cache/layers/listing.hpp"

#include <cstddef>
#include <string_view>

namespace mybuild {

/// True for `dir` itself and everything in it; everything is below "".
[[nodiscard]] bool is_at_or_below(std::string_view path, std::string_view dir);

/// The direct children that a listing gives a directory, in order. A child may have no entry of its
/// own, but only entries below it: then it is an implied directory.
class ListingCursor {
  public:
    ListingCursor(const Listing& listing, std::string_view dir);

    [[nodiscard]] bool at_end() const { return m_first == m_end; }
    void next() {
        m_first = m_child_end;
        load();
    }

    // Of the current child:
    [[nodiscard]] std::string_view name() const { return m_name; }
    [[nodiscard]] std::string_view path() const { return m_path; }
    [[nodiscard]] bool has_entry() const { return m_has_entry; }
    /// Its own entry if it has one, else the first entry below it.
    [[nodiscard]] std::size_t index() const { return m_first; }
    [[nodiscard]] bool is_whiteout() const {
        return m_has_entry && m_listing->type(m_first) == EntryType::whiteout;
    }
    /// Directory, or implied to be one.
    [[nodiscard]] bool is_directory() const {
        return !m_has_entry || m_listing->type(m_first) == EntryType::directory;
    }

  private:
    void load();

    const Listing* m_listing;
    std::size_t m_prefix; // bytes of the directory's path and its slash
    std::size_t m_first = 0;
    std::size_t m_end = 0;
    std::size_t m_child_end = 0;
    std::string_view m_name;
    std::string_view m_path;
    bool m_has_entry = false;
};

} // namespace mybuild
