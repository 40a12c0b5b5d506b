#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mybuild::cli {

/// Columns as Docker's command line lays them out: at least ten wide, three blanks between, the
/// first row being the headings. Ends in a newline.
std::string table(const std::vector<std::vector<std::string>>& rows);

/// `1.23MB`: decimal units, three digits, as Docker's `images` and `history` show sizes.
std::string human_size(std::uint64_t bytes);

/// `2 hours ago`, as Docker words it; both in ns since 1970.
std::string human_ago(std::int64_t then_ns, std::int64_t now_ns);

/// ns since 1970 of an RFC 3339 time; text that is none: 0.
std::int64_t parse_time(const std::string& rfc3339);

} // namespace mybuild::cli
