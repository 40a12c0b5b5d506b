#include "cli/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>

namespace mybuild::cli {
namespace {

constexpr std::size_t min_width = 10, padding = 3;

std::size_t characters(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

std::string human_duration(std::int64_t seconds) {
    const auto minutes = seconds / 60;
    const auto hours = (minutes + 30) / 60; // rounded, as Docker does from hours on
    const auto counted = [](std::int64_t count, const char* unit) {
        return fmt::format("{} {}{}", count, unit, count == 1 ? "" : "s");
    };
    if (seconds < 1) return "Less than a second";
    if (seconds < 60) return counted(seconds, "second");
    if (minutes == 1) return "About a minute";
    if (minutes < 60) return counted(minutes, "minute");
    if (hours == 1) return "About an hour";
    if (hours < 48) return counted(hours, "hour");
    if (hours < 24 * 7 * 2) return counted(hours / 24, "day");
    if (hours < 24 * 30 * 2) return counted(hours / 24 / 7, "week");
    if (hours < 24 * 365 * 2) return counted(hours / 24 / 30, "month");
    return counted(hours / 24 / 365, "year");
}

} // namespace

std::string table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (widths.size() <= i) widths.push_back(min_width);
            widths[i] = std::max(widths[i], characters(row[i]) + padding);
        }
    std::string out;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            out += row[i];
            if (i + 1 < row.size()) out.append(widths[i] - characters(row[i]), ' ');
        }
        out += '\n';
    }
    return out;
}

std::string human_size(std::uint64_t bytes) {
    constexpr std::array units{"B", "kB", "MB", "GB", "TB", "PB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 1000.0 && unit + 1 < units.size(); ++unit)
        value /= 1000.0;
    return fmt::format("{:.3g}{}", value, units[unit]);
}

std::string human_ago(std::int64_t then_ns, std::int64_t now_ns) {
    return human_duration((now_ns - then_ns) / 1'000'000'000) + " ago";
}

std::int64_t parse_time(const std::string& rfc3339) {
    std::tm utc{};
    const char* rest = ::strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
    if (rest == nullptr) return 0;
    std::int64_t ns = 0;
    if (*rest == '.') {
        std::int64_t unit = 100'000'000;
        for (++rest; *rest >= '0' && *rest <= '9'; ++rest, unit /= 10)
            ns += (*rest - '0') * unit;
    }
    return static_cast<std::int64_t>(::timegm(&utc)) * 1'000'000'000 + ns;
}

} // namespace mybuild::cli
