#include "image/http/http.hpp"

#include <algorithm>
#include <ctime>

namespace mybuild {

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

std::string_view HttpResponse::header(std::string_view name) const {
    const std::string wanted = lower_ascii(name);
    for (const HttpHeader& field : headers)
        if (lower_ascii(field.name) == wanted) return field.value;
    return {};
}

} // namespace mybuild
