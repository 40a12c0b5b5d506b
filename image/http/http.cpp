#include "image/http/http.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace mybuild {
namespace {

bool read_number(std::string_view text, std::uint64_t& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

} // namespace

std::string lower_ascii(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
    const std::string value(text);
    for (const char* form :
         {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"}) {
        std::tm date{};
        const char* end = ::strptime(value.c_str(), form, &date);
        if (end != nullptr && *end == '\0') return ::timegm(&date);
    }
    return std::nullopt;
}

std::optional<ContentRange> parse_content_range(std::string_view header) {
    constexpr std::string_view unit = "bytes ";
    if (!header.starts_with(unit)) return std::nullopt;
    header.remove_prefix(unit.size());
    const std::size_t dash = header.find('-');
    const std::size_t slash = header.find('/');
    if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash)
        return std::nullopt;
    ContentRange range;
    std::uint64_t last = 0;
    if (!read_number(header.substr(0, dash), range.first) ||
        !read_number(header.substr(dash + 1, slash - dash - 1), last) || last < range.first)
        return std::nullopt;
    const std::string_view total = header.substr(slash + 1);
    if (total == "*") return range;
    std::uint64_t size = 0;
    if (!read_number(total, size) || size <= last) return std::nullopt;
    range.total = size;
    return range;
}

std::string_view HttpResponse::header(std::string_view name) const {
    const std::string wanted = lower_ascii(name);
    for (const HttpHeader& field : headers)
        if (lower_ascii(field.name) == wanted) return field.value;
    return {};
}

} // namespace mybuild
